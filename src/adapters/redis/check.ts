/** What `doctor` asks of Redis: is it there, does it survive its own crash, does it never forget to make room, does it keep the same time. */
import type { CheckResult, Log } from '../../ports.js';
import { millisOf, openRedis } from './connection.js';
import { redisError } from './errors.js';

/** So far may this machine's clock be off Redis's. */
const SKEW_MS = 5_000;

export async function checkRedis(url: string, log: Log, machineNow = Date.now): Promise<CheckResult[]> {
  const redis = openRedis(url, { lazyConnect: true, enableOfflineQueue: false, retryStrategy: () => null });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    const facts = new Map(
      (await redis.info())
        .split('\r\n')
        .map((line) => line.split(':'))
        .flatMap(([name, value]): [string, string][] => (name && value !== undefined ? [[name, value]] : [])),
    );
    const before = machineNow();
    const there = millisOf(await redis.time());
    return [...judged(facts), clockOf(there < before ? before - there : Math.min(0, machineNow() - there))];
  } catch (error) {
    const { message } = redisError('ask what it is', error);
    log.debug({ peer: 'redis' }, message);
    const fix = 'Start Redis, or set REDIS_URL. Until then nothing is decided and nothing can be changed.';
    return [{ what: 'Redis', ok: false, detail: message, fix }];
  } finally {
    redis.disconnect();
  }
}

/** All replicas go by Redis's clock: one that is a minute off does nothing. */
function clockOf(skewMs: number): CheckResult {
  const seconds = Math.round(Math.abs(skewMs) / 1_000);
  const isWell = Math.abs(skewMs) <= SKEW_MS;
  return {
    what: 'Redis: clock',
    ok: isWell,
    detail: isWell
      ? 'this machine’s clock agrees'
      : `this machine’s clock is ${seconds} s ${skewMs > 0 ? 'ahead' : 'behind'}`,
    ...(isWell
      ? {}
      : { fix: 'Let both machines keep time (NTP, chrony). More than 60 s off, Muster does nothing here.' }),
  };
}

function judged(facts: Map<string, string>): CheckResult[] {
  const version = facts.get('redis_version') ?? 'unknown';
  const isNew = Number(version.split('.')[0]) >= 7;
  const keeps = facts.get('aof_enabled') === '1';
  const writes =
    facts.get('aof_last_write_status') !== 'err' && facts.get('aof_last_bgrewrite_status') !== 'err';
  const policy = facts.get('maxmemory_policy') ?? 'noeviction';
  return [
    {
      what: 'Redis: version',
      ok: isNew,
      detail: version,
      ...(isNew ? {} : { fix: 'Muster and BullMQ need Redis 7 or newer.' }),
    },
    {
      what: 'Redis: persistence',
      ok: keeps && writes,
      detail: !keeps ? 'appendonly is off' : writes ? 'appendonly is on' : 'the last write to disk failed',
      ...(keeps && writes
        ? {}
        : {
            fix: 'Set appendonly yes and look at the disk: overrides, freezes and the audit are lost with a crash.',
          }),
    },
    {
      what: 'Redis: memory',
      ok: policy === 'noeviction',
      detail: `maxmemory-policy is ${policy}`,
      ...(policy === 'noeviction'
        ? {}
        : {
            fix: 'Set maxmemory-policy noeviction: anything else forgets jobs and overrides under pressure.',
          }),
    },
  ];
}
