import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import type { Illness, Peer } from '../../src/simulation/whole/faults.js';
import { aStory, FLEET, minute } from './a-day.js';

const READ: { peer: Peer; name: string; code: string }[] = [
  { peer: 'demand', name: 'rabbitmq', code: 'hold-metrics-missing' },
  { peer: 'gauge', name: 'prometheus', code: 'hold-metrics-missing' },
  { peer: 'orchestrator', name: 'nomad', code: 'hold-workers-unknown' },
];
const ILL: Illness[] = ['down', 'slow'];

for (const { peer, name, code } of READ)
  for (const illness of ILL)
    test(`${name} is ${illness}: the evaluation ends, holds and names it`, async () => {
      const story = await aStory({
        rate: (at) => (at < 125 ? 1.5 : 0.3),
        ill: [{ peer, illness, from: 130, until: 155 }],
      });
      await story.passTo(minute(129));
      const before = story.world.asked(FLEET);
      await story.passTo(minute(150));
      const cycle = (await story.decisions()).findLast(({ trigger }) => trigger === 'cycle')!;
      equal(cycle.cycle, minute(140), 'the cycle of the illness has its decision');
      ok(cycle.at - cycle.cycle <= 20_000, 'within its deadline');
      equal(cycle.kind, 'hold');
      const reason = cycle.reasons.find((one) => one.code === code);
      equal(reason && 'peer' in reason && reason.peer, name);
      equal(story.world.asked(FLEET), before);
      deepEqual(story.broken, []);
    });

for (const illness of ILL)
  test(`Slack is ${illness}: the fleet is scaled all the same, and the newest is told afterwards`, async () => {
    const story = await aStory({
      rate: (at) => (at < 125 ? 0.6 : 2),
      ill: [{ peer: 'chat', illness, from: 110, until: 200 }],
    });
    await story.passTo(minute(120));
    const before = { asked: story.world.asked(FLEET), said: story.workspace.messages().length };
    await story.passTo(minute(199));
    ok(story.world.asked(FLEET) > before.asked);
    // A slow one may have taken what it did not answer for.
    if (illness === 'down') equal(story.workspace.messages().length, before.said);
    await story.quiet();
    ok(story.workspace.messages().length > before.said);
    deepEqual(story.broken, []);
  });

test('PagerDuty is down: the page waits and is sent once', async () => {
  const story = await aStory({
    rate: (at) => (at < 60 ? 0.5 : 2.6),
    knobs: { ceiling: 8 },
    ill: [{ peer: 'pager', illness: 'down', from: 50, until: 150 }],
  });
  await story.passTo(minute(149));
  equal(story.pager.events().filter(({ kind }) => kind === 'trigger').length, 0);
  await story.passTo(minute(156));
  equal(story.pager.events().filter(({ kind }) => kind === 'trigger').length, 1);
});

test('Redis is down for a while: no decision is made, nothing is done twice, and the next minute goes on', async () => {
  const story = await aStory({
    rate: (at) => (at < 115 ? 0.6 : 2),
    ill: [
      { peer: 'store', illness: 'down', from: 118, until: 131 },
      { peer: 'queue', illness: 'down', from: 118, until: 131 },
    ],
  });
  await story.passTo(minute(130));
  equal((await story.newest()).cycle < minute(120), true);
  await story.passTo(minute(136));
  const cycle = (await story.decisions()).findLast(({ trigger }) => trigger === 'cycle')!;
  equal(cycle.cycle, minute(120), 'the missed cycle is decided late');
  await story.quiet();
  deepEqual(story.broken, []);
});

const STEPS: { peer: Peer; method: string }[] = [
  { peer: 'store', method: 'keepSample' },
  { peer: 'store', method: 'commitDecision' },
  { peer: 'queue', method: 'enqueue' },
  { peer: 'store', method: 'lease' },
  { peer: 'node-groups', method: 'grow' },
  { peer: 'orchestrator', method: 'scale' },
  { peer: 'store', method: 'progress' },
  { peer: 'store', method: 'release' },
  { peer: 'chat', method: 'post' },
  { peer: 'store', method: 'sent' },
];

for (const { peer, method } of STEPS)
  for (const dies of ['before', 'after'] as const)
    test(`killed between store and act, the next run goes on: ${dies} ${peer}.${method}`, async () => {
      const story = await aStory({
        rate: (at) => (at < 115 ? 0.6 : 2),
        strokes: [{ peer, method, dies, from: 116 }],
      });
      await story.passTo(minute(115));
      const before = story.world.asked(FLEET);
      await story.passTo(minute(180));
      ok(story.world.ready(FLEET) > before, 'the fleet grew');
      equal((await story.store.fleet(FLEET)).desired?.status, 'ready');
      const cycles = (await story.decisions()).filter(({ trigger }) => trigger === 'cycle');
      deepEqual(
        cycles.map(({ cycle }) => cycle),
        cycles.map((_, n) => cycles[0]!.cycle + n * 20 * 60_000),
        'each cycle once',
      );
      await story.quiet();
      deepEqual(story.broken, []);
    });

test('a job delivered twice while its sender lingers in Slack: the message is posted once', async () => {
  const story = await aStory({
    rate: (at) => (at < 115 ? 0.6 : 2),
    strokes: [{ peer: 'chat', method: 'post', delayMs: 9_000, from: 116 }],
    twice: true,
  });
  await story.passTo(minute(180));
  await story.quiet();
  deepEqual(story.broken, []);
});

test('a page and a message name the peer that stays silent', async () => {
  const story = await aStory({ ill: [{ peer: 'orchestrator', illness: 'down', from: 130, until: 150 }] });
  await story.passTo(minute(145));
  match(await story.say(`why ${FLEET}`), /nomad|orchestrator|workers/i);
});
