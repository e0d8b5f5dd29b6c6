/** What `doctor` looks at outside: each peer by its own adapter, all at once. */
import { checkNomad } from '../adapters/nomad/check.js';
import { checkRedis } from '../adapters/redis/check.js';
import { checkSlack } from '../adapters/slack/check.js';
import type { Config } from '../config.js';
import { OutsideError } from '../errors.js';
import type { CheckResult, Checks, Log, OnCall } from '../ports.js';

export function createChecks(parts: { config(): Config; onCall: OnCall | null; log: Log }): Checks {
  return {
    async run() {
      const config = parts.config();
      const all = await Promise.all([
        guarded('Slack', slack(config, parts.log)),
        guarded('Redis', checkRedis(config.redis.url, parts.log)),
        guarded('Nomad', nomad(config)),
        guarded('PagerDuty', pagerduty(config, parts.onCall)),
      ]);
      return all.flat();
    },
  };
}

async function slack(config: Config, log: Log): Promise<CheckResult[]> {
  if (config.slack === null)
    return [{ what: 'Slack', ok: true, detail: 'not configured: nothing is posted' }];
  const channels = [config.channel, ...config.fleets.map(({ channel }) => channel)];
  return checkSlack({ config: config.slack, timeoutMs: config.peerTimeoutMs, log }, channels);
}

async function nomad(config: Config): Promise<CheckResult[]> {
  if (config.nomad === null) return [];
  const targets = config.fleets.map(({ orchestrator }) => orchestrator);
  const auto = config.fleets.flatMap(({ remedies }) => remedies?.auto ?? []);
  const readsFiles = config.fleets.some(({ health }) => health?.kind === 'file');
  const reached = { ...config.nomad, timeoutMs: config.peerTimeoutMs };
  const found = await checkNomad(reached, targets, { auto, readsFiles });
  return found.map(({ what, ok, detail, optional }) => ({
    what: `Nomad: ${what}`,
    ok,
    detail,
    optional,
    ...(ok ? {} : { fix: fixOf(detail) }),
  }));
}

const fixOf = (detail: string): string =>
  detail.includes('lacks')
    ? 'Add it to the ACL policy of NOMAD_TOKEN (docs/CONFIGURATION.md names them all).'
    : 'Look at NOMAD_ADDR, and at the jobs and groups that muster.yml names.';

async function pagerduty(config: Config, onCall: OnCall | null): Promise<CheckResult[]> {
  const events = 'PagerDuty: events';
  if (config.pagerduty === null) {
    const fix = 'Set PAGERDUTY_ROUTING_KEY, so that alerts wake somebody when Slack is down.';
    return [{ what: events, ok: false, optional: true, detail: 'not configured: nobody is paged', fix }];
  }
  const checks = [{ what: events, ...routingKeys(config.fleets, config.pagerduty.routingKey) }];
  const what = 'PagerDuty: on call';
  if (onCall === null) {
    const fix = 'Set PAGERDUTY_TOKEN (read only is enough) to give whoever is on call a role.';
    return [...checks, { what, ok: false, optional: true, detail: 'the rota is not asked', fix }];
  }
  try {
    const names = (await onCall.now(null)).map(({ name }) => name);
    const fix =
      'Name each fleet’s pagerduty.escalationPolicy in muster.yml, and look at who is on its schedule.';
    return [
      ...checks,
      names.length === 0
        ? { what, ok: false, optional: true, detail: 'nobody is on call now', fix }
        : { what, ok: true, detail: names.join(', ') },
    ];
  } catch (error) {
    const detail = error instanceof OutsideError ? error.message : 'it cannot be asked';
    return [...checks, { what, ok: false, detail, fix: 'Look at PAGERDUTY_TOKEN and at the network.' }];
  }
}

/** A fleet without a key of its own goes by the default one. */
export function routingKeys(
  fleets: Pick<Config['fleets'][number], 'name' | 'pagerdutyRoutingKey'>[],
  fallback: string | null,
): Omit<CheckResult, 'what'> {
  const without = fleets.filter((each) => each.pagerdutyRoutingKey === null).map(({ name }) => name);
  if (fallback !== null) return { ok: true, detail: 'each fleet has a routing key' };
  if (without.length === 0) {
    return { ok: true, detail: 'each fleet has a routing key of its own; there is none for other fleets' };
  }
  const detail = `nobody is paged about ${without.join(', ')}: no routing key`;
  const fix = 'Set PAGERDUTY_ROUTING_KEY, or pagerdutyRoutingKeyFrom of each of these fleets.';
  return { ok: false, detail, fix };
}

async function guarded(what: string, checks: Promise<CheckResult[]>): Promise<CheckResult[]> {
  try {
    return await checks;
  } catch (error) {
    const detail = error instanceof OutsideError ? error.message : 'the check itself failed';
    return [{ what, ok: false, detail, fix: 'Look into the log of the bot.' }];
  }
}
