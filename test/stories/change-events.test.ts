/** What PagerDuty shows beside its incidents: every scale, override, freeze, rollout and maintenance, told once. */
import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import { hear } from '../../commands/index.js';
import type { PagerEvent } from '../../src/core/message.js';
import type { Queue } from '../../src/ports.js';
import { aScene } from '../support/fleet.js';
import { aMaintainedWorld } from '../support/maintained-world.js';
import { aRolloutWorld, BAD, FLEET, GOOD, type RolloutWorld } from './rollout-world.js';

type Change = Extract<PagerEvent, { kind: 'change' }>;
const changesOf = (events: PagerEvent[]): Change[] =>
  events.filter((event): event is Change => event.kind === 'change');
const told = (world: RolloutWorld, what: RegExp) =>
  changesOf(world.changes).filter(({ summary }) => what.test(summary));
const allOnce = (events: PagerEvent[]) => {
  const ids = changesOf(events).map(({ id }) => id);
  equal(new Set(ids).size, ids.length, 'each once');
};

test('a scale is told with its numbers and its reasons', async () => {
  const world = await aRolloutWorld();
  await world.say(`override ${FLEET} floor 30 for 1h because a customer starts`);
  await world.pass(5);
  const scale = told(world, new RegExp(`^${FLEET}: \\d+ -> 30 workers$`));
  equal(scale.length, 1);
  equal(scale[0]?.details.decisionId, scale[0]?.id);
  match(String(scale[0]?.details.why), /at least 30|floor/i);
  allOnce(world.changes);
});

test('what people set is told when it is set, changed, ended and when it runs out', async () => {
  const world = await aRolloutWorld();
  const said = [
    `override ${FLEET} floor 20 for 1h because a campaign starts`,
    `override extend ${FLEET} 30m`,
    `override cancel ${FLEET}`,
    `freeze ${FLEET} for 30m because we look`,
    `unfreeze ${FLEET}`,
    'freeze for 10m because an audit runs',
  ];
  for (const words of said) {
    await world.say(words);
    await world.pass(1);
  }
  await world.pass(12);
  const people = changesOf(world.changes).filter(({ details }) => details.by !== undefined);
  deepEqual(
    people.map(({ fleet, summary, details }) => [
      fleet,
      details.by,
      summary.replace(/ until \d\d:\d\d UTC/, ''),
    ]),
    [
      [FLEET, 'Asha Rao', `Asha Rao set ${FLEET} to at least 20 workers: a campaign starts`],
      [FLEET, 'Asha Rao', `Asha Rao extended the override of ${FLEET} (at least 20 workers).`],
      [FLEET, 'Asha Rao', `The override of ${FLEET} (at least 20 workers) was cancelled by Asha Rao.`],
      [FLEET, 'Asha Rao', `Asha Rao set a freeze, ${FLEET}: no changes: we look`],
      [FLEET, 'Asha Rao', `The freeze (${FLEET}: no changes) was cancelled by Asha Rao.`],
      ['*', 'Asha Rao', 'Asha Rao set a freeze, all fleets: no changes: an audit runs'],
      ['*', 'Muster', 'The freeze (all fleets: no changes) ran out.'],
    ],
  );
  allOnce(world.changes);
});

test('what people set is told though the process dies with the intent stored and nothing else done', async () => {
  const { context, store } = aScene();
  const queue: Queue = { enqueue: () => Promise.reject(new Error('killed')) };
  const said = [
    'override ocr floor 20 for 1h because a campaign starts',
    'override extend ocr 30m',
    'override cancel ocr',
    'freeze ocr for 30m because we look',
    'unfreeze ocr',
  ];
  for (const words of said) {
    await rejects(hear(words, { ...context, said: words, queue }), /killed/);
    const event = await store.peekPager();
    equal(event?.kind === 'change' && event.details.said, words);
    await store.sentPager(event!);
    equal(await store.peekPager(), null, 'told once');
  }
});

test('a rollout is told when it touches the first worker and when it is done', async () => {
  const world = await aRolloutWorld();
  await world.say(`deploy ${FLEET} ${GOOD} --soak 2m`);
  await world.until('the end', 240, async () => (await world.rollout()).phase === 'done');
  await world.pass(1);
  const rollout = told(world, /rollout of/);
  equal(rollout.length, 2);
  match(rollout.at(-1)?.summary ?? '', /is done/);
  equal(rollout[0]?.details.image, GOOD);
  allOnce(world.changes);
});

test('a rollout that goes back is told at its begin, on the way back and at its end', async () => {
  const world = await aRolloutWorld();
  await world.say(`deploy ${FLEET} ${BAD}`);
  await world.until('the end', 120, async () => (await world.rollout()).phase === 'rolled-back');
  await world.pass(1);
  const rollout = told(world, /rollout of/);
  match(rollout.at(-1)?.summary ?? '', /rolled back .* by itself/);
  ok(rollout.some(({ summary }) => /rolls back/.test(summary)));
  equal(rollout.length, 3);
  allOnce(world.changes);
});

test('a maintenance is told when the node is taken out and when it is over', async () => {
  const world = aMaintainedWorld();
  await world.pass(45);
  const vm = world.vms()[0]!;
  await world.announce(vm, 60, 8);
  ok(await world.pass(120, async () => (await world.phaseOf(vm)) === 'over'));
  await world.pass(1);
  const about = changesOf(world.paged).filter(({ id }) => id.startsWith('maintenance-'));
  deepEqual(
    about.map(({ summary }) => /taken out for maintenance$|is over/.exec(summary)?.[0]),
    ['taken out for maintenance', 'is over'],
  );
  allOnce(world.paged);
});
