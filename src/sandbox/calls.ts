/** Every mutating request that a stand-in received, the newest few thousand: what shows that no action was doubled. */
import type { Millis } from '../core/model.js';
import type { Call } from './context.js';

const KEPT = 5_000;

export interface Calls {
  record(call: Omit<Call, 'at'>): void;
  all(): Call[];
}

export function createCalls(now: () => Millis, saved: Call[] = []): Calls {
  let calls = saved.slice(-KEPT);
  return {
    record: (call) => {
      calls.push({ at: now(), ...call });
      // Trimmed now and then, not at each call, so that a busy world does not copy the list all the time.
      if (calls.length > KEPT * 1.2) calls = calls.slice(-KEPT);
    },
    all: () => calls.slice(-KEPT),
  };
}
