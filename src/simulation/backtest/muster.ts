/** Muster itself: the production engine, one sample a minute, as `muster decide` is asked. */
import { createEngine } from '../../core/engine.js';
import type { Policy } from '../../core/policy.js';
import type { Scaler } from './scaler.js';

export function muster(policy: Policy): Scaler {
  const engine = createEngine(policy, 'backtest');
  return {
    name: `muster/${policy.preset}`,
    everySeconds: 60,
    first: null,
    look({ at, requestsPerSecond, backlog, oldestAgeSeconds, p95Seconds, ready, starting }) {
      // What a gap of the trace leaves unknown, a source that has failed would leave unknown too.
      const known = requestsPerSecond !== null;
      // A real queue holds whole messages: the model's expectation of a part of one is none.
      const waiting = Math.round(backlog);
      const answer = engine.observe({
        at,
        requestsPerSecond,
        backlog: known ? waiting : null,
        oldestAgeSeconds: !known ? null : waiting > 0 ? oldestAgeSeconds : 0,
        p95Seconds: known ? p95Seconds() : null,
        ready,
        starting,
      });
      return answer.desired;
    },
  };
}
