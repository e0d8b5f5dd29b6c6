/** Workers that run and do not serve, with the real app over the twins of every peer. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import type { RemedyRun } from '../../src/core/remedies/run.js';
import { aRolloutWorld, FLEET, OLD, type RolloutWorld } from './rollout-world.js';

const AUTO = { auto: ['recycle-worker', 'recycle-node'], perHour: 4 };

const running = ({ simulation }: RolloutWorld) =>
  simulation.cluster.state.allocations.filter(
    (one) => one.desired === 'run' && one.client === 'running' && one.servesAt <= simulation.cluster.now,
  );
const sum = (world: RolloutWorld, what: 'desired' | 'ready' | 'serving') =>
  world.simulation.cluster.fleet(FLEET).reduce((all, zone) => all + zone[what], 0);
const runs = async (world: RolloutWorld) =>
  (await world.ports.store.machines('remedy')).map(({ state }) => state as RemedyRun);
const alertOf = (world: RolloutWorld) =>
  [...world.messages].findLast(([key]) => key.startsWith('health-'))?.[1] ?? '';
const healthPages = (world: RolloutWorld) =>
  world.pages.flatMap((page) =>
    'dedupKey' in page && page.dedupKey.includes('/health/') ? [page.kind] : [],
  );
const reasonsSince = async (world: RolloutWorld, at: number) =>
  (await world.ports.store.decisions(FLEET, 50))
    .filter((one) => one.at >= at)
    .flatMap(({ reasons }) => reasons.map(({ code }) => code));

test('a stuck worker is found while others finish, recycled by itself, and the alert resolves', async () => {
  const world = await aRolloutWorld({ remedies: AUTO });
  const [victim] = running(world);
  const ready = sum(world, 'ready');
  world.simulation.cluster.sicken(victim!.id, { kind: 'stuck' });
  equal(sum(world, 'serving'), ready - 1);
  await world.pass(3);
  deepEqual(await runs(world), [], 'nothing is done before it is known');
  match(await world.say(`status ${FLEET}`), /face-match/);
  await world.pass(5);
  deepEqual(
    (await runs(world)).map(({ name, auto, status, steps }) => [name, auto, status, steps]),
    [
      [
        'recycle-worker',
        true,
        'done',
        [{ do: 'stop-worker', worker: victim!.id, zone: victim!.job.replace(`${FLEET}-`, '') }],
      ],
    ],
  );
  match(
    world.pages[0]?.summary ?? '',
    new RegExp(`worker ${victim!.id.slice(0, 8)} .* takes work and finishes none`),
  );
  await world.pass(10);
  ok(!running(world).some(({ id }) => id === victim!.id));
  equal(sum(world, 'serving'), sum(world, 'ready'));
  match(alertOf(world), /all workers that answer are well again/);
  deepEqual(healthPages(world), ['trigger', 'resolve']);
  deepEqual(world.errors, []);
});

test('nothing recycles by itself where nobody allowed it: the remedy fits, and a person says it', async () => {
  const world = await aRolloutWorld();
  const [victim] = running(world);
  world.simulation.cluster.sicken(victim!.id, { kind: 'stuck' });
  await world.pass(10);
  deepEqual(await runs(world), []);
  match(
    await world.say(`remedy ${FLEET}`),
    /Fitting face-match now: recycle-worker, because worker .* takes work/,
  );
  match(await world.say(`remedy ${FLEET} recycle-worker`), new RegExp(`Worker ${victim!.id.slice(0, 8)}`));
  await world.pass(12);
  match(alertOf(world), /well again/);
  equal(sum(world, 'serving'), sum(world, 'ready'));
});

test('a GPU that fails: others stand in, its node is recycled, and what stood in is given back', async () => {
  const world = await aRolloutWorld({ remedies: AUTO });
  // Half past nine in India: between the morning's rise and its peak nothing is cut meanwhile.
  const node = running(world)[0]!.vm;
  const hit = running(world).filter(({ vm }) => vm === node).length;
  const before = sum(world, 'desired');
  const from = world.now();
  world.simulation.cluster.setDevice(node, false);
  await world.pass(2);
  const why = await world.say(`status ${FLEET}`);
  match(why, new RegExp(`${hit} of them not serving`));
  await world.until('the recycled node', 30, async () => (await runs(world))[0]?.status === 'done');
  deepEqual(
    (await runs(world)).map(({ name }) => name),
    ['recycle-node'],
  );
  await world.until('all well', 30, () => /well again/.test(alertOf(world)));
  equal(sum(world, 'serving'), sum(world, 'ready'));
  await world.pass(60);
  ok(sum(world, 'desired') < before + 3 * hit, `${sum(world, 'desired')} after ${before}`);
  ok(!world.simulation.cluster.state.vms.some((vm) => vm.deviceFailedAt !== undefined));
  deepEqual(healthPages(world), ['trigger', 'resolve']);
  ok((await reasonsSince(world, from)).length > 0);
});

test('a device that does not work is no capacity: the cycle asks for one more, and gives it back', async () => {
  const world = await aRolloutWorld();
  const [victim] = running(world);
  world.simulation.cluster.sicken(victim!.id, { kind: 'no-model' });
  const from = world.now();
  await world.pass(21);
  ok((await reasonsSince(world, from)).includes('degraded'), 'a decision says so');
  match(await world.say(`why ${FLEET}`), /./);
  const serving = sum(world, 'serving');
  equal(serving, sum(world, 'ready') - 1);
  world.simulation.cluster.sicken(victim!.id, null);
  const well = world.now();
  await world.pass(25);
  ok(!(await reasonsSince(world, well + 2 * 60_000)).includes('degraded'));
});

test('the storage goes out: nobody is recycled, nothing is added for it, and people are told what it is', async () => {
  const world = await aRolloutWorld({ remedies: AUTO });
  const before = new Set(running(world).map(({ id }) => id));
  const from = world.now();
  world.simulation.cluster.setDependency(false);
  await world.pass(12);
  deepEqual(await runs(world), []);
  match(alertOf(world), /nobody finishes anything: the cause is likely what they depend on/);
  ok(
    [...before].every((id) => running(world).some((one) => one.id === id)),
    'all run on',
  );
  ok(!(await reasonsSince(world, from)).includes('degraded'));
  deepEqual(healthPages(world), ['trigger']);
  world.simulation.cluster.setDependency(true);
  await world.pass(8);
  match(alertOf(world), /well again/);
  deepEqual(healthPages(world), ['trigger', 'resolve']);
});

test('nobody answers: all count as running, and nobody is alarmed', async () => {
  const world = await aRolloutWorld({ remedies: AUTO });
  for (const { id } of running(world)) world.simulation.cluster.sicken(id, { kind: 'silent' });
  const from = world.now();
  await world.pass(25);
  deepEqual([await runs(world), healthPages(world), alertOf(world)], [[], [], '']);
  ok(!(await reasonsSince(world, from)).includes('degraded'));
});

test('an image that runs and loads no model is stopped at the golden node and rolls back by itself', async () => {
  const world = await aRolloutWorld();
  const hollow = `registry.example/${FLEET}:hollow`;
  await world.say(`deploy ${FLEET} ${hollow}`);
  const had = new Set<string>();
  await world.until('the rollback', 90, async () => {
    for (const one of world.simulation.cluster.state.allocations) if (one.image === hollow) had.add(one.id);
    return (await world.rollout()).phase === 'rolled-back';
  });
  ok(had.size > 0 && had.size <= 4, `${had.size} workers had it, more than the golden node's`);
  const { failure, backBy } = await world.rollout();
  equal(backBy, null);
  match(failure?.why ?? '', /not healthy: \d+ \(worker .* has no model loaded\)/);
  match(failure?.log ?? '', /serving without a model/);
  equal(world.ready(OLD) > 0, true);
});

test('killed at any moment while a worker is stuck: one worker is recycled, one page opened and closed', async () => {
  const world = await aRolloutWorld({ remedies: AUTO });
  const [victim] = running(world);
  world.simulation.cluster.sicken(victim!.id, { kind: 'stuck' });
  for (let n = 0; n < 40; n += 1) {
    world.killAfter(3 + ((n * 7) % 23));
    await world.pass(0.5);
  }
  world.killAfter(null);
  await world.pass(15);
  ok(world.kills() > 10);
  equal((await runs(world)).filter(({ name }) => name === 'recycle-worker').length, 1);
  ok(!running(world).some(({ id }) => id === victim!.id));
  const kinds = new Set(healthPages(world));
  deepEqual([...kinds].sort(), ['resolve', 'trigger']);
  const keys = new Set(
    world.pages
      .flatMap((page) => ('dedupKey' in page ? [page.dedupKey] : []))
      .filter((key) => key.includes('/health/')),
  );
  equal(keys.size, 1);
});

test('a freeze stops Muster’s own hand until it ends', async () => {
  const world = await aRolloutWorld({ remedies: AUTO });
  match(await world.say(`freeze ${FLEET} for 1h because we look`), /./);
  const [victim] = running(world);
  world.simulation.cluster.sicken(victim!.id, { kind: 'stuck' });
  await world.pass(10);
  deepEqual(await runs(world), []);
  match(await world.say(`remedy ${FLEET}`), /Fitting face-match now: recycle-worker/);
  match(await world.say(`unfreeze ${FLEET}`), /./);
  await world.pass(3);
  deepEqual(
    (await runs(world)).map(({ name, auto }) => [name, auto]),
    [['recycle-worker', true]],
  );
});
