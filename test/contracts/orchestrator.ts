/**
 * What an orchestrator must do, whatever stands behind it. The simulated twin and the Nomad adapter (over its stand-in)
 * run this same suite. `Stage` is the world that the suite moves; the port is only what the suite asks.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { ZoneSeen } from '../../src/core/model.js';
import { OutsideError } from '../../src/errors.js';
import type { OrchestratorActor, OrchestratorReader, OrchestratorTarget } from '../../src/ports.js';
import type { Cluster, ClusterSpec } from '../../src/simulation/cluster.js';

export interface Stage {
  orchestrator: OrchestratorReader & OrchestratorActor;
  cluster: Cluster;
  /** Moves the Muster clock and the cluster. */
  pass(seconds: number): void;
  /** The next call that changes something is carried out, but its answer never comes. */
  loseNextAnswer(): void;
  close(): Promise<void>;
}

export const START = Date.UTC(2026, 0, 5);
export const MINUTE = 60;

export function aSpec(over: Partial<ClusterSpec['fleets'][number]> = {}): ClusterSpec {
  return {
    start: START,
    nodeBootSeconds: 120,
    workerStartSeconds: 60,
    workerStopSeconds: 20,
    fleets: [
      {
        name: 'face-match',
        zones: ['a', 'b'],
        slotsPerNode: 4,
        workersPerAllocation: 1,
        workers: 6,
        scaling: { min: 0, max: 50 },
        maxNodesPerZone: 10,
        ...over,
      },
    ],
  };
}

export function targetOf(spec: ClusterSpec): OrchestratorTarget {
  const fleet = spec.fleets[0]!;
  return {
    kind: 'nomad',
    targets: fleet.zones.map((zone) => ({ zone, job: `${fleet.name}-${zone}`, group: 'workers' })),
    workersPerAllocation: fleet.workersPerAllocation,
    slotsPerNode: fleet.slotsPerNode,
  };
}

export function orchestratorContract(name: string, open: (spec: ClusterSpec) => Promise<Stage>): void {
  describe(`orchestrator contract: ${name}`, () => {
    let stage: Stage;
    const spec = aSpec();
    const target = targetOf(spec);
    const why = (decisionId: string) => ({ decisionId, message: `muster ${decisionId}` });
    const zone = async (which: string): Promise<ZoneSeen> =>
      (await stage.orchestrator.zones(target)).find((one) => one.zone === which)!;
    const version = (job: string) => stage.cluster.job(job)!.version;

    beforeEach(async () => {
      stage = await open(spec);
    });
    afterEach(async () => stage.close());

    it('reads every zone in workers', async () => {
      const calm = { up: true, desired: 3, ready: 3, starting: 0, draining: 0, blocked: null };
      assert.deepEqual(await stage.orchestrator.zones(target), [
        { zone: 'a', ...calm },
        { zone: 'b', ...calm },
      ]);
    });

    it('a raise that fits is done, starts, and serves after its start time', async () => {
      const result = await stage.orchestrator.scale(target, 'a', 4, why('d-1'));
      assert.deepEqual(result, { kind: 'done', workers: 4 });
      stage.pass(30);
      const during = await zone('a');
      assert.deepEqual([during.desired, during.ready, during.starting], [4, 3, 1]);
      stage.pass(45);
      const then = await zone('a');
      assert.deepEqual([then.desired, then.ready, then.starting, then.blocked], [4, 4, 0, null]);
    });

    it('a running deployment blocks the next change with a typed answer, and nothing is sent', async () => {
      await stage.orchestrator.scale(target, 'a', 4, why('d-1'));
      stage.pass(5);
      const result = await stage.orchestrator.scale(target, 'a', 2, why('d-2'));
      assert.equal(result.kind, 'blocked');
      assert.equal(result.kind === 'blocked' && result.by.kind, 'deployment');
      assert.equal((await zone('a')).blocked?.kind, 'deployment');
      assert.equal(version('face-match-a'), 1);
      assert.equal(stage.cluster.job('face-match-a')!.events.length, 1);
      stage.pass(2 * MINUTE);
      const again = await stage.orchestrator.scale(target, 'a', 2, why('d-2'));
      assert.deepEqual(again, { kind: 'done', workers: 2 });
    });

    it('a repeat of the same change changes nothing, even while its deployment runs', async () => {
      await stage.orchestrator.scale(target, 'a', 4, why('d-1'));
      stage.pass(2);
      const repeat = await stage.orchestrator.scale(target, 'a', 4, why('d-1'));
      assert.deepEqual(repeat, { kind: 'done', workers: 4 });
      assert.equal(version('face-match-a'), 1);
    });

    it('a cut stops the newest workers, which are draining until they have finished', async () => {
      await stage.orchestrator.scale(target, 'b', 1, why('d-1'));
      stage.pass(5);
      const during = await zone('b');
      assert.deepEqual([during.desired, during.ready, during.draining], [1, 1, 2]);
      stage.pass(30);
      assert.equal((await zone('b')).draining, 0);
      const left = stage.cluster.state.allocations.filter(
        (one) => one.job === 'face-match-b' && one.desired === 'run',
      );
      assert.deepEqual(
        left.map((one) => one.slot),
        [0],
      );
    });

    it('plan says how much fits and what lacks', async () => {
      const fits = await stage.orchestrator.plan(target, 'a', 4);
      assert.deepEqual(fits, { fits: 4, lacks: null, how: 'plan' });
      const short = await stage.orchestrator.plan(target, 'a', 9);
      assert.equal(short.fits, 4);
      assert.ok(short.lacks !== null && short.lacks.length > 0);
      assert.equal(version('face-match-a'), 0);
    });

    it('plan of fewer workers than run always fits', async () => {
      assert.deepEqual(await stage.orchestrator.plan(target, 'a', 1), {
        fits: 1,
        lacks: null,
        how: 'plan',
      });
    });

    it('a raise beyond capacity goes as far as it fits and wedges nothing', async () => {
      const result = await stage.orchestrator.scale(target, 'a', 20, why('d-1'));
      assert.deepEqual(result, { kind: 'done', workers: 4 });
      stage.pass(3 * MINUTE);
      const then = await zone('a');
      assert.deepEqual([then.desired, then.ready, then.blocked], [4, 4, null]);
    });

    it('a raise with no room at all changes nothing', async () => {
      await stage.orchestrator.scale(target, 'a', 4, why('d-1'));
      stage.pass(3 * MINUTE);
      const result = await stage.orchestrator.scale(target, 'a', 8, why('d-2'));
      assert.deepEqual(result, { kind: 'done', workers: 4 });
      assert.equal(version('face-match-a'), 1);
    });

    it("a raise beyond the job's own maximum stops at it", async () => {
      stage.cluster.resize('face-match-a', 10);
      stage.pass(5 * MINUTE);
      stage.cluster.job('face-match-a')!.scaling!.max = 6;
      const plan = await stage.orchestrator.plan(target, 'a', 9);
      assert.equal(plan.fits, 6);
      assert.deepEqual(await stage.orchestrator.scale(target, 'a', 9, why('d-1')), {
        kind: 'done',
        workers: 6,
      });
      stage.cluster.job('face-match-a')!.scaling!.max = 50;
    });

    it('a lost answer is found again: one change, not two', async () => {
      stage.loseNextAnswer();
      const first = await stage.orchestrator.scale(target, 'a', 4, why('d-1')).catch((error: unknown) => {
        assert.ok(error instanceof OutsideError);
        assert.equal(error.class, 'retry');
        return null;
      });
      const repeat = first ?? (await stage.orchestrator.scale(target, 'a', 4, why('d-1')));
      assert.deepEqual(repeat, { kind: 'done', workers: 4 });
      assert.equal(version('face-match-a'), 1);
    });

    it("somebody's wedge blocks cuts too, until the deployment is failed", async () => {
      stage.cluster.scale('face-match-a', { count: 12, message: 'by hand' });
      stage.pass(3 * MINUTE);
      const wedged = await zone('a');
      assert.deepEqual([wedged.desired, wedged.ready], [12, 4]);
      const cut = await stage.orchestrator.scale(target, 'a', 4, why('d-1'));
      assert.ok(cut.kind === 'blocked' && cut.by.kind === 'deployment');
      stage.cluster.failDeployment(cut.by.id);
      const freed = await stage.orchestrator.scale(target, 'a', 4, why('d-1'));
      assert.deepEqual(freed, { kind: 'done', workers: 4 });
    });

    it('a wedge ends by itself at the progress deadline', async () => {
      stage.cluster.scale('face-match-a', { count: 12, message: 'by hand' });
      stage.pass(3 * MINUTE);
      assert.equal((await zone('a')).abandoned, undefined, 'it may still place them');
      stage.pass(10 * MINUTE);
      const over = await zone('a');
      assert.deepEqual([over.blocked, over.desired, over.abandoned], [null, 12, 8]);
      assert.equal(over.bad, undefined, 'what it runs was healthy before');
    });

    it('a count changed by somebody else shows as desired', async () => {
      stage.cluster.scale('face-match-b', { count: 2, message: 'by hand' });
      stage.pass(1);
      assert.equal((await zone('b')).desired, 2);
    });

    it('a job that another autoscaler owns is refused', async () => {
      stage.cluster.setForeignPolicy('face-match-a', true);
      const result = await stage.orchestrator.scale(target, 'a', 4, why('d-1'));
      assert.ok(result.kind === 'blocked' && result.by.kind === 'owned-by-other');
      assert.equal((await zone('a')).blocked?.kind, 'owned-by-other');
      assert.equal((await zone('b')).blocked, null);
    });

    it('a zone that is out is not up, keeps its desired count, and comes back by itself', async () => {
      stage.cluster.setZone('a', false);
      stage.pass(1);
      const out = await zone('a');
      assert.deepEqual([out.up, out.desired, out.ready], [false, 3, 0]);
      assert.equal((await zone('b')).up, true);
      assert.equal((await stage.orchestrator.plan(target, 'a', 3)).fits, 0);
      stage.cluster.setZone('a', true);
      stage.pass(5 * MINUTE);
      const back = await zone('a');
      assert.deepEqual([back.up, back.desired, back.ready], [true, 3, 3]);
    });

    it('nodes carry the name the cloud gave them, their zone and their workers', async () => {
      const nodes = await stage.orchestrator.nodes(target);
      const truth = stage.cluster.vms('face-match-a').map((vm) => vm.name);
      const inA = nodes.filter((one) => one.zone === 'a');
      assert.deepEqual(
        inA.map((one) => one.name),
        truth,
      );
      assert.deepEqual(
        inA.map(({ id: _id, name: _name, zone: _zone, ...rest }) => rest),
        [{ status: 'ready', eligible: true, workers: 3, healthy: true, drain: null }],
      );
    });

    it("a drained node takes no work, carries Muster's mark, and is done when it is empty", async () => {
      stage.cluster.resize('face-match-a', 2);
      stage.pass(3 * MINUTE);
      const first = (await stage.orchestrator.nodes(target)).find((one) => one.workers === 3)!;
      await stage.orchestrator.drain(target, first.id, { decisionId: 'd-7', deadlineSeconds: 600 });
      const node = async () => (await stage.orchestrator.nodes(target)).find((one) => one.id === first.id)!;
      stage.pass(1);
      assert.deepEqual((await node()).drain, { decisionId: 'd-7', done: false });
      assert.equal((await node()).eligible, false);
      stage.pass(10 * MINUTE);
      assert.deepEqual((await node()).drain, { decisionId: 'd-7', done: true });
      assert.equal((await node()).workers, 0);
      assert.equal((await zone('a')).ready, 3);
      const index = stage.cluster.state.vms.find((vm) => vm.id === first.id)!.modifyIndex;
      await stage.orchestrator.drain(target, first.id, { decisionId: 'd-7', deadlineSeconds: 600 });
      assert.equal(stage.cluster.state.vms.find((vm) => vm.id === first.id)!.modifyIndex, index);
    });

    it('a node that was made eligible again has lost its mark, and can be drained again', async () => {
      stage.cluster.resize('face-match-a', 2);
      stage.pass(3 * MINUTE);
      const spare = (await stage.orchestrator.nodes(target)).find(
        (one) => one.zone === 'a' && one.workers === 0,
      )!;
      const node = async () => (await stage.orchestrator.nodes(target)).find((one) => one.id === spare.id)!;
      await stage.orchestrator.drain(target, spare.id, { decisionId: 'd-1', deadlineSeconds: 60 });
      stage.pass(5);
      assert.equal((await node()).drain?.done, true);
      stage.cluster.setEligible(spare.id, true);
      assert.deepEqual([(await node()).eligible, (await node()).drain], [true, null]);
      await stage.orchestrator.drain(target, spare.id, { decisionId: 'd-2', deadlineSeconds: 60 });
      stage.pass(5);
      assert.deepEqual((await node()).drain, { decisionId: 'd-2', done: true });
    });

    it('a drained node that was removed is leaving, and does not make its zone look dead', async () => {
      await stage.orchestrator.scale(target, 'a', 0, why('d-1'));
      stage.pass(MINUTE);
      const node = (await stage.orchestrator.nodes(target)).find((one) => one.zone === 'a')!;
      await stage.orchestrator.drain(target, node.id, { decisionId: 'd-1', deadlineSeconds: 60 });
      stage.pass(5);
      stage.cluster.deleteInstances('face-match-a', [node.name]);
      stage.pass(MINUTE);
      const after = (await stage.orchestrator.nodes(target)).find((one) => one.id === node.id);
      assert.ok(after === undefined || after.status === 'leaving');
      assert.equal((await zone('a')).up, true);
    });

    it('a cordoned node takes no new work and keeps what it has; cordoning it again changes nothing', async () => {
      const first = (await stage.orchestrator.nodes(target)).find((one) => one.zone === 'a')!;
      const node = async () => (await stage.orchestrator.nodes(target)).find((one) => one.id === first.id)!;
      await stage.orchestrator.cordon(target, first.id);
      const { index } = stage.cluster.state;
      await stage.orchestrator.cordon(target, first.id);
      assert.equal(stage.cluster.state.index, index);
      assert.deepEqual([(await node()).eligible, (await node()).workers], [false, 3]);
      assert.equal((await stage.orchestrator.plan(target, 'a', 4)).fits, 3);
      await stage.orchestrator.uncordon(target, first.id);
      await stage.orchestrator.uncordon(target, first.id);
      assert.equal((await node()).eligible, true);
      assert.equal((await stage.orchestrator.plan(target, 'a', 4)).fits, 4);
    });

    it('a cordoned node that was drained once is drained again', async () => {
      const first = (await stage.orchestrator.nodes(target)).find((one) => one.zone === 'a')!;
      const node = async () => (await stage.orchestrator.nodes(target)).find((one) => one.id === first.id)!;
      const ask = (decisionId: string) =>
        stage.orchestrator.drain(target, first.id, { decisionId, deadlineSeconds: 30 });
      await ask('d-1');
      stage.pass(2 * MINUTE);
      await stage.orchestrator.uncordon(target, first.id);
      stage.pass(2 * MINUTE);
      assert.equal((await node()).workers, 3);
      await stage.orchestrator.cordon(target, first.id);
      await ask('d-2');
      stage.pass(2 * MINUTE);
      assert.deepEqual(
        [(await node()).workers, (await node()).drain],
        [0, { decisionId: 'd-2', done: true }],
      );
    });

    it('taking a node back calls its drain off', async () => {
      const first = (await stage.orchestrator.nodes(target)).find((one) => one.zone === 'a')!;
      const node = async () => (await stage.orchestrator.nodes(target)).find((one) => one.id === first.id)!;
      await stage.orchestrator.drain(target, first.id, { decisionId: 'd-1', deadlineSeconds: 600 });
      stage.pass(1);
      await stage.orchestrator.uncordon(target, first.id);
      stage.pass(5 * MINUTE);
      assert.deepEqual([(await node()).eligible, (await node()).drain], [true, null]);
      assert.equal((await zone('a')).ready, 3);
    });

    it('cordoning and taking back a node that is gone is no error', async () => {
      await stage.orchestrator.cordon(target, '00000000-0000-4000-8000-000000000000');
      await stage.orchestrator.uncordon(target, '00000000-0000-4000-8000-000000000000');
    });

    it('draining a node that is gone is no error', async () => {
      await stage.orchestrator.drain(target, '00000000-0000-4000-8000-000000000000', {
        decisionId: 'd-1',
        deadlineSeconds: 60,
      });
    });

    it('an unknown job is an error that only people can mend', async () => {
      const wrong: OrchestratorTarget = {
        kind: 'nomad',
        targets: [{ zone: 'a', job: 'nojob', group: 'workers' }],
        workersPerAllocation: 1,
        slotsPerNode: 4,
      };
      await assert.rejects(
        stage.orchestrator.zones(wrong),
        (error) => error instanceof OutsideError && error.class === 'human',
      );
    });

    it('a worker that is stopped is replaced, the count stays, and stopping it again changes nothing', async () => {
      const before = await stage.orchestrator.workers(target);
      assert.deepEqual(
        before.map(({ zone, state, workers }) => [zone, state, workers].join(' ')),
        [...Array(3).fill('a ready 1'), ...Array(3).fill('b ready 1')],
      );
      await stage.orchestrator.stopWorker(target, before[0]!.id);
      await stage.orchestrator.stopWorker(target, before[0]!.id);
      const meanwhile = await stage.orchestrator.workers(target);
      assert.equal(meanwhile.find(({ id }) => id === before[0]!.id)?.state, 'draining');
      stage.pass(5 * MINUTE);
      const [a] = await stage.orchestrator.zones(target);
      assert.deepEqual([a?.desired, a?.ready, a?.draining], [3, 3, 0]);
      const after = await stage.orchestrator.workers(target);
      assert.equal(after.length, 6);
      assert.ok(!after.some(({ id }) => id === before[0]!.id));
      await stage.orchestrator.stopWorker(target, before[0]!.id);
      assert.equal((await stage.orchestrator.workers(target)).length, 6);
    });

    it('a stuck deployment is failed, which unblocks the zone; failing it again changes nothing', async () => {
      await stage.orchestrator.scale(target, 'a', 4, why('d-1'));
      const blocked = await stage.orchestrator.zones(target);
      const id = blocked[0]?.blocked?.id ?? '';
      assert.equal(blocked[0]?.blocked?.kind, 'deployment');
      await stage.orchestrator.failDeployment(target, 'a', id);
      await stage.orchestrator.failDeployment(target, 'a', id);
      const [freed] = await stage.orchestrator.zones(target);
      assert.equal(freed?.blocked, null);
      await assert.rejects(
        stage.orchestrator.failDeployment(target, 'b', id),
        (error) => error instanceof OutsideError && error.class === 'human',
      );
    });

    it('zones of one fleet can be scaled at the same time', async () => {
      const results = await Promise.all([
        stage.orchestrator.scale(target, 'a', 4, why('d-1')),
        stage.orchestrator.scale(target, 'b', 4, why('d-1')),
      ]);
      assert.deepEqual(results, [
        { kind: 'done', workers: 4 },
        { kind: 'done', workers: 4 },
      ]);
    });
  });

  describe(`orchestrator contract, four workers an allocation: ${name}`, () => {
    const spec = aSpec({ workersPerAllocation: 4, workers: 8, maxNodesPerZone: 5 });
    const target = targetOf(spec);
    let stage: Stage;
    before(async () => {
      stage = await open(spec);
    });
    after(async () => stage.close());

    it('counts workers, asks for whole allocations, rounding up', async () => {
      const [a] = await stage.orchestrator.zones(target);
      assert.deepEqual([a?.desired, a?.ready], [4, 4]);
      stage.cluster.resize('face-match-a', 3);
      stage.pass(3 * MINUTE);
      assert.deepEqual(await stage.orchestrator.plan(target, 'a', 9), { fits: 9, lacks: null, how: 'plan' });
      const result = await stage.orchestrator.scale(target, 'a', 9, { decisionId: 'd-1', message: 'more' });
      assert.deepEqual(result, { kind: 'done', workers: 12 });
      assert.equal(stage.cluster.job('face-match-a')!.count, 3);
      stage.pass(3 * MINUTE);
      const plan = await stage.orchestrator.plan(target, 'a', 17);
      assert.equal(plan.fits, 12);
      const nodes = await stage.orchestrator.nodes(target);
      assert.deepEqual(
        nodes.filter((one) => one.zone === 'a').map((one) => one.workers),
        [4, 4, 4],
      );
    });
  });
}
