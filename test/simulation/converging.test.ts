/**
 * The whole way from a desired state to the world, over hours of raises and cuts: core/converge says what, perform does it,
 * the twin or the adapters over their stand-ins carry it out.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createGceNodeGroups } from '../../src/adapters/gce/node-groups.js';
import { nextSteps } from '../../src/core/converge.js';
import type { DesiredState } from '../../src/core/model.js';
import { type Hands, perform } from '../../src/perform.js';
import type { NodeGroupsReader } from '../../src/ports.js';
import { createGceStandIn } from '../../src/sandbox/gce/stand-in.js';
import type { Cluster } from '../../src/simulation/cluster.js';
import { createSimulatedNodeGroups, createSimulatedOrchestrator } from '../../src/simulation/orchestrator.js';
import { aNomad } from '../adapters/nomad/stage.js';
import { groupsTarget } from '../contracts/node-groups.js';
import { aSpec, targetOf } from '../contracts/orchestrator.js';
import { aWorld } from '../sandbox/stage.js';
import { aFleet } from '../support/fleet.js';

type World = Hands & { nodeGroups: NodeGroupsReader; cluster: Cluster; pass(seconds: number): void };

const STEP_SECONDS = 10;
const CYCLE_SECONDS = 1200;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** A wave of a few hours with a jag in it. */
const wave = (cycle: number) =>
  Math.max(2, Math.round(30 + 25 * Math.sin(cycle / 6) + ((cycle * 7) % 9) - 4));

describe('converging', () => {
  for (const workersPerAllocation of [1, 2, 4]) {
    it(`every cycle ends in time, on just enough nodes (${workersPerAllocation} workers an allocation, twin)`, async () => {
      const spec = aSpec({ workersPerAllocation, maxNodesPerZone: 30, scaling: null });
      const world = aWorld(spec);
      await follow(spec, 60, {
        ...world,
        orchestrator: createSimulatedOrchestrator(world),
        nodeGroups: createSimulatedNodeGroups(world),
        log: quiet,
      });
    });
  }

  it('the same over the wire: Nomad and instance groups', async () => {
    const spec = aSpec({ maxNodesPerZone: 30, scaling: null });
    const nomad = await aNomad(spec, { profile: '1.1' });
    const gce = await createGceStandIn(nomad);
    const nodeGroups = createGceNodeGroups({ apiUrl: gce.url, token: 't', timeoutMs: 5000 });
    try {
      await follow(spec, 12, { ...nomad, nodeGroups, log: quiet });
      const refused = nomad.calls.filter((one) => one.status >= 400);
      assert.deepEqual(refused, []);
      assert.ok(nomad.calls.every((one) => one.decisionId !== null));
    } finally {
      await nomad.close();
      await gce.close();
    }
  });
});

async function follow(spec: ReturnType<typeof aSpec>, cycles: number, world: World): Promise<void> {
  const { slotsPerNode, workersPerAllocation } = spec.fleets[0]!;
  const fleet = {
    ...aFleet('face-match', { slotsPerNode, workersPerAllocation, startupSeconds: 180 }),
    orchestrator: targetOf(spec),
    nodeGroups: groupsTarget,
  };
  for (let cycle = 0; cycle < cycles; cycle += 1) {
    const workers = wave(cycle);
    const desired: DesiredState = {
      v: 1,
      fleet: fleet.name,
      decisionId: `d-${cycle}`,
      at: world.cluster.now,
      placement: [
        { zone: 'a', workers: Math.ceil(workers / 2) },
        { zone: 'b', workers: Math.floor(workers / 2) },
      ],
      from: 0,
      status: 'planned',
      note: null,
      actedAt: world.cluster.now,
    };
    let seconds = 0;
    while (!(await step(desired, fleet, world))) {
      seconds += STEP_SECONDS;
      assert.ok(seconds < CYCLE_SECONDS, `cycle ${cycle} did not end`);
      world.pass(STEP_SECONDS);
    }
    for (const zone of world.cluster.fleet(fleet.name)) {
      const asked = desired.placement.find((one) => one.zone === zone.zone)?.workers ?? 0;
      assert.equal(zone.ready, Math.ceil(asked / workersPerAllocation) * workersPerAllocation);
      assert.equal(zone.nodes, Math.ceil(asked / slotsPerNode), `nodes of ${zone.zone} in cycle ${cycle}`);
    }
    world.pass(CYCLE_SECONDS - seconds);
  }
}

async function step(desired: DesiredState, fleet: ReturnType<typeof aFleet>, world: World): Promise<boolean> {
  const [zones, nodes, groups] = await Promise.all([
    world.orchestrator.zones(fleet.orchestrator),
    world.orchestrator.nodes(fleet.orchestrator),
    world.nodeGroups.list(fleet.nodeGroups),
  ]);
  const present = groups.map(({ instances, ...group }) => ({
    ...group,
    names: instances.filter((one) => one.status !== 'leaving').map((one) => one.name),
  }));
  const { steps, done } = nextSteps(desired, zones, nodes, present, fleet.policy, world.cluster.now);
  for (const one of steps) {
    const current = zones.find((seen) => seen.zone === one.zone)?.desired ?? 0;
    const task = { fleet, decisionId: desired.decisionId, current, mayAct: async () => true };
    await perform(one, task, world);
  }
  return done;
}
