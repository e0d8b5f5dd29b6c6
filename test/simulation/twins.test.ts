import type { ClusterSpec } from '../../src/simulation/cluster.js';
import { createCluster } from '../../src/simulation/cluster.js';
import { createSimulatedNodeGroups, createSimulatedOrchestrator } from '../../src/simulation/orchestrator.js';
import { createSimulatedRollouts } from '../../src/simulation/rollouts.js';
import { createSimulatedHealth } from '../../src/simulation/worker-health.js';
import { deploymentContract } from '../contracts/deployment.js';
import { nodeGroupsContract } from '../contracts/node-groups.js';
import { orchestratorContract } from '../contracts/orchestrator.js';
import { type RolloutStage, rolloutContract, simulatedTime } from '../contracts/rollout.js';
import { workerHealthContract } from '../contracts/worker-health.js';

orchestratorContract('simulated twin', async (spec) => {
  const world = aWorld(spec);
  return { ...world, orchestrator: createSimulatedOrchestrator(world) };
});

const openRollouts = async (spec: ClusterSpec): Promise<RolloutStage> => {
  const world = aWorld(spec);
  const { fault } = world;
  return {
    ...world,
    orchestrator: createSimulatedOrchestrator(world),
    rollouts: createSimulatedRollouts({ cluster: world.cluster, fault: (call) => fault(call) }),
    ...simulatedTime(world),
  };
};
rolloutContract('simulated twin', openRollouts);
deploymentContract('simulated twin', openRollouts);

workerHealthContract('simulated twin', async (spec) => {
  const world = aWorld(spec);
  return { ...world, health: createSimulatedHealth({ cluster: world.cluster }) };
});

nodeGroupsContract('simulated twin', async (spec) => {
  const world = aWorld(spec);
  return { ...world, groups: createSimulatedNodeGroups(world) };
});

const CHANGING = new Set(['scale', 'drain', 'grow', 'remove', 'update', 'prepull', 'promote', 'revert']);

function aWorld(spec: ClusterSpec) {
  const cluster = createCluster(spec);
  let lose = false;
  const fault = async (call: { method: string }): Promise<'pass' | 'lose-answer'> => {
    if (!lose || !CHANGING.has(call.method)) return 'pass';
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
