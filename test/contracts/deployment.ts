/**
 * What an orchestrator must do about deployments that somebody else made. The simulated twin, the Nomad adapter over its
 * stand-in, and the adapter over real agents run this same suite.
 */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { ZoneSeen } from '../../src/core/model.js';
import type { WorkerImage } from '../../src/core/rollout/images.js';
import type { ClusterSpec } from '../../src/simulation/cluster.js';
import { aSpec, targetOf } from './orchestrator.js';
import { BAD, NEW, OLD, type RolloutStage } from './rollout.js';

const NEWER = 'registry.example/face-match:2.1';

export function deploymentContract(name: string, open: (spec: ClusterSpec) => Promise<RolloutStage>): void {
  describe(`deployments of others: ${name}`, () => {
    let stage: RolloutStage;
    // Six workers a zone on two nodes of four slots: room for two canaries.
    const spec: ClusterSpec = { ...aSpec({ workers: 12 }), sticky: true };
    const target = targetOf(spec);
    const zoneOf = async (zone = 'a'): Promise<ZoneSeen> =>
      (await stage.orchestrator.zones(target)).find((one) => one.zone === zone)!;
    const workers = async (): Promise<WorkerImage[]> =>
      (await stage.rollouts.images(target)).workers.filter((one) => one.zone === 'a');
    const ready = async (image: string): Promise<WorkerImage[]> =>
      (await workers()).filter((one) => one.image === image && one.state === 'ready');
    const promote = (deployment: string, zone = 'a') => stage.orchestrator.promote(target, zone, deployment);
    /** The deployment that holds the zone, once as many canaries are healthy. */
    const waits = async (healthy: number): Promise<string> => {
      await stage.reach(`${healthy} canaries are healthy`, async () => {
        const { blocked } = await zoneOf();
        return blocked?.canaries?.healthy === healthy;
      });
      return (await zoneOf()).blocked?.id ?? '';
    };
    const isFree = async (): Promise<boolean> => (await zoneOf()).blocked === null;

    beforeEach(async () => {
      stage = await open(spec);
    });
    afterEach(async () => stage.close());

    it('says in words that a deployment tries canaries, then that it waits for promotion', async () => {
      await stage.deploy('a', NEW, 2);
      await stage.reach('it tries them', async () => (await zoneOf()).blocked?.canaries?.asked === 2);
      const tries = (await zoneOf()).blocked;
      assert.equal(tries?.kind, 'deployment');
      assert.equal(
        tries?.detail,
        `a deployment tries its canaries (${tries?.canaries?.healthy} of 2 healthy)`,
      );
      await waits(2);
      const { blocked } = await zoneOf();
      assert.equal(blocked?.detail, 'a deployment needs promotion (2 of 2 canaries healthy)');
      const cut = await stage.orchestrator.scale(target, 'a', 5, { decisionId: 'd-1', message: 'less' });
      assert.ok(cut.kind === 'blocked' && cut.by.canaries?.healthy === 2);
      await stage.rest();
      assert.deepEqual([(await ready(OLD)).length, (await ready(NEW)).length], [6, 2], 'it waits for ever');
      assert.equal((await zoneOf('b')).blocked, null);
    });

    it('promotes it: every worker is new, the canaries among them, the count stays, and it can be scaled', async () => {
      await stage.deploy('a', NEW, 1);
      const id = await waits(1);
      const [canary] = await ready(NEW);
      assert.deepEqual(await promote(id), { kind: 'done' });
      assert.deepEqual(await promote(id), { kind: 'done' }, 'again changes nothing');
      await stage.reach('all are new', async () => (await ready(NEW)).length === 6 && (await isFree()), 15);
      assert.ok((await ready(NEW)).some((one) => one.id === canary?.id));
      assert.equal((await zoneOf()).desired, 6);
      assert.deepEqual(await promote(id), { kind: 'done' }, 'it is over');
      const less = await stage.orchestrator.scale(target, 'a', 5, { decisionId: 'd-1', message: 'less' });
      assert.deepEqual(less, { kind: 'done', workers: 5 });
    });

    it('does not promote before every canary is healthy, and says how many are', async () => {
      await stage.deploy('a', BAD, 1);
      await stage.reach('it tries one', async () => (await zoneOf()).blocked?.canaries?.asked === 1);
      const id = (await zoneOf()).blocked?.id ?? '';
      assert.deepEqual(await promote(id), { kind: 'unhealthy', canaries: { healthy: 0, asked: 1 } });
      assert.equal((await ready(OLD)).length, 6);
    });

    it("refuses another job's deployment, and one that another has followed", async () => {
      await stage.deploy('a', NEW, 1);
      const id = await waits(1);
      assert.deepEqual(await promote(id, 'b'), { kind: 'superseded' });
      await stage.deploy('a', NEWER, 1);
      await stage.reach(
        'the next one tries',
        async () => ![id, ''].includes((await zoneOf()).blocked?.id ?? ''),
      );
      assert.deepEqual(await promote(id), { kind: 'superseded' });
    });

    const revert = async (from: number | null, to: number): Promise<void> =>
      assert.deepEqual(await stage.orchestrator.revert(target, 'a', { from, to }), { kind: 'done' });
    const allRun = async (image: string, many = 6) =>
      stage.reach(
        `all run ${image}`,
        async () =>
          (await workers()).length === many && (await ready(image)).length === many && (await isFree()),
        20,
      );

    it('names a version that does not get healthy and the one before it, and goes back without a restart', async () => {
      const before = (await workers()).map((one) => one.id).sort();
      await stage.deploy('a', BAD, 1);
      await stage.reach('it is known', async () => (await zoneOf()).bad !== undefined, 15);
      const { bad } = await zoneOf();
      assert.ok(bad !== undefined && bad.version > bad.before.version);
      assert.deepEqual([bad.image, bad.before.image], [BAD, OLD]);
      assert.equal((await zoneOf('b')).bad, undefined);
      await revert(bad.version, bad.before.version);
      await allRun(OLD);
      assert.deepEqual((await workers()).map((one) => one.id).sort(), before);
      const { desired, bad: known } = await zoneOf();
      assert.deepEqual([desired, known], [6, undefined]);
    });

    it('a bad version stays known when a scale tries it once more, and is gone back from nevertheless', async () => {
      await stage.deploy('a', BAD, 1);
      await stage.reach('it is known', async () => (await zoneOf()).bad !== undefined, 15);
      const { bad, blocked } = await zoneOf();
      await stage.orchestrator.failDeployment(target, 'a', blocked?.id ?? '');
      assert.deepEqual((await zoneOf()).bad, bad);
      const less = await stage.orchestrator.scale(target, 'a', 5, { decisionId: 'd-1', message: 'less' });
      assert.deepEqual(less, { kind: 'done', workers: 5 });
      await stage.reach('it is tried again', async () => !(await isFree()));
      const again = (await zoneOf()).bad;
      assert.deepEqual([again?.image, again?.before], [BAD, bad?.before]);
      await revert(bad?.version ?? -1, bad?.before.version ?? -1);
      await allRun(OLD, 5);
      assert.equal((await zoneOf()).bad, undefined);
    });

    it('counts nobody as never placed whom a failed deployment left alone', async () => {
      await stage.deploy('a', BAD, 1);
      await stage.reach('it is known', async () => (await zoneOf()).bad !== undefined, 15);
      await stage.orchestrator.failDeployment(target, 'a', (await zoneOf()).blocked?.id ?? '');
      await stage.reach('it is over', async () => await isFree());
      const { desired, ready: serve, abandoned } = await zoneOf();
      assert.deepEqual([desired, serve, abandoned ?? 0], [6, 6, 0]);
    });

    it('holds the count where a change would spread a bad version, until it is gone back from', async () => {
      await stage.deploy('a', BAD, 0);
      await stage.reach('some are bad', async () => (await zoneOf()).bad !== undefined, 15);
      const id = (await zoneOf()).blocked?.id ?? '';
      await stage.orchestrator.failDeployment(target, 'a', id);
      await stage.reach('it is over', async () => (await zoneOf()).blocked?.kind !== 'deployment');
      const { bad, blocked } = await zoneOf();
      assert.equal(blocked?.kind, 'bad-version');
      assert.match(blocked?.detail ?? '', /does not get healthy, and a change of the count would spread it$/);
      const good = (await ready(OLD)).map((one) => one.id).sort();
      assert.ok(good.length > 0 && good.length < 6);
      for (const count of [5, 8]) {
        const result = await stage.orchestrator.scale(target, 'a', count, {
          decisionId: 'd-1',
          message: 'x',
        });
        assert.ok(result.kind === 'blocked' && result.by.kind === 'bad-version', `${count}`);
      }
      await stage.rest();
      const { desired } = await zoneOf();
      assert.equal(desired, 6);
      assert.deepEqual((await ready(OLD)).map((one) => one.id).sort(), good, 'no good one was touched');
      await revert(bad?.version ?? -1, bad?.before.version ?? -1);
      await allRun(OLD);
      const left = (await workers()).map((one) => one.id);
      assert.ok(good.every((one) => left.includes(one)));
      const more = await stage.orchestrator.scale(target, 'a', 7, { decisionId: 'd-2', message: 'more' });
      assert.deepEqual(more, { kind: 'done', workers: 7 });
    });

    it('keeps the live count where the version had another one', async () => {
      await stage.orchestrator.scale(target, 'a', 5, { decisionId: 'd-1', message: 'less' });
      await allRun(OLD, 5);
      await stage.deploy('a', NEW, 0);
      await allRun(NEW, 5);
      assert.deepEqual(await stage.orchestrator.revert(target, 'a', { from: 0, to: 0 }), { kind: 'changed' });
      await stage.orchestrator.scale(target, 'a', 4, { decisionId: 'd-2', message: 'still less' });
      await allRun(NEW, 4);
      await revert(2, 0);
      await allRun(OLD, 4);
      assert.equal((await zoneOf()).desired, 4);
    });

    it('waits for no canaries on the way back, though the version had some; a repeat changes nothing', async () => {
      await stage.deploy('a', NEW, 1);
      await promote(await waits(1));
      await allRun(NEW);
      await stage.deploy('a', NEWER, 0);
      await allRun(NEWER);
      await revert(2, 1);
      await revert(2, 1);
      await allRun(NEW);
      const ids = (await workers()).map((one) => one.id);
      await revert(2, 1);
      await stage.rest();
      assert.deepEqual(
        (await ready(NEW)).map((one) => one.id),
        ids,
      );
    });

    it('refuses a version that is not kept, and a zone that a rollout holds', async () => {
      const ask = (to: number) => stage.orchestrator.revert(target, 'a', { from: null, to });
      assert.deepEqual(await ask(99), { kind: 'forgotten' });
      const [first] = await workers();
      await stage.rollouts.update(target, 'a', first!.node, NEW, { rolloutId: 'r-1', most: 1 });
      assert.deepEqual(await ask(0), { kind: 'rollout' });
    });

    it('a return whose answer is lost is made good by asking again', async () => {
      await stage.deploy('a', BAD, 1);
      await stage.reach('it is known', async () => (await zoneOf()).bad !== undefined, 15);
      const { version = 0, before } = (await zoneOf()).bad ?? {};
      const ask = () => stage.orchestrator.revert(target, 'a', { from: version, to: before?.version ?? -1 });
      stage.loseNextAnswer();
      await ask().catch(() => {});
      assert.deepEqual(await ask(), { kind: 'done' });
      await allRun(OLD);
    });

    it('a promotion whose answer is lost is made good by asking again', async () => {
      await stage.deploy('a', NEW, 1);
      const id = await waits(1);
      stage.loseNextAnswer();
      await promote(id).catch(() => {});
      assert.deepEqual(await promote(id), { kind: 'done' });
      await stage.reach('all are new', async () => (await ready(NEW)).length === 6, 15);
    });
  });
}
