import { deepEqual, equal, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { holdsSlots, isLive, type SimAllocation } from '../../src/simulation/cluster/state.js';
import { type Cluster, createCluster } from '../../src/simulation/cluster.js';
import { aSpec, MINUTE } from '../contracts/orchestrator.js';

const JOB = 'face-match-a';
const OLD = 'registry.example/face-match:1';
const BY_HAND = { maxParallel: 6, canary: 1, autoPromote: false, autoRevert: false };

describe('canaries in the simulated cluster', () => {
  const world = () => {
    const cluster = createCluster(aSpec());
    cluster.register(JOB, { image: 'registry.example/face-match:2', update: BY_HAND });
    return cluster;
  };
  const pass = (cluster: Cluster, seconds: number) => cluster.advance(cluster.now + seconds * 1_000);
  const live = (cluster: Cluster): SimAllocation[] =>
    cluster.state.allocations.filter((one) => one.job === JOB && isLive(one));
  const newest = (cluster: Cluster) => cluster.state.deployments.findLast((one) => one.job === JOB)!;
  const images = (cluster: Cluster) => live(cluster).map(({ image }) => image.split(':')[1]);

  it('one comes on top of the count, nobody is replaced, and nothing happens until it is promoted', () => {
    const cluster = world();
    deepEqual(images(cluster), ['1', '1', '1', '2']);
    pass(cluster, 60 * MINUTE);
    deepEqual(images(cluster), ['1', '1', '1', '2']);
    equal(newest(cluster).status, 'running', 'a healthy canary waits for ever');
    equal(cluster.job(JOB)?.count, 3);
  });

  it('is not promoted before it is healthy; then it takes one place and the rest is replaced', () => {
    const cluster = world();
    const { id } = newest(cluster);
    deepEqual(cluster.promoteDeployment(id), { kind: 'refused', why: 'unhealthy', healthy: 0, asked: 1 });
    pass(cluster, 10 * MINUTE);
    const [canary] = live(cluster).filter((one) => one.canary);
    deepEqual(cluster.promoteDeployment(id), { kind: 'done' });
    pass(cluster, 10 * MINUTE);
    deepEqual(images(cluster), ['2', '2', '2']);
    ok(live(cluster).some((one) => one.id === canary?.id));
    equal(newest(cluster).status, 'successful');
    deepEqual(cluster.promoteDeployment(id), { kind: 'refused', why: 'over' });
  });

  it('promotes by itself where the job says so', () => {
    const cluster = createCluster(aSpec());
    cluster.register(JOB, { image: 'registry.example/face-match:2' });
    pass(cluster, 20 * MINUTE);
    deepEqual(images(cluster), ['2', '2', '2']);
  });

  it('a bad one fails its deployment at the deadline and goes; all others were never touched', () => {
    const cluster = createCluster(aSpec());
    const before = live(cluster).map(({ id }) => id);
    cluster.register(JOB, { image: 'registry.example/face-match:bad', update: BY_HAND });
    pass(cluster, 15 * MINUTE);
    deepEqual([newest(cluster).status, cluster.job(JOB)?.abandoned], ['failed', 0]);
    deepEqual(
      live(cluster).map(({ id }) => id),
      before,
    );
  });

  it('a failed deployment is remembered when a scale tries the same once more', () => {
    const cluster = createCluster(aSpec());
    cluster.register(JOB, { image: 'registry.example/face-match:bad', update: BY_HAND });
    pass(cluster, 15 * MINUTE);
    cluster.scale(JOB, { count: 2 });
    const all = cluster.state.deployments.filter((one) => one.job === JOB);
    deepEqual(
      all.map(({ status }) => status),
      ['failed', 'running'],
    );
  });

  it('who is lost meanwhile comes back with the image that is proven', () => {
    const cluster = world();
    pass(cluster, 10 * MINUTE);
    cluster.setZone('a', false);
    cluster.setZone('a', true);
    pass(cluster, 10 * MINUTE);
    deepEqual(images(cluster).sort(), ['1', '1', '1', '2']);
    equal(newest(cluster).status, 'running');
  });

  it('a drain takes it along, and a registration of what was there before ends it', () => {
    const cluster = world();
    pass(cluster, 10 * MINUTE);
    cluster.resize(JOB, 2);
    pass(cluster, 10 * MINUTE);
    const [first] = live(cluster).filter((one) => one.canary);
    cluster.drain(first!.vm, { deadlineSeconds: 60, ignoreSystemJobs: true, meta: null });
    pass(cluster, 10 * MINUTE);
    equal(cluster.state.vms.find(({ id }) => id === first?.vm)?.lastDrain?.status, 'complete');
    equal(live(cluster).filter((one) => one.canary).length, 1);
    cluster.register(JOB, { image: OLD });
    pass(cluster, MINUTE);
    deepEqual(
      cluster.state.allocations.filter((one) => one.job === JOB && holdsSlots(one)).map(({ image }) => image),
      [OLD, OLD, OLD],
    );
    equal(newest(cluster).status, 'successful');
  });
});
