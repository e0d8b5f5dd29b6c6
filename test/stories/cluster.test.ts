import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { aStory, FLEET, MINUTE, minute, said } from './a-day.js';

test('somebody else changed the count: it is adopted, said, and not cut at once', async () => {
  const story = await aStory({
    rate: 1,
    knobs: { onForeignChange: 'adopt' },
    happens: [{ at: 125, foreign: 'zone-a', does: (world) => world.setCount(story.fleet, 'zone-a', 9) }],
  });
  await story.passTo(minute(124));
  const before = story.world.asked(FLEET);
  await story.passTo(minute(141));
  const seen = (await story.decisions()).find(({ reasons }) =>
    reasons.some(({ code }) => code === 'foreign-change'),
  );
  ok(seen !== undefined, 'the decision names the change');
  equal(story.world.asked(FLEET) > before, true);
  deepEqual(story.broken, []);
});

test('somebody else changed the count: it is restored where the policy says so', async () => {
  const story = await aStory({
    rate: 1,
    knobs: { onForeignChange: 'restore' },
    happens: [{ at: 125, foreign: 'zone-a', does: (world) => world.setCount(story.fleet, 'zone-a', 0) }],
  });
  await story.passTo(minute(124));
  const before = story.world.asked(FLEET);
  await story.passTo(minute(150));
  equal(story.world.asked(FLEET), before);
  deepEqual(story.broken, []);
});

test('a zone goes out and comes back: its workers stand in the other one, then odd-even again', async () => {
  const story = await aStory({
    rate: 1.5,
    happens: [
      { at: 125, does: ({ cluster }) => cluster.setZone('zone-a', false) },
      { at: 185, does: ({ cluster }) => cluster.setZone('zone-a', true) },
    ],
  });
  await story.passTo(minute(124));
  const before = story.world.ready(FLEET);
  await story.passTo(minute(140));
  const out = story.world.zones(FLEET).find(({ zone }) => zone === 'zone-b');
  ok((out?.ready ?? 0) >= before - 1, `${out?.ready} ready in the zone that is left, ${before} before`);
  ok((await story.decisions()).some(({ reasons }) => reasons.some(({ code }) => code === 'zone-down')));
  await story.passTo(minute(260));
  const [a, b] = story.world.zones(FLEET).map(({ ready }) => ready);
  ok(Math.abs((a ?? 0) - (b ?? 0)) <= 1, `${a} and ${b}`);
  deepEqual(story.broken, []);
});

test('the orchestrator loses an answer: the scale is not repeated, and the fleet arrives', async () => {
  const story = await aStory({
    rate: (at) => (at < 115 ? 0.6 : 2.2),
    ill: [{ peer: 'orchestrator', illness: 'loses-answers', from: 118, until: 130 }],
  });
  await story.passTo(minute(170));
  const { desired } = await story.store.fleet(FLEET);
  equal(desired?.status, 'ready');
  deepEqual(story.broken, [], 'the invariant "once" has seen every call');
});

test('a raise beyond capacity goes as far as it fits and alerts', async () => {
  const story = await aStory({
    rate: 0.5,
    knobs: { ceiling: 30, slotsPerNode: 4 },
    happens: [{ at: 40, does: (world) => world.grant(FLEET, 2) }],
  });
  await story.passTo(minute(41));
  await story.say(`override ${FLEET} 30 for 3h because stress test`);
  await story.pass(15 * MINUTE);
  equal(story.world.asked(FLEET), 16, 'all slots of two nodes in two zones');
  match(said(story, 'lack-').join(' '), /capacity|fit|lack/i);
  deepEqual(story.broken, []);
});

test('a fleet that lacks capacity for long stays one alert, which says since when and how often, until it has all', async () => {
  const story = await aStory({
    rate: 0.5,
    knobs: { ceiling: 30, slotsPerNode: 4 },
    happens: [
      { at: 40, does: (world) => world.grant(FLEET, 2) },
      { at: 160, does: (world) => world.grant(FLEET, 4) },
    ],
  });
  await story.passTo(minute(41));
  await story.say(`override ${FLEET} 30 for 4h because stress test`);
  await story.passTo(minute(101));
  await story.say(`override ${FLEET} 28 for 3h --replace because stress test`);
  await story.passTo(minute(159));
  const [lasting, ...others] = said(story, 'lack-');
  match(lasting ?? '', /28 workers.*try [4-9], for 1 h/);
  deepEqual(others, [], 'a second count of the same lack is no second alert');
  await story.passTo(minute(205));
  equal((await story.store.fleet(FLEET)).desired?.status, 'ready');
  match(
    said(story, 'lack-').join(' '),
    /^face lacks nothing any more: 28 workers ready, after .* and [4-9] tries\.$/,
  );
  equal((await story.store.fleet(FLEET)).desired?.lack, undefined);
  deepEqual(story.broken, []);
});

test('another autoscaler owns the group: nothing is touched', async () => {
  const story = await aStory({
    rate: (at) => (at < 60 ? 0.6 : 2.2),
    happens: [
      {
        at: 50,
        does: ({ cluster }) => {
          cluster.setForeignPolicy(`${FLEET}-zone-a`, true);
          cluster.setForeignPolicy(`${FLEET}-zone-b`, true);
        },
      },
    ],
  });
  await story.passTo(minute(51));
  const before = story.world.asked(FLEET);
  await story.passTo(minute(150));
  equal(story.world.asked(FLEET), before);
  ok((await story.codes()).includes('owned-by-other'));
});
