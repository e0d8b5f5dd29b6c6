/** Who is missing among the voters: a fleet is never cut while one of them is silent. Unknown is not zero. */

import type { Seen } from './model.js';
import type { Policy } from './policy.js';
import type { Reason } from './reasons.js';
import { freshSample } from './threat.js';

/** A voter that spoke within this time still has its seat. */
const SEAT_MS = 86_400_000;
/** So few requests a minute may well leave no latency to report. */
const QUIET_REQUESTS = 5;

export type Silence =
  | { code: 'stale'; ageSeconds: number }
  | { code: 'missing'; what: string; peer: string; why: string };

/** What keeps this decision from trusting a lower need; null when everybody has spoken. */
export function silence(seen: Seen, policy: Policy): Silence | null {
  const failed = seen.missing.find((one) => one.what !== 'workers');
  if (failed !== undefined) {
    return { code: 'missing', what: failed.what, peer: failed.peer, why: failed.why };
  }
  const sample = freshSample(seen, policy);
  if (sample === null) {
    const at = seen.sample?.at ?? seen.memory.lastAt;
    if (at == null) return gone('demand', seen);
    return { code: 'stale', ageSeconds: Math.round((seen.now - at) / 1_000) };
  }
  const { lastKnown } = seen.memory;
  const spoke = (at: number | null): boolean => at !== null && seen.now - at <= SEAT_MS;
  if (sample.requestsPerSecond === null) return gone('demand', seen);
  if (sample.backlog === null && spoke(lastKnown.backlog)) return gone('backlog', seen);
  if (
    sample.p95Seconds === null &&
    spoke(lastKnown.p95Seconds) &&
    sample.requestsPerSecond * 60 > QUIET_REQUESTS
  ) {
    return gone('latency', seen);
  }
  if (sample.saturation == null && spoke(lastKnown.saturation)) return gone('saturation', seen);
  return null;
}

type Voter = 'demand' | 'backlog' | 'latency' | 'saturation';

function gone(what: Voter, { sources }: Seen): Silence {
  const peer = sources?.[what === 'backlog' ? 'demand' : what] ?? 'metrics';
  return { code: 'missing', what, peer, why: 'no-data' };
}

export type SilenceReason = Extract<Reason, { code: 'hold-metrics-missing' | 'hold-metrics-stale' }>;

/** The reason of a count that was kept because of a silent voter. */
export function silenceReason(silent: Silence, wanted: number, kept: number): SilenceReason {
  return silent.code === 'stale'
    ? { code: 'hold-metrics-stale', wanted, kept, ageSeconds: silent.ageSeconds }
    : {
        code: 'hold-metrics-missing',
        wanted,
        kept,
        what: silent.what,
        peer: silent.peer,
        why: silent.why,
      };
}
