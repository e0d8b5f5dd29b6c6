import type { ClusterSpec } from '../../src/simulation/cluster.js';
import { createCluster } from '../../src/simulation/cluster.js';
import {
  createSimulatedNodeGroups,
  createSimulatedOrchestrator,
  type FaultHook,
} from '../../src/simulation/orchestrator.js';
import { nodeGroupsContract } from '../contracts/node-groups.js';
import { orchestratorContract } from '../contracts/orchestrator.js';

orchestratorContract('simulated twin', async (spec) => {
  const world = aWorld(spec);
  return { ...world, orchestrator: createSimulatedOrchestrator(world) };
});

nodeGroupsContract('simulated twin', async (spec) => {
  const world = aWorld(spec);
  return { ...world, groups: createSimulatedNodeGroups(world) };
});

function aWorld(spec: ClusterSpec) {
  const cluster = createCluster(spec);
  let lose = false;
  const fault: FaultHook = async (call) => {
    if (!lose || !['scale', 'drain', 'grow', 'remove'].includes(call.method)) return 'pass';
    lose = false;
    return 'lose-answer';
  };
  return {
    cluster,
    fault,
    pass: (seconds: number) => cluster.advance(cluster.now + seconds * 1000),
    loseNextAnswer: () => {
      lose = true;
    },
    close: async () => {},
  };
}
