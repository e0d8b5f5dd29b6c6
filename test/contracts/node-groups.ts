/** What the node groups of a cloud must do, whatever stands behind them; the twin and the adapters run this same suite. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { OutsideError } from '../../src/errors.js';
import type { NodeGroupsActor, NodeGroupsReader, NodeGroupTarget } from '../../src/ports.js';
import type { Cluster, ClusterSpec } from '../../src/simulation/cluster.js';
import { aSpec, MINUTE } from './orchestrator.js';

export interface GroupsStage {
  groups: NodeGroupsReader & NodeGroupsActor;
  cluster: Cluster;
  pass(seconds: number): void;
  loseNextAnswer(): void;
  close(): Promise<void>;
}

export const groupsTarget: NodeGroupTarget = {
  kind: 'gce-mig',
  groups: ['a', 'b'].map((zone) => ({
    zone,
    project: 'sandbox',
    gceZone: `asia-south1-${zone}`,
    group: `face-match-${zone}`,
  })),
};

export function nodeGroupsContract(name: string, open: (spec: ClusterSpec) => Promise<GroupsStage>): void {
  describe(`node groups contract: ${name}`, () => {
    let stage: GroupsStage;
    const why = { decisionId: 'd-1' };
    const seen = async (zone: string) =>
      (await stage.groups.list(groupsTarget)).find((one) => one.zone === zone)!;
    beforeEach(async () => {
      stage = await open(aSpec({ maxNodesPerZone: 3 }));
    });
    afterEach(async () => stage.close());

    it('lists each zone with its size and its instances by name', async () => {
      const names = stage.cluster.vms('face-match-a').map((vm) => vm.name);
      assert.deepEqual(await seen('a'), {
        zone: 'a',
        size: 1,
        instances: names.map((one) => ({ name: one, status: 'running' })),
        problem: null,
      });
    });

    it('grows to an absolute size; repeating it adds nothing; new VMs start, then run', async () => {
      await stage.groups.grow(groupsTarget, 'a', 3, why);
      await stage.groups.grow(groupsTarget, 'a', 3, why);
      stage.pass(1);
      const during = await seen('a');
      assert.equal(during.size, 3);
      assert.deepEqual(during.instances.map((one) => one.status).sort(), ['running', 'starting', 'starting']);
      stage.pass(3 * MINUTE);
      assert.ok((await seen('a')).instances.every((one) => one.status === 'running'));
      assert.equal((await seen('b')).size, 1);
    });

    it('refuses to grow to fewer', async () => {
      await stage.groups.grow(groupsTarget, 'a', 2, why);
      await assert.rejects(
        stage.groups.grow(groupsTarget, 'a', 1, why),
        (error) => error instanceof OutsideError && error.class === 'human',
      );
      assert.equal((await seen('a')).size, 2);
    });

    it('removes exactly the named instances; one that is gone already is no error', async () => {
      await stage.groups.grow(groupsTarget, 'a', 3, why);
      stage.pass(3 * MINUTE);
      const victim = (await seen('a')).instances[1]!.name;
      await stage.groups.remove(groupsTarget, 'a', [victim], why);
      await stage.groups.remove(groupsTarget, 'a', [victim, 'never-was'], why);
      stage.pass(MINUTE);
      const then = await seen('a');
      assert.equal(then.size, 2);
      assert.ok(then.instances.every((one) => one.name !== victim && one.status === 'running'));
      assert.equal(then.instances.length, 2);
    });

    it('says in words why the cloud does not deliver', async () => {
      await stage.groups.grow(groupsTarget, 'a', 5, why);
      stage.pass(3 * MINUTE);
      const short = await seen('a');
      assert.equal(short.instances.filter((one) => one.status === 'running').length, 3);
      assert.match(short.problem ?? '', /ZONE_RESOURCE_POOL_EXHAUSTED/);
    });

    it('shows VMs of a zone that is out as failed', async () => {
      stage.cluster.setZone('a', false);
      stage.pass(1);
      assert.deepEqual(
        (await seen('a')).instances.map((one) => one.status),
        ['failed'],
      );
    });

    it('a lost answer can be repeated', async () => {
      stage.loseNextAnswer();
      await assert.rejects(
        stage.groups.grow(groupsTarget, 'a', 2, why),
        (error) => error instanceof OutsideError && error.class === 'retry',
      );
      await stage.groups.grow(groupsTarget, 'a', 2, why);
      assert.equal((await seen('a')).size, 2);
    });

    it('a zone it does not know is an error that only people can mend', async () => {
      await assert.rejects(
        stage.groups.grow(groupsTarget, 'z', 2, why),
        (error) => error instanceof OutsideError && error.class === 'human',
      );
    });
  });
}
