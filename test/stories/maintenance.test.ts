/** Nodes that the cloud stops: what the bot does about it, from the notice until the node is back. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Phase } from '../../src/core/maintenance/state.js';
import type { SimVm } from '../../src/simulation/cluster/state.js';
import { aMaintainedWorld, type Call, type MaintainedWorld, MINUTE } from '../support/maintained-world.js';

const onNode = (world: MaintainedWorld, vm: SimVm) =>
  world.cluster.state.allocations.filter((one) => one.vm === vm.id && one.client !== 'complete');
/** Workers that died with a node: their requests were lost or delivered again. */
const lost = (world: MaintainedWorld) =>
  world.cluster.state.allocations.filter((one) => one.client === 'lost').length;
/** It takes work again, or the loop has taken it as the spare one since. */
const isBack = (vm: SimVm): boolean =>
  vm.eligible || !vm.lastDrain?.meta?.muster_decision?.startsWith('maintenance-');
const outcomes = async (world: MaintainedWorld) =>
  (await world.machines()).map(({ state }) => `${state.phase} ${state.outcome}`);
const busiest = (world: MaintainedWorld): SimVm =>
  [...world.vms()].sort((a, b) => onNode(world, b).length - onNode(world, a).length)[0]!;
const lateShare = (world: MaintainedWorld, since: { arrivals: number; late: number }) =>
  (world.late().late - since.late) / (world.late().arrivals - since.arrivals);

async function morning(options: Parameters<typeof aMaintainedWorld>[0] = {}): Promise<MaintainedWorld> {
  const world = aMaintainedWorld(options);
  await world.pass(45);
  return world;
}

const storesPhase =
  (phase: Phase) =>
  (call: Call, [machine]: unknown[]): boolean => {
    const state = (machine as { state?: { phase?: Phase } } | undefined)?.state;
    return call === 'store.saveMachine' && state?.phase === phase;
  };

describe('a maintenance notice', () => {
  it('is handled before its hour: the node is empty when it is stopped, and no request is late for it', async () => {
    const [world, without] = [await morning(), await morning()];
    const vm = busiest(world);
    const before = world.late();
    await world.announce(vm, 60, 8);
    await world.pass(59);
    assert.deepEqual(onNode(world, vm), []);
    assert.equal(await world.phaseOf(vm), 'away');
    await world.pass(40);
    assert.deepEqual(await outcomes(world), ['over back']);
    assert.ok(isBack(vm));
    assert.equal(lost(world), 0);
    await without.pass(99);
    assert.ok(lateShare(world, before) <= lateShare(without, before) + 0.001);
    const told = world.paged.filter(({ summary }) => summary.includes(vm.name));
    assert.deepEqual(
      told.map(({ kind }) => kind),
      ['change', 'change'],
    );
    const rows = world.posted.filter(({ key }) => key.startsWith('maintenance-'));
    assert.equal(new Set(rows.map(({ key }) => key)).size, 1, 'one message, updated in place');
  });

  it('gives back the nodes that stood in', async () => {
    const world = await morning();
    const vm = busiest(world);
    const nodes = world.vms().length;
    await world.announce(vm, 60, 8);
    assert.ok(await world.pass(30, () => world.vms().length > nodes));
    assert.ok(await world.pass(120, async () => (await world.phaseOf(vm)) === 'over'));
    const { desired } = await world.store.fleet(world.fleet.name);
    const needed = desired!.placement.reduce((sum, { workers }) => sum + Math.ceil(workers / 4), 0);
    assert.ok(await world.pass(30, () => world.vms().length <= needed), `${world.vms().length} nodes`);
  });

  it('heard again and again is one maintenance, the hour of the first report stays', async () => {
    const world = await morning();
    const vm = busiest(world);
    await world.announce(vm, 60, 8);
    const hours = new Set<number | null>();
    for (let times = 0; times < 5; times += 1) {
      await world.pass(1);
      await world.hear(vm, 59 - times);
      hours.add((await world.machines())[0]!.state.deadlineAt);
    }
    assert.equal((await world.machines()).length, 1);
    assert.equal(hours.size, 1);
  });

  it('of a far hour waits until an hour before', async () => {
    const world = await morning();
    const vm = busiest(world);
    await world.announce(vm, 240, 8);
    await world.pass(100);
    assert.equal(await world.phaseOf(vm), 'waiting');
    assert.equal(vm.eligible, true);
    await world.pass(139);
    assert.deepEqual(onNode(world, vm), []);
  });

  it('that leaves no time drains at once', async () => {
    const world = await morning();
    const vm = busiest(world);
    await world.announce(vm, 4, 8);
    await world.pass(4);
    assert.equal(lost(world), 0);
    assert.ok(await world.pass(90, async () => (await world.phaseOf(vm)) === 'over'));
    assert.deepEqual(await outcomes(world), ['over back']);
  });
});

describe('several notices at once', () => {
  it('are taken one after the other, all in time, with nothing lost', async () => {
    const world = await morning({ seed: 3 });
    await world.pass(120);
    const vms = world.vms().slice(0, 3);
    assert.equal(vms.length, 3);
    for (const vm of vms) await world.announce(vm, 90, 8);
    const moving = new Set<Phase>(['fencing', 'surging', 'draining']);
    let most = 0;
    await world.pass(91, async () => {
      const busy = (await world.machines()).filter(({ state }) => moving.has(state.phase)).length;
      most = Math.max(most, busy);
      return false;
    });
    assert.equal(most, 1);
    assert.equal(lost(world), 0);
    assert.ok(await world.pass(60, async () => (await world.machines()).every(({ open }) => !open)));
    assert.deepEqual(await outcomes(world), ['over back', 'over back', 'over back']);
  });

  it('too close for one after the other still empty every node before it is stopped', async () => {
    const world = await morning({ seed: 3 });
    await world.pass(120);
    const vms = world.vms().slice(0, 3);
    for (const vm of vms) await world.announce(vm, 35, 8);
    await world.pass(36);
    assert.equal(lost(world), 0);
    assert.ok(await world.pass(120, async () => (await world.machines()).every(({ open }) => !open)));
  });
});

describe('a notice that is withdrawn', () => {
  for (const phase of ['surging', 'draining', 'away'] as const) {
    it(`while ${phase}: the node takes work again`, async () => {
      const world = await morning();
      const vm = busiest(world);
      await world.announce(vm, 60, 8);
      assert.ok(await world.pass(60, async () => (await world.phaseOf(vm)) === phase));
      world.cluster.maintain(vm.id, null);
      await world.hear(vm, null);
      assert.ok(await world.pass(30, async () => (await world.phaseOf(vm)) === 'over'));
      assert.deepEqual([isBack(vm), vm.drain], [true, null]);
      assert.deepEqual(await outcomes(world), [phase === 'surging' ? 'over withdrawn' : 'over back']);
      assert.deepEqual((await world.store.fleet(world.fleet.name)).holds, []);
    });
  }
});

describe('a node that never returns', () => {
  it('is replaced by a new VM after an hour', async () => {
    const world = await morning();
    const vm = busiest(world);
    await world.announce(vm, 60, null);
    await world.pass(118);
    assert.equal(await world.phaseOf(vm), 'away');
    assert.ok(await world.pass(30, async () => (await world.phaseOf(vm)) === 'over'));
    assert.deepEqual(await outcomes(world), ['over replaced']);
    assert.ok(
      world.vm(vm.name) === undefined || world.vm(vm.name)!.state === 'gone' || vm.state === 'deleting',
    );
    assert.equal(lost(world), 0);
  });

  it('where nobody can make a new one, a person is paged, and no longer once it is back', async () => {
    const world = await morning({ fleet: { nodeGroups: { kind: 'fixed' } } });
    const vm = busiest(world);
    await world.announce(vm, 60, 150);
    await world.pass(125);
    const kinds = () =>
      world.paged.filter(({ summary }) => summary.includes(vm.name)).map(({ kind }) => kind);
    assert.equal(kinds().at(-1), 'trigger');
    assert.ok(await world.pass(120, async () => (await world.phaseOf(vm)) === 'over'));
    assert.deepEqual(kinds().slice(-2), ['resolve', 'change']);
  });
});

describe('when nobody can stand in', () => {
  it('a person is asked, with the hour until which it helps; the node serves on and is drained in the end', async () => {
    const world = await morning();
    for (const group of world.cluster.state.groups) group.maxSize = 1;
    const vm = busiest(world);
    await world.announce(vm, 60, 8);
    const deadline = (await world.machines())[0]?.state.deadlineAt ?? world.now() + 60 * MINUTE;
    assert.ok(await world.pass(40, () => world.paged.some(({ kind }) => kind === 'trigger')));
    const page = world.paged.find(({ kind }) => kind === 'trigger')!;
    assert.match(page.summary, /needs a person: no capacity can be had to stand in/);
    assert.equal(
      (page as { details: Record<string, unknown> }).details.helpsUntil,
      new Date(deadline - 10 * MINUTE).toISOString(),
    );
    assert.ok(onNode(world, vm).length > 0, 'it serves on');
    assert.ok(await world.pass(60, () => world.now() >= deadline - 1_000));
    assert.equal(onNode(world, vm).length, 0);
    assert.equal(lost(world), 0);
  });

  it('goes on by itself when the capacity comes', async () => {
    const world = await morning();
    for (const group of world.cluster.state.groups) group.maxSize = 1;
    const vm = busiest(world);
    await world.announce(vm, 60, 8);
    assert.ok(await world.pass(40, () => world.paged.some(({ kind }) => kind === 'trigger')));
    for (const group of world.cluster.state.groups) group.maxSize = 20;
    world.cluster.resize(vm.group, 4);
    assert.ok(await world.pass(25, async () => (await world.phaseOf(vm)) === 'draining'));
    assert.ok(world.paged.some(({ kind }) => kind === 'resolve'));
  });

  it('a freeze keeps everything as it is, and a person is asked to end it', async () => {
    const world = await morning();
    const vm = busiest(world);
    await world.say('freeze for 3h because we investigate');
    await world.announce(vm, 60, 8);
    await world.pass(40);
    assert.equal(await world.phaseOf(vm), 'waiting');
    assert.equal(vm.eligible, true);
    const pages = world.paged.filter(({ kind }) => kind === 'trigger').map(({ summary }) => summary);
    assert.ok(pages.some((summary) => summary.includes(`${vm.name} (face-match) needs a person: a freeze`)));
    await world.say('unfreeze');
    assert.ok(await world.pass(2, async () => (await world.phaseOf(vm)) !== 'waiting'), 'it goes on at once');
    await world.pass(16);
    assert.deepEqual(onNode(world, vm), [], 'empty before its hour all the same');
    assert.ok(world.paged.some(({ kind, summary }) => kind === 'resolve' && summary.includes(vm.name)));
    assert.ok(await world.pass(90, async () => (await world.phaseOf(vm)) === 'over'));
    assert.deepEqual([await outcomes(world), lost(world)], [['over back'], 0]);
  });

  it('a freeze while a node leaves lets it come back, and what stood in is given back after its end', async () => {
    const world = await morning();
    const vm = busiest(world);
    const nodes = world.vms().length;
    await world.announce(vm, 60, 8);
    assert.ok(await world.pass(60, async () => (await world.phaseOf(vm)) === 'draining'));
    await world.say('freeze for 90m because we investigate');
    assert.ok(await world.pass(85, async () => (await world.phaseOf(vm)) === 'over'));
    assert.deepEqual([await outcomes(world), isBack(vm), lost(world)], [['over back'], true, 0]);
    assert.ok(world.vms().length >= nodes, 'nothing is taken away meanwhile');
  });
});

describe('a bot that dies', () => {
  const phases: Phase[] = [
    'fencing',
    'surging',
    'draining',
    'away',
    'checking',
    'returning',
    'shrinking',
    'over',
  ];
  for (const phase of phases) {
    it(`right after ${phase} was stored goes on where it was`, async () => {
      const world = await morning();
      const vm = busiest(world);
      world.dieAt(storesPhase(phase));
      await world.announce(vm, 60, 8);
      assert.ok(await world.pass(150, async () => (await world.phaseOf(vm)) === 'over'));
      assert.equal(world.deaths(), 1);
      await world.pass(5);
      assert.deepEqual(await outcomes(world), ['over back']);
      assert.deepEqual([isBack(vm), lost(world)], [true, 0]);
    });
  }
  it('right after replacing was stored puts a new VM in its place', async () => {
    const world = await morning();
    const vm = busiest(world);
    world.dieAt(storesPhase('replacing'));
    await world.announce(vm, 60, null);
    assert.ok(await world.pass(200, async () => (await world.phaseOf(vm)) === 'over'));
    assert.deepEqual([world.deaths(), await outcomes(world), lost(world)], [1, ['over replaced'], 0]);
  });

  it('right after the old VM was removed puts one new VM in its place', async () => {
    const world = await morning();
    const vm = busiest(world);
    await world.announce(vm, 60, null);
    assert.ok(await world.pass(200, async () => (await world.phaseOf(vm)) === 'replacing'));
    const { size } = world.cluster.group(vm.group)!;
    world.dieAt((each) => each === 'nodeGroups.remove');
    assert.ok(await world.pass(60, async () => (await world.phaseOf(vm)) === 'over'));
    assert.deepEqual([world.deaths(), await outcomes(world)], [1, ['over replaced']]);
    assert.ok(world.cluster.group(vm.group)!.size <= size);
  });

  it('right after calling-off was stored gives the node its work back', async () => {
    const world = await morning();
    const vm = busiest(world);
    world.dieAt(storesPhase('calling-off'));
    await world.announce(vm, 60, 8);
    assert.ok(await world.pass(60, async () => (await world.phaseOf(vm)) === 'surging'));
    world.cluster.maintain(vm.id, null);
    await world.hear(vm, null);
    assert.ok(await world.pass(60, async () => (await world.phaseOf(vm)) === 'over'));
    assert.deepEqual([world.deaths(), await outcomes(world), isBack(vm)], [1, ['over withdrawn'], true]);
  });

  for (const call of ['cordon', 'drain', 'uncordon'] as const) {
    it(`right after ${call} was done does it no harm by doing it again`, async () => {
      const world = await morning();
      const vm = busiest(world);
      world.dieAt((each) => each === `orchestrator.${call}`);
      await world.announce(vm, 60, 8);
      assert.ok(await world.pass(150, async () => (await world.phaseOf(vm)) === 'over'));
      assert.equal(world.deaths(), 1);
      assert.deepEqual([isBack(vm), lost(world)], [true, 0]);
    });
  }
});

describe('what people say of it', () => {
  it('ignore leaves the node alone, and the same notice does not come back', async () => {
    const world = await morning();
    const vm = busiest(world);
    await world.announce(vm, 240, 8);
    await world.pass(1);
    await world.say(`migrate ignore ${vm.name}`);
    await world.pass(2);
    await world.hear(vm, 237);
    await world.pass(200);
    assert.deepEqual(await outcomes(world), ['over ignored']);
    assert.equal(vm.eligible, true);
  });

  it('fix empties a node whose hour is far', async () => {
    const world = await morning();
    const vm = busiest(world);
    await world.announce(vm, 240, 8);
    await world.pass(1);
    await world.say(`migrate fix ${vm.name.slice(-6)}`);
    await world.pass(25);
    assert.deepEqual(onNode(world, vm), []);
  });

  it('fix of a node without a notice puts a new VM in its place', async () => {
    const world = await morning();
    const vm = busiest(world);
    await world.say(`migrate fix ${vm.name}`);
    assert.ok(await world.pass(60, async () => (await world.phaseOf(vm)) === 'over'));
    assert.deepEqual(await outcomes(world), ['over replaced']);
    assert.equal(lost(world), 0);
    assert.ok(world.vm(vm.name)?.state !== 'ready');
  });

  it('fix of a node without a notice, where nobody can make a new VM, leaves it empty to a person, who gives it back', async () => {
    // Early enough for the other node to have room for its workers.
    const world = aMaintainedWorld({ fleet: { nodeGroups: { kind: 'fixed' } } });
    await world.pass(1);
    const vm = busiest(world);
    const reply = await world.say(`migrate fix ${vm.name}`);
    assert.match(reply.message?.summary ?? '', /you are asked to replace or repair it/);
    assert.ok(await world.pass(60, async () => (await world.phaseOf(vm)) === 'away'));
    await world.pass(120);
    assert.deepEqual([await world.phaseOf(vm), vm.eligible, onNode(world, vm)], ['away', false, []]);
    const kinds = () =>
      world.paged.filter(({ summary }) => summary.includes(vm.name)).map(({ kind }) => kind);
    assert.equal(kinds().at(-1), 'trigger');
    const back = await world.say(`migrate ignore ${vm.name}`);
    assert.match(back.message?.summary ?? '', /takes work again as soon as it is well/);
    assert.ok(await world.pass(10, async () => (await world.phaseOf(vm)) === 'over'));
    assert.deepEqual([await outcomes(world), isBack(vm), lost(world)], [['over back'], true, 0]);
    assert.ok(kinds().includes('resolve'));
  });

  it('ignore is refused once the drain has begun', async () => {
    const world = await morning();
    const vm = busiest(world);
    await world.announce(vm, 60, 8);
    assert.ok(await world.pass(60, async () => (await world.phaseOf(vm)) === 'draining'));
    const reply = await world.say(`migrate ignore ${vm.name}`);
    assert.equal(reply.refused, 'conflict');
  });
});
