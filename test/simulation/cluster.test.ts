import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createCluster, restoreCluster } from '../../src/simulation/cluster.js';
import { aSpec, MINUTE } from '../contracts/orchestrator.js';

const after = (seconds: number) => aSpec().start + seconds * 1000;

describe('the simulated cluster', () => {
  it('starts with every worker serving on just enough nodes, split odd-even', () => {
    const cluster = createCluster(aSpec({ workers: 11 }));
    const seen = cluster.fleet('face-match').map(({ desired, ready, nodes }) => [desired, ready, nodes]);
    assert.deepEqual(seen, [
      [6, 6, 2],
      [5, 5, 2],
    ]);
  });

  it('a grown group places workers only when its VMs have booted', () => {
    const cluster = createCluster(aSpec());
    cluster.resize('face-match-a', 2);
    assert.equal(cluster.fits('face-match-a', 8), 4);
    cluster.advance(after(119));
    assert.equal(cluster.fits('face-match-a', 8), 4);
    cluster.advance(after(120));
    assert.equal(cluster.fits('face-match-a', 8), 8);
  });

  it('a worker serves exactly its start time after it was placed, however coarse the steps', () => {
    for (const step of [1, 7, 59, 60]) {
      const cluster = createCluster(aSpec());
      cluster.scale('face-match-a', { count: 4 });
      const ready = () => cluster.fleet('face-match')[0]?.ready;
      for (let at = step; at < 60; at += step) {
        cluster.advance(after(at));
        assert.equal(ready(), 3);
      }
      cluster.advance(after(60));
      assert.equal(ready(), 4);
    }
  });

  it('time moved in one leap and in small steps ends in the same state', () => {
    const run = (stepSeconds: number) => {
      const cluster = createCluster(aSpec());
      cluster.resize('face-match-a', 3);
      cluster.scale('face-match-a', { count: 7 });
      cluster.setZone('b', false);
      for (let at = stepSeconds; at <= 1800; at += stepSeconds) cluster.advance(after(at));
      return cluster.save();
    };
    assert.deepEqual(run(1), run(1800));
  });

  it('every scale opens a deployment, up and down, and refuses the next until all are healthy', () => {
    const cluster = createCluster(aSpec());
    assert.equal(cluster.scale('face-match-a', { count: 2 }).kind, 'done');
    assert.deepEqual(cluster.scale('face-match-a', { count: 3 }), { kind: 'refused', why: 'deployment' });
    cluster.advance(after(9));
    assert.equal(cluster.scale('face-match-a', { count: 3 }).kind, 'refused');
    cluster.advance(after(10));
    assert.equal(cluster.scale('face-match-a', { count: 3 }).kind, 'done');
  });

  it('bounds of the scaling block are judged before the deployment', () => {
    const cluster = createCluster(aSpec({ scaling: { min: 1, max: 5 } }));
    assert.deepEqual(cluster.scale('face-match-a', { count: 9 }), {
      kind: 'refused',
      why: 'above-max',
      bound: 5,
    });
    assert.deepEqual(cluster.scale('face-match-a', { count: 0 }), {
      kind: 'refused',
      why: 'below-min',
      bound: 1,
    });
  });

  it('a stale job-modify index is refused', () => {
    const cluster = createCluster(aSpec());
    const before = cluster.job('face-match-a')!.jobModifyIndex;
    cluster.scale('face-match-a', { count: 2, enforceIndex: before });
    cluster.advance(after(MINUTE));
    const stale = cluster.scale('face-match-a', { count: 3, enforceIndex: before });
    assert.equal(stale.kind === 'refused' && stale.why, 'index');
  });

  it('keeps twenty scaling events, newest first', () => {
    const cluster = createCluster(aSpec());
    for (let n = 0; n < 25; n += 1) {
      cluster.scale('face-match-a', { count: null, error: true, message: `event ${n}` });
    }
    const events = cluster.job('face-match-a')!.events;
    assert.equal(events.length, 20);
    assert.equal(events[0]?.message, 'event 24');
  });

  it('beyond capacity: the deployment waits with a blocked evaluation; new nodes take the rest', () => {
    const cluster = createCluster(aSpec());
    cluster.scale('face-match-a', { count: 8 });
    cluster.resize('face-match-a', 2);
    assert.ok(cluster.state.evaluations.some((one) => one.status === 'blocked' && one.queued === 4));
    cluster.advance(after(5 * MINUTE));
    assert.equal(cluster.fleet('face-match')[0]?.ready, 8);
    assert.ok(cluster.state.evaluations.every((one) => one.status !== 'blocked'));
  });

  it('after a failed deployment the missing are not placed even when room comes', () => {
    const cluster = createCluster(aSpec());
    cluster.scale('face-match-a', { count: 8 });
    cluster.advance(after(12 * MINUTE));
    cluster.resize('face-match-a', 2);
    cluster.advance(after(20 * MINUTE));
    assert.deepEqual(
      [cluster.fleet('face-match')[0]?.desired, cluster.fleet('face-match')[0]?.ready],
      [8, 4],
    );
    cluster.scale('face-match-a', { count: 8 });
    cluster.advance(after(25 * MINUTE));
    assert.equal(cluster.fleet('face-match')[0]?.ready, 8);
  });

  it('workers of a failed deployment that a dead zone took are replaced, the never placed are not', () => {
    const cluster = createCluster(aSpec());
    cluster.scale('face-match-a', { count: 6 });
    cluster.advance(after(12 * MINUTE));
    cluster.setZone('a', false);
    cluster.advance(after(60 * MINUTE));
    cluster.setZone('a', true);
    cluster.resize('face-match-a', 3);
    cluster.advance(after(70 * MINUTE));
    assert.equal(cluster.fleet('face-match')[0]?.ready, 4);
  });

  it('a drain without spare room keeps all but one worker until its deadline', () => {
    const cluster = createCluster(aSpec());
    const [vm] = cluster.vms('face-match-a');
    cluster.drain(vm!.id, { deadlineSeconds: 300 });
    cluster.advance(after(200));
    assert.equal(cluster.fleet('face-match')[0]?.ready, 2);
    cluster.advance(after(330));
    assert.equal(cluster.fleet('face-match')[0]?.ready, 0);
    assert.equal(vm!.lastDrain?.status, 'complete');
    assert.equal(cluster.setEligible(vm!.id, true), 'done');
    cluster.advance(after(400));
    assert.equal(cluster.fleet('face-match')[0]?.ready, 3);
  });

  it('a VM beyond what the zone grants never comes', () => {
    const cluster = createCluster(aSpec({ maxNodesPerZone: 2 }));
    cluster.resize('face-match-a', 5);
    cluster.advance(after(10 * MINUTE));
    assert.equal(cluster.fleet('face-match')[0]?.nodes, 2);
  });

  it('goes on after save and restore as if nothing had happened', () => {
    const spec = aSpec();
    const one = createCluster(spec);
    one.resize('face-match-a', 2);
    one.scale('face-match-a', { count: 4 });
    one.advance(after(40));
    const other = restoreCluster(spec, JSON.parse(JSON.stringify(one.save())));
    for (const cluster of [one, other]) {
      cluster.advance(after(15 * MINUTE));
      cluster.scale('face-match-b', { count: 2 });
      cluster.advance(after(20 * MINUTE));
    }
    assert.deepEqual(other.save(), one.save());
  });

  it('forgets finished allocations and removed nodes, so that a long run stays small', () => {
    const cluster = createCluster(aSpec());
    for (let hour = 0; hour < 48; hour += 1) {
      cluster.resize('face-match-a', 3);
      cluster.advance(after(hour * 3600 + 300));
      cluster.scale('face-match-a', { count: 9 });
      cluster.advance(after(hour * 3600 + 900));
      cluster.scale('face-match-a', { count: 1 });
      cluster.advance(after(hour * 3600 + 1200));
      const empty = cluster
        .vms('face-match-a')
        .filter(
          (vm) => !cluster.state.allocations.some((one) => one.vm === vm.id && one.client === 'running'),
        )
        .map((vm) => vm.name);
      cluster.deleteInstances('face-match-a', empty);
      cluster.advance(after(hour * 3600 + 3600));
    }
    assert.ok(JSON.stringify(cluster.save()).length < 60_000);
  });
});
