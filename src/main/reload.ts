/**
 * SIGHUP: muster.yml is read again. A good one is taken at once, with what changed in the audit; a bad one changes nothing
 * and says why. Addresses and secrets are the process's own: a file that needs other peers needs a new start.
 */
import type { Config } from '../config.js';
import { type Difference, differences } from '../core/difference.js';
import { OperatorError } from '../errors.js';
import type { Clock, Log, Store } from '../ports.js';
import { secretsOf } from './secrets.js';

const MUSTER = { id: 'muster', name: 'Muster' };
const PEERS = ['slack', 'pagerduty', 'nomad', 'rabbitmq', 'prometheus', 'gce'] as const;

export async function reload(
  current: Config,
  read: () => Config,
  parts: {
    store: Pick<Store, 'appendAudit'>;
    clock: Clock;
    log: Log & { hide(secrets: string[]): void };
    take(next: Config): Promise<void>;
  },
): Promise<Config> {
  const { store, clock, log } = parts;
  const entry = { at: clock.now(), by: MUSTER, fleet: null };
  try {
    const file = read();
    log.hide(secretsOf(file));
    const next = within(current, file);
    const changed = [...differences(shown(current), shown(next)), ...newKeys(current, next)];
    if (changed.length === 0) {
      log.info({}, 'muster.yml was read again; nothing in it has changed');
      return current;
    }
    // Written first: what is not in the audit is not in force.
    const lines = changed.map(({ place, from, to }) => `${place}: ${from} → ${to}`);
    await store.appendAudit({ ...entry, action: 'configuration', detail: { changed: lines.slice(0, 100) } });
    await parts.take(next);
    log.info({ changed: lines.slice(0, 100) }, 'muster.yml was read again and is in force');
    return next;
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unknown';
    log.error({ why }, 'muster.yml was read again and refused; the old one stays in force');
    if (error instanceof OperatorError) {
      const detail = { why: why.slice(0, 2_000) };
      await store.appendAudit({ ...entry, action: 'configuration-refused', detail }).catch(() => undefined);
    }
    return current;
  }
}

/** The new file under the running process: what it was started with stays. */
function within(current: Config, next: Config): Config {
  const missing = PEERS.filter((peer) => current[peer] === null && next[peer] !== null);
  if (missing.length > 0) {
    throw new OperatorError(
      'bad-configuration',
      `It needs ${missing.join(', ')}, which this process was started without: start it again.`,
    );
  }
  for (const name of ['environment', 'command'] as const) {
    if (current[name] === next[name]) continue;
    throw new OperatorError('bad-configuration', `${name} cannot change while the bot runs: start it again.`);
  }
  const { fleets, channel, maxOverrideSeconds, access, digest } = next;
  return { ...current, fleets, channel, maxOverrideSeconds, access, digest };
}

/** A fleet's routing key is told to have changed, and never shown. */
function newKeys(current: Config, next: Config): Difference[] {
  return next.fleets.flatMap(({ name, pagerdutyRoutingKey: to }) => {
    const from = current.fleets.find((fleet) => fleet.name === name)?.pagerdutyRoutingKey ?? null;
    if (from === to) return [];
    return [
      {
        place: `fleets.${name}.pagerdutyRoutingKey`,
        from: from === null ? 'nothing' : 'a key',
        to: to === null ? 'nothing' : from === null ? 'a key' : 'another key',
      },
    ];
  });
}

/** What people may read: no address, no key. */
function shown({ fleets, channel, maxOverrideSeconds, access, digest }: Config): unknown {
  return {
    channel,
    maxOverrideSeconds,
    access,
    digest,
    fleets: Object.fromEntries(
      fleets.map(({ name, pagerdutyRoutingKey: _secret, ...fleet }) => [name, fleet]),
    ),
  };
}
