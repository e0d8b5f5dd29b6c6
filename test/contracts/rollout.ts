/**
 * What the rollout ports must do, whatever stands behind them. The simulated twin and the Nomad adapter (over its
 * stand-in) run this same suite.
 */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { WorkerImage } from '../../src/core/rollout/images.js';
import type {
  OrchestratorActor,
  OrchestratorReader,
  OrchestratorTarget,
  RolloutActor,
  RolloutReader,
} from '../../src/ports.js';
import type { Cluster, ClusterSpec } from '../../src/simulation/cluster.js';
import { aSpec, targetOf } from './orchestrator.js';

export interface RolloutStage {
  rollouts: RolloutReader & RolloutActor;
  orchestrator: OrchestratorReader & OrchestratorActor;
  cluster: Cluster;
  pass(seconds: number): void;
  /** The next call that changes something is carried out, but its answer never comes. */
  loseNextAnswer(): void;
  close(): Promise<void>;
}

const OLD = 'registry.example/face-match:1';
const NEW = 'registry.example/face-match:2.0';
const BAD = 'registry.example/face-match:bad';
const MINUTE = 60;

export function rolloutContract(name: string, open: (spec: ClusterSpec) => Promise<RolloutStage>): void {
  describe(`rollout contract: ${name}`, () => {
    let stage: RolloutStage;
    // Twelve workers on four nodes of four slots: two nodes a zone, one of them half full.
    const spec = aSpec({ workers: 12 });
    const target: OrchestratorTarget = targetOf(spec);
    const why = (most = 4, rolloutId = 'r-1') => ({ rolloutId, most });
    const workers = async (zone = 'a'): Promise<WorkerImage[]> =>
      (await stage.rollouts.images(target)).workers.filter((one) => one.zone === zone);
    const zoneOf = async (zone = 'a') =>
      (await stage.rollouts.images(target)).zones.find((one) => one.zone === zone)!;
    const ready = async (zone = 'a', image = NEW): Promise<number> =>
      (await workers(zone)).filter((one) => one.image === image && one.state === 'ready').length;
    const firstNode = async (zone = 'a'): Promise<string> => (await workers(zone))[0]!.node;
    const update = async (node: string, image = NEW, most = 4, zone = 'a') =>
      stage.rollouts.update(target, zone, node, image, why(most));

    beforeEach(async () => {
      stage = await open(spec);
    });
    afterEach(async () => stage.close());

    it('says which image every worker runs, zone by zone', async () => {
      const { zones, workers: all } = await stage.rollouts.images(target);
      assert.deepEqual(zones, [
        { zone: 'a', image: OLD, heldBy: null },
        { zone: 'b', image: OLD, heldBy: null },
      ]);
      assert.equal(all.length, 12);
      assert.ok(all.every((one) => one.image === OLD && one.state === 'ready' && one.workers === 1));
    });

    it('pre-pulls on every node, which takes minutes, and disturbs no worker', async () => {
      assert.deepEqual(await stage.rollouts.prepulled(target, NEW), []);
      await stage.rollouts.prepull(target, NEW, { rolloutId: 'r-1' });
      stage.pass(5);
      const during = await stage.rollouts.prepulled(target, NEW);
      assert.equal(during.length, 4);
      assert.ok(during.every((one) => one.state === 'pulling'));
      stage.pass(5 * MINUTE);
      const then = await stage.rollouts.prepulled(target, NEW);
      assert.ok(then.length === 4 && then.every((one) => one.state === 'present'));
      assert.equal(await ready('a', OLD), 6);
      await stage.rollouts.endPrepull(target);
      assert.deepEqual(await stage.rollouts.prepulled(target, NEW), []);
    });

    it('says of an image that is not in the registry that its pull failed', async () => {
      await stage.rollouts.prepull(target, 'registry.example/face-match:missing', { rolloutId: 'r-1' });
      stage.pass(MINUTE);
      const seen = await stage.rollouts.prepulled(target, 'registry.example/face-match:missing');
      assert.ok(seen.length === 4 && seen.every((one) => one.state === 'failed' && one.detail !== null));
    });

    it('updates the workers of one node and of no other, and holds the zone', async () => {
      await stage.rollouts.prepull(target, NEW, { rolloutId: 'r-1' });
      stage.pass(5 * MINUTE);
      const node = await firstNode();
      const there = (await workers()).filter((one) => one.node === node).length;
      assert.deepEqual(await update(node), { kind: 'done', replaced: there });
      stage.pass(3 * MINUTE);
      assert.equal(await ready(), there);
      assert.ok(!(await workers()).some((one) => one.node === node && one.image === OLD));
      assert.equal(await ready('a', OLD), 6 - there);
      assert.deepEqual(await zoneOf(), { zone: 'a', image: NEW, heldBy: 'r-1' });
      stage.pass(20 * MINUTE);
      assert.equal(await ready('a', OLD), 6 - there, 'nothing goes on by itself');
      assert.equal(stage.cluster.job('face-match-a')!.count, 6);
      assert.deepEqual(await zoneOf('b'), { zone: 'b', image: OLD, heldBy: null });
    });

    it('takes at most as many workers out of service as it is told', async () => {
      const node = await firstNode();
      assert.deepEqual(await update(node, NEW, 1), { kind: 'done', replaced: 1 });
      stage.pass(10);
      assert.equal(await ready('a', OLD), 5);
      stage.pass(10 * MINUTE);
      assert.deepEqual(await update(node, NEW, 1), { kind: 'done', replaced: 1 });
      stage.pass(10);
      assert.equal(await ready('a', OLD), 4);
    });

    it('lets go of a zone once all its workers are new, and then it can be scaled', async () => {
      await stage.rollouts.prepull(target, NEW, { rolloutId: 'r-1' });
      stage.pass(5 * MINUTE);
      for (let node = 0; node < 2; node += 1) {
        const old = (await workers()).find((one) => one.image === OLD)!;
        await update(old.node);
        stage.pass(3 * MINUTE);
      }
      assert.equal(await ready(), 6);
      await stage.rollouts.release(target, 'a');
      stage.pass(MINUTE);
      assert.equal((await zoneOf()).heldBy, null);
      const scaled = await stage.orchestrator.scale(target, 'a', 5, { decisionId: 'd-1', message: 'less' });
      assert.deepEqual(scaled, { kind: 'done', workers: 5 });
      assert.equal(await stage.rollouts.lastHealthy(target, NEW), OLD);
    });

    it('raises in a held zone while its new workers are well, and cuts there never', async () => {
      stage.cluster.resize('face-match-a', 4);
      stage.pass(3 * MINUTE);
      await stage.rollouts.prepull(target, NEW, { rolloutId: 'r-1' });
      stage.pass(5 * MINUTE);
      await update(await firstNode());
      const scale = (count: number) =>
        stage.orchestrator.scale(target, 'a', count, { decisionId: 'd-1', message: 'peak' });
      assert.equal((await scale(8)).kind, 'blocked', 'while they start');
      stage.pass(3 * MINUTE);
      const before = await ready('a', OLD);
      assert.deepEqual(await scale(8), { kind: 'done', workers: 8 });
      stage.pass(3 * MINUTE);
      assert.equal(await ready('a', OLD), before, 'no old worker was touched');
      assert.equal((await ready()) + before, 8);
      assert.equal((await scale(5)).kind, 'blocked');
    });

    it('shows a worker that never becomes healthy as failed, with its last words', async () => {
      await update(await firstNode(), BAD);
      stage.pass(15 * MINUTE);
      const failed = (await workers()).filter((one) => one.state === 'failed');
      assert.ok(failed.length > 0 && failed.every((one) => one.image === BAD));
      const log = await stage.rollouts.logTail(target, failed[0]!.id, 2);
      assert.match(log ?? '', /model not loaded/);
      assert.equal(await ready('a', OLD), 6 - failed.length);
    });

    it('goes back to the old image the same way', async () => {
      const node = await firstNode();
      await update(node, BAD);
      stage.pass(15 * MINUTE);
      for (const bad of (await workers()).filter((one) => one.image === BAD)) await update(bad.node, OLD);
      stage.pass(4 * MINUTE);
      assert.equal(await ready('a', OLD), 6);
      await stage.rollouts.release(target, 'a');
      stage.pass(MINUTE);
      assert.deepEqual(await zoneOf(), { zone: 'a', image: OLD, heldBy: null });
    });

    it('a scale that is under way blocks with a typed answer, and nothing is registered', async () => {
      await stage.orchestrator.scale(target, 'a', 7, { decisionId: 'd-1', message: 'more' });
      stage.pass(2);
      const result = await update(await firstNode());
      assert.ok(result.kind === 'blocked' && result.by.kind === 'deployment');
      assert.equal((await zoneOf()).image, OLD);
    });

    it('a lost answer is made good by asking again', async () => {
      const node = await firstNode();
      stage.loseNextAnswer();
      await update(node, NEW, 2).catch(() => {});
      stage.pass(10 * MINUTE);
      await update(node, NEW, 4);
      stage.pass(10 * MINUTE);
      assert.ok(!(await workers()).some((one) => one.node === node && one.image === OLD));
      assert.equal((await zoneOf()).heldBy, 'r-1');
    });
  });
}
