/** A simulated world with a clock that only the test moves, and what stand-ins need of it. */
import type { Call, Fault, FaultKind, FaultTarget, WorldContext } from '../../src/sandbox/context.js';
import { type Cluster, type ClusterSpec, createCluster } from '../../src/simulation/cluster.js';

export interface World {
  cluster: Cluster;
  context: WorldContext;
  calls: Call[];
  pass(seconds: number): void;
  setFault(target: FaultTarget, kind: FaultKind | null): void;
  loseNextAnswer(): void;
  /** For a stand-in's option of the same name. */
  loseAnswer(): boolean;
}

export function aWorld(spec: ClusterSpec): World {
  const cluster = createCluster(spec);
  const calls: Call[] = [];
  let now = spec.start;
  let fault: Fault | null = null;
  let lose = false;
  const clock = {
    now: () => now,
    speed: 1,
    sleep: async () => {},
  };
  return {
    cluster,
    calls,
    context: {
      clock,
      fault: (target) => (fault?.target === target ? fault : null),
      record: (call) => calls.push({ at: now, ...call }),
    },
    pass(seconds) {
      now += seconds * 1000;
      cluster.advance(now);
    },
    setFault(target, kind) {
      fault = kind === null ? null : { id: 'f-1', target, kind, until: now + 3_600_000 };
    },
    loseNextAnswer() {
      lose = true;
    },
    loseAnswer() {
      const was = lose;
      lose = false;
      return was;
    },
  };
}
