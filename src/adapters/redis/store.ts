import type { Log, Store } from '../../ports.js';
import { createAudit } from './audit.js';
import { connect } from './connection.js';
import { createDecisions } from './decisions.js';
import { createIntents } from './intents.js';
import { createLeases } from './lease.js';
import { createMachines } from './machines.js';
import { createOutbox } from './outbox.js';
import { createSamples } from './samples.js';

export interface RedisStoreOptions {
  /** redis://, rediss://, unix:// or the path of a unix socket; may hold a password. */
  url: string;
  log: Log;
  /**
   * Takes audit entries that leave the store (older than 90 days, or too many), as JSON lines, oldest first. They leave
   * when it resolved; a crash in between hands them over again. Default: each line goes to the log.
   */
  exportAudit?: (lines: string[]) => Promise<void>;
  /** How long to wait for the first connection, machine time; 5 s when absent. */
  firstConnectionMs?: number;
  /** How long to wait for an answer, machine time; 1.5 s when absent. */
  answerMs?: number;
}

/**
 * The Store over Redis (7 or newer, append-only, maxmemory-policy noeviction). One connection; each change is one Lua
 * script, so one transaction and one round trip. Throws OutsideError('redis') only, within two seconds, also here when
 * the first connection does not come in time; afterwards it reconnects by itself.
 */
export async function createRedisStore(
  options: RedisStoreOptions,
): Promise<Store & { close(): Promise<void>; time(): Promise<number> }> {
  const { url, log } = options;
  const { firstConnectionMs: firstMs = 5_000, answerMs = 1_500 } = options;
  const link = await connect(url, log, { firstMs, answerMs });
  const audit = createAudit(link, options.exportAudit ?? toLog(log));
  return {
    ...createDecisions(link, audit),
    ...createSamples(link),
    ...createIntents(link, audit),
    ...createMachines(link, audit),
    ...createOutbox(link),
    ...createLeases(link),
    audit: audit.audit,
    verifyAudit: audit.verifyAudit,
    appendAudit: audit.appendAudit,
    ping: link.ping,
    time: link.time,
    close: link.close,
  };
}

const toLog = (log: Log) => async (lines: string[]) => {
  for (const entry of lines) log.info({ entry }, 'An audit entry leaves the store');
};
