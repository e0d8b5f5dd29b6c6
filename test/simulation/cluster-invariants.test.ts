import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { holdsSlots, isLive } from '../../src/simulation/cluster/state.js';
import { type Cluster, createCluster, restoreCluster } from '../../src/simulation/cluster.js';
import { aSpec } from '../contracts/orchestrator.js';

/** What people, the bot and the cloud may do to the cluster, in any order. */
type Act =
  | { do: 'scale'; job: string; count: number }
  | { do: 'resize'; group: string; size: number }
  | { do: 'delete' | 'drain' | 'eligible'; group: string; nth: number }
  | { do: 'zone'; zone: string; up: boolean }
  | { do: 'fail'; job: string }
  | { do: 'pass'; seconds: number }
  | { do: 'restart' };

const place = fc.constantFrom('face-match-a', 'face-match-b');
const acts: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ do: fc.constant('scale' as const), job: place, count: fc.nat(25) }),
  fc.record({ do: fc.constant('resize' as const), group: place, size: fc.nat(8) }),
  fc.record({
    do: fc.constantFrom('delete' as const, 'drain' as const, 'eligible' as const),
    group: place,
    nth: fc.nat(6),
  }),
  fc.record({ do: fc.constant('zone' as const), zone: fc.constantFrom('a', 'b'), up: fc.boolean() }),
  fc.record({ do: fc.constant('fail' as const), job: place }),
  fc.record({ do: fc.constant('pass' as const), seconds: fc.integer({ min: 1, max: 900 }) }),
  fc.constant<Act>({ do: 'restart' }),
);

it('whatever is done to it, no slot is used twice, no count is overrun, one deployment runs at most, and it comes to rest', () => {
  fc.assert(
    fc.property(
      fc.array(acts, { maxLength: 40 }),
      fc.constantFrom(1, 2, 4),
      (story, workersPerAllocation) => {
        const spec = aSpec({ workersPerAllocation, workers: 8, maxNodesPerZone: 5 });
        let cluster = createCluster(spec);
        for (const act of story) {
          cluster = carryOut(cluster, act);
          check(cluster);
        }
        cluster.setZone('a', true);
        cluster.setZone('b', true);
        cluster.advance(cluster.now + 3 * 3_600_000);
        check(cluster);
        for (const zone of cluster.fleet('face-match')) {
          assert.deepEqual([zone.starting, zone.draining, zone.up], [0, 0, true]);
          assert.ok(zone.ready <= zone.desired);
        }
        assert.ok(cluster.state.deployments.every((one) => one.status !== 'running'));
      },
    ),
    { numRuns: 150, seed: 7 },
  );
});

function carryOut(cluster: Cluster, act: Act): Cluster {
  const vm = 'nth' in act ? cluster.vms(act.group)[act.nth] : undefined;
  switch (act.do) {
    case 'scale':
      cluster.scale(act.job, { count: act.count });
      return cluster;
    case 'resize':
      cluster.resize(act.group, act.size);
      return cluster;
    case 'delete':
      if (vm !== undefined) cluster.deleteInstances(act.group, [vm.name]);
      return cluster;
    case 'drain':
      if (vm !== undefined) cluster.drain(vm.id, { deadlineSeconds: 300 });
      return cluster;
    case 'eligible':
      if (vm !== undefined) cluster.setEligible(vm.id, true);
      return cluster;
    case 'zone':
      cluster.setZone(act.zone, act.up);
      return cluster;
    case 'fail': {
      const running = cluster.state.deployments.findLast((one) => one.job === act.job);
      if (running !== undefined) cluster.failDeployment(running.id);
      return cluster;
    }
    case 'pass':
      cluster.advance(cluster.now + act.seconds * 1000);
      return cluster;
    case 'restart':
      return restoreCluster(cluster.spec, JSON.parse(JSON.stringify(cluster.save())));
  }
}

function check({ state, spec }: Cluster): void {
  const { slotsPerNode, workersPerAllocation, maxNodesPerZone } = spec.fleets[0]!;
  for (const vm of state.vms) {
    const held = state.allocations.filter((one) => one.vm === vm.id && holdsSlots(one));
    assert.ok(held.length * workersPerAllocation <= slotsPerNode, 'more workers than slots');
    assert.ok(held.length === 0 || vm.state === 'ready', 'a worker on a node that is not there');
    assert.ok(
      held.every((one) => one.job === vm.group),
      "a node hosts another fleet's worker",
    );
  }
  for (const group of state.groups) {
    const present = state.vms.filter(
      (vm) => vm.group === group.name && vm.state !== 'gone' && vm.state !== 'deleting',
    );
    assert.ok(present.length <= maxNodesPerZone && present.length <= group.size, 'more VMs than asked for');
  }
  for (const job of state.jobs) {
    const live = state.allocations.filter((one) => one.job === job.id && isLive(one));
    assert.ok(live.length <= job.count, 'more workers than asked for');
    assert.equal(new Set(live.map((one) => one.slot)).size, live.length, 'two workers of one name');
    const running = state.deployments.filter((one) => one.job === job.id && one.status === 'running');
    assert.ok(running.length <= 1, 'two deployments at once');
  }
}
