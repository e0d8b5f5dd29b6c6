/**
 * What the rollout ports must do, whatever stands behind them. The simulated twin and the Nomad adapter (over its
 * stand-in) run this same suite.
 */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
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

/** A world that goes on by itself once it is let: simulated, or real. */
export interface RolloutStage {
  rollouts: RolloutReader & RolloutActor;
  orchestrator: OrchestratorReader & OrchestratorActor;
  /** Lets time pass until it holds; fails when it does not within so many minutes of a simulated world. */
  reach(what: string, holds: () => Promise<boolean>, minutes?: number): Promise<void>;
  /** Lets some time pass in which nothing is to happen. */
  rest(): Promise<void>;
  /** Somebody else gives the zone's job an image, and tries it on so many canaries first. */
  deploy(zone: string, image: string, canaries: number): Promise<void>;
  /** The update stanza of the zone's job, as far as a rollout touches it. */
  updateOf(zone: string): Promise<object>;
  /** Nomad counts a worker that still stops: its node may be full for moments, and a neighbour takes the new one. */
  mayMove?: true;
  /** The zone's first and last worker bear one number from now on; a real orchestrator does so when it likes. */
  shareNumbers?(zone: string): void;
  /** The next call that changes something is carried out, but its answer never comes. */
  loseNextAnswer(): void;
  close(): Promise<void>;
}

export const OLD = 'registry.example/face-match:1';
export const NEW = 'registry.example/face-match:2.0';
export const BAD = 'registry.example/face-match:bad';
const MISSING = 'registry.example/face-match:missing';

/** The stage's time over a simulated world. */
export function simulatedTime({ cluster, pass }: { cluster: Cluster; pass(seconds: number): void }) {
  return {
    async reach(what: string, holds: () => Promise<boolean>, minutes = 6): Promise<void> {
      for (let second = 0; second <= minutes * 60; second += 5) {
        if (await holds()) return;
        pass(5);
      }
      throw new Error(`not within ${minutes} min: ${what}`);
    },
    rest: async () => pass(1_200),
    async deploy(zone: string, image: string, canaries: number): Promise<void> {
      const update = { maxParallel: 2, canary: canaries, autoPromote: false, autoRevert: false };
      cluster.register(`face-match-${zone}`, { image, update });
    },
    shareNumbers: (zone: string) => cluster.shareNumbers(`face-match-${zone}`),
    updateOf: async (zone: string) => cluster.job(`face-match-${zone}`)?.update ?? {},
  };
}

export function rolloutContract(name: string, open: (spec: ClusterSpec) => Promise<RolloutStage>): void {
  describe(`rollout contract: ${name}`, () => {
    let stage: RolloutStage;
    // Twelve workers on four nodes of four slots: two nodes a zone, one of them half full.
    const spec: ClusterSpec = { ...aSpec({ workers: 12 }), sticky: true };
    const target: OrchestratorTarget = targetOf(spec);
    const why = (most = 4, rolloutId = 'r-1') => ({ rolloutId, most });
    const workers = async (zone = 'a'): Promise<WorkerImage[]> =>
      (await stage.rollouts.images(target)).workers.filter((one) => one.zone === zone);
    const zoneOf = async (zone = 'a') =>
      (await stage.rollouts.images(target)).zones.find((one) => one.zone === zone)!;
    const blockOf = async (zone = 'a') =>
      (await stage.orchestrator.zones(target)).find((one) => one.zone === zone)?.blocked?.kind ?? null;
    const ready = async (zone = 'a', image = NEW): Promise<number> =>
      (await workers(zone)).filter((one) => one.image === image && one.state === 'ready').length;
    const oldOn = async (node: string): Promise<WorkerImage[]> =>
      (await workers()).filter((one) => one.node === node && one.image === OLD && one.state !== 'stopping');
    const firstNode = async (zone = 'a'): Promise<string> => (await workers(zone))[0]!.node;
    const update = async (node: string, image = NEW, most = 4, zone = 'a') =>
      stage.rollouts.update(target, zone, node, image, why(most));
    const scale = (count: number) =>
      stage.orchestrator.scale(target, 'a', count, { decisionId: 'd-1', message: 'peak' });
    const reach = (what: string, holds: () => Promise<boolean>, minutes?: number) =>
      stage.reach(what, holds, minutes);
    /** All are ready, and nobody is on the way out. */
    const settled = async (image = NEW, many = 6): Promise<boolean> =>
      (await ready('a', image)) === many && (await workers()).length === many;
    const prepulled = async (image: string) => {
      await stage.rollouts.prepull(target, image, { rolloutId: 'r-1' });
      await reach('the image is on every node', async () => {
        const seen = await stage.rollouts.prepulled(target, image);
        return seen.length === 4 && seen.every((one) => one.state === 'present');
      });
    };
    const released = async (zone = 'a') =>
      reach('the zone is let go', async () => {
        await stage.rollouts.release(target, zone);
        return !(await zoneOf(zone)).held && (await blockOf(zone)) === null;
      });

    beforeEach(async () => {
      stage = await open(spec);
    });
    afterEach(async () => stage.close());

    it('says which image every worker runs, zone by zone', async () => {
      const { zones, workers: all } = await stage.rollouts.images(target);
      assert.deepEqual(zones, [
        { zone: 'a', image: OLD, held: false },
        { zone: 'b', image: OLD, held: false },
      ]);
      assert.equal(all.length, 12);
      assert.ok(all.every((one) => one.image === OLD && one.state === 'ready' && one.workers === 1));
    });

    it('pre-pulls on every node, which takes its time, and disturbs no worker', async () => {
      assert.deepEqual(await stage.rollouts.prepulled(target, NEW), []);
      await stage.rollouts.prepull(target, NEW, { rolloutId: 'r-1' });
      const pulling = async () => {
        const seen = await stage.rollouts.prepulled(target, NEW);
        assert.ok(!seen.some((one) => one.state === 'present'), 'none has it that soon');
        return seen.length === 4 && seen.every((one) => one.state === 'pulling');
      };
      await reach('every node has begun', pulling);
      await prepulled(NEW);
      assert.equal(await ready('a', OLD), 6);
      await stage.rollouts.endPrepull(target);
      assert.deepEqual(await stage.rollouts.prepulled(target, NEW), []);
    });

    it('says of an image that is not in the registry that its pull failed, and why', async () => {
      await stage.rollouts.prepull(target, MISSING, { rolloutId: 'r-1' });
      await reach('every pull failed', async () => {
        const seen = await stage.rollouts.prepulled(target, MISSING);
        return seen.length === 4 && seen.every((one) => one.state === 'failed');
      });
      for (const one of await stage.rollouts.prepulled(target, MISSING))
        assert.match(one.detail ?? '', /manifest .*(unknown|not found)/);
      await stage.rollouts.endPrepull(target);
    });

    it('updates the workers of one node and of no other, and holds the zone', async () => {
      await prepulled(NEW);
      const node = await firstNode();
      const there = (await oldOn(node)).length;
      assert.deepEqual(await update(node), { kind: 'done', replaced: there });
      await reach('they are new', async () => (await ready()) === there);
      assert.equal((await oldOn(node)).length, 0);
      assert.equal(await ready('a', OLD), 6 - there);
      const homes = (await workers()).filter((one) => one.image === NEW).map((one) => one.node);
      assert.ok(homes.includes(node), 'the new ones stand where the old ones stood');
      if (stage.mayMove === undefined) assert.deepEqual(new Set(homes), new Set([node]));
      assert.deepEqual(await zoneOf(), { zone: 'a', image: NEW, held: true });
      assert.equal(await blockOf(), 'rollout');
      await stage.rest();
      assert.equal(await ready('a', OLD), 6 - there, 'nothing goes on by itself');
      assert.equal(await blockOf(), 'rollout', 'it is held, however long the deadline for progress is over');
      assert.equal((await stage.orchestrator.zones(target))[0]?.desired, 6);
      assert.deepEqual(await zoneOf('b'), { zone: 'b', image: OLD, held: false });
    });

    it('stops nobody else where the orchestrator began on another node than was asked for', async (t) => {
      if (stage.shareNumbers === undefined) return t.skip('it begins with the lowest number');
      stage.shareNumbers('a');
      const node = await firstNode();
      const before = (await workers()).map((one) => one.id);
      assert.deepEqual(await update(node), { kind: 'done', replaced: 1 });
      await reach('one is new', async () => (await ready()) === 1);
      await stage.rest();
      const all = await workers();
      const left = before.filter((id) => all.some((one) => one.id === id && one.state === 'ready'));
      assert.equal(left.length, 5, 'five were left alone');
      assert.notEqual(all.find((one) => one.image === NEW)?.node, node);
      const there = (await oldOn(node)).length;
      assert.deepEqual(
        await update(node),
        { kind: 'done', replaced: there },
        'a repeat goes on where it was asked to',
      );
    });

    it('takes at most as many workers out of service as it is told', async () => {
      const node = await firstNode();
      assert.deepEqual(await update(node, NEW, 1), { kind: 'done', replaced: 1 });
      await reach('one is replaced', async () => (await ready('a', OLD)) === 5 && (await ready()) === 1, 10);
      assert.deepEqual(await update(node, NEW, 1), { kind: 'done', replaced: 1 });
      await reach('the second is', async () => (await ready('a', OLD)) === 4 && (await ready()) === 2, 10);
    });

    it('stops those it is named, and no neighbour of theirs', async () => {
      const node = await firstNode();
      await update(node, NEW, 1);
      await reach('one is new', async () => (await ready()) === 1 && (await workers()).length === 6, 10);
      const named = (await oldOn(node)).at(-1);
      assert.ok(named !== undefined);
      const others = (await oldOn(node)).filter((one) => one.id !== named.id).map((one) => one.id);
      const asked = { ...why(4), workers: [named.id] };
      const result = await stage.rollouts.update(target, 'a', node, NEW, asked);
      assert.deepEqual(result, { kind: 'done', replaced: 1 });
      await reach('two are new', async () => (await ready()) === 2, 10);
      assert.deepEqual(
        (await oldOn(node)).map((one) => one.id),
        others,
      );
    });

    it('lets go of a zone once all its workers are new, gives back its update stanza, and can scale it', async () => {
      const before = await stage.updateOf('a');
      await prepulled(NEW);
      for (let round = 0; round < 4 && !(await settled()); round += 1) {
        const old = (await workers()).find((one) => one.image === OLD)!;
        const there = (await oldOn(old.node)).length;
        const news = await ready();
        await update(old.node);
        await reach('the next node is new', async () => (await ready()) === news + there, 6);
      }
      const ids = async () => (await workers()).map((one) => one.id).sort();
      const served = await ids();
      await released();
      assert.deepEqual(await stage.updateOf('a'), before);
      await reach('it can be scaled', async () => (await scale(5)).kind === 'done', 2);
      await reach('it is', async () => settled(NEW, 5));
      assert.ok(
        (await ids()).every((id) => served.includes(id)),
        'no worker was restarted',
      );
      assert.equal(await stage.rollouts.lastHealthy(target, NEW), OLD);
    });

    it('lets go of a zone in which a worker is missing, and leaves nothing that holds it for long', async () => {
      const before = await stage.updateOf('a');
      await prepulled(NEW);
      const [first, second] = [...new Set((await workers()).map((one) => one.node))];
      const there = (await oldOn(first!)).length;
      await update(first!);
      await reach('one node is new', async () => (await ready()) === there, 6);
      await stage.orchestrator.cordon(target, second!);
      await stage.orchestrator.drain(target, second!, { decisionId: 'm-1', deadlineSeconds: 20 });
      await reach('the other is empty', async () => (await oldOn(second!)).length === 0, 5);
      await reach(
        'all there are serve',
        async () => (await workers()).every((one) => one.state === 'ready'),
        6,
      );
      assert.ok((await workers()).length < 6);
      await reach('it is let go', async () => {
        await stage.rollouts.release(target, 'a');
        return !(await zoneOf()).held;
      });
      assert.deepEqual(await stage.updateOf('a'), before);
      await stage.orchestrator.uncordon(target, second!);
    });

    it('raises in a held zone while its new workers are well, and cuts there never', async () => {
      await prepulled(NEW);
      await update(await firstNode());
      const raised = async () => isDeepStrictEqual(await scale(8), { kind: 'done', workers: 8 });
      assert.equal(await raised(), false, 'while they start');
      await reach('they are well', async () => (await ready()) > 0 && (await workers()).length === 6, 6);
      const before = (await workers()).filter((one) => one.image === OLD).map((one) => one.id);
      await reach('they may be raised', raised, 2);
      await reach('all are ready', async () => (await ready()) + before.length === 8, 6);
      const still = (await workers()).filter((one) => one.image === OLD).map((one) => one.id);
      assert.deepEqual(still, before, 'no old worker was touched');
      assert.equal((await scale(5)).kind, 'blocked');
    });

    it('shows a worker that never becomes healthy as failed, with its last words', async () => {
      await update(await firstNode(), BAD);
      const failed = async () => (await workers()).filter((one) => one.state === 'failed');
      await reach('one failed', async () => (await failed()).length > 0, 15);
      const [first] = await failed();
      assert.equal(first?.image, BAD);
      const log = await stage.rollouts.logTail(target, first?.id ?? '', 2);
      assert.match(log ?? '', /model not loaded/);
    });

    it('goes back to the old image the same way, and touches no worker that still ran it', async () => {
      const before = await stage.updateOf('a');
      const node = await firstNode();
      const others = (await workers()).filter((one) => one.node !== node).map((one) => one.id);
      await update(node, BAD, 2);
      await reach('it failed', async () => (await workers()).some((one) => one.state === 'failed'), 15);
      await reach(
        'all are old again',
        async () => {
          const bad = (await workers()).filter((one) => one.image === BAD && one.state !== 'stopping');
          for (const on of new Set(bad.map((one) => one.node))) {
            const ids = bad.filter((one) => one.node === on).map((one) => one.id);
            await stage.rollouts.update(target, 'a', on, OLD, { ...why(4), workers: ids });
          }
          return settled(OLD);
        },
        10,
      );
      await released();
      await stage.rest();
      assert.deepEqual(await zoneOf(), { zone: 'a', image: OLD, held: false });
      assert.deepEqual(await stage.updateOf('a'), before);
      const left = (await workers()).map((one) => one.id);
      assert.ok(others.every((id) => left.includes(id)));
    });

    it('a scale that is under way blocks with a typed answer, and nothing is registered', async () => {
      await scale(7);
      await reach('its deployment runs', async () => (await blockOf()) === 'deployment', 1);
      const result = await update(await firstNode());
      assert.ok(result.kind === 'blocked' && result.by.kind === 'deployment');
      assert.equal((await zoneOf()).image, OLD);
    });

    it('a lost answer is made good by asking again', async () => {
      const node = await firstNode();
      stage.loseNextAnswer();
      await update(node, NEW, 2).catch(() => {});
      await reach('somebody is new', async () => (await ready()) > 0, 10);
      await reach(
        'the node is new',
        async () => {
          await update(node, NEW, 4);
          return (await oldOn(node)).length === 0;
        },
        10,
      );
      assert.equal((await zoneOf()).held, true);
    });

    it('a node that is taken out during a rollout is emptied, takes nothing, and comes back', async () => {
      await prepulled(NEW);
      const node = await firstNode();
      await update(node, NEW, 1);
      await reach('one is new', async () => (await ready()) === 1, 6);
      const other = (await workers()).find((one) => one.node !== node)!.node;
      const seen = async () => (await stage.orchestrator.nodes(target)).find((one) => one.id === other)!;
      await stage.orchestrator.cordon(target, other);
      assert.equal((await seen()).eligible, false);
      await stage.orchestrator.drain(target, other, { decisionId: 'm-1', deadlineSeconds: 20 });
      await reach('it is empty', async () => (await seen()).drain?.done === true, 5);
      assert.equal((await seen()).workers, 0);
      await stage.rest();
      const left = (await workers()).map((one) => one.id);
      assert.equal(left.length, 4, 'two find no room');
      await stage.orchestrator.uncordon(target, other);
      await reach('it is back', async () => (await seen()).eligible, 1);
      await stage.rest();
      assert.equal((await workers()).length, 4, 'a paused deployment has forgotten them');
      await reach(
        'all its workers are asked for anew, and serve',
        async () => {
          await stage.rollouts.refill(target, 'a');
          const all = await workers();
          return all.length === 6 && all.every((one) => one.state === 'ready');
        },
        10,
      );
      const all = (await workers()).map((one) => one.id);
      assert.ok(
        left.every((id) => all.includes(id)),
        'nobody else was touched',
      );
      assert.equal((await zoneOf()).held, true);
    });
  });
}
