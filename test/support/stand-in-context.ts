import type { Call, FaultKind, FaultTarget, WorldContext } from '../../src/sandbox/context.js';

export interface TestContext extends WorldContext {
  calls: Call[];
  /** Time of the Muster clock; tests move it. */
  now: number;
  /** The open fault of each target; null for none. */
  set(target: FaultTarget, kind: FaultKind | null): void;
}

/** A world's context whose time stands still until a test moves it. */
export function aContext(now: number): TestContext {
  const faults = new Map<FaultTarget, FaultKind>();
  const context: TestContext = {
    calls: [],
    now,
    clock: {
      now: () => context.now,
      speed: 1,
      sleep: () => Promise.resolve(),
    },
    fault: (target) => {
      const kind = faults.get(target);
      return kind === undefined ? null : { id: 'fault', target, kind, until: context.now + 3_600_000 };
    },
    record: (call) => {
      context.calls.push({ at: context.now, ...call });
    },
    set: (target, kind) => {
      if (kind === null) faults.delete(target);
      else faults.set(target, kind);
    },
  };
  return context;
}
