import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { aStory, FLEET, minute, said } from './a-day.js';

/** A ramp from 0.5 to 2.5 requests a second over three hours. */
const ramp = (at: number): number => 0.5 + 2 * Math.min(1, at / 180);

test('holds when metrics went dark during the ramp', async () => {
  const story = await aStory({
    rate: (at) => (at < 100 ? ramp(at) : 0.2),
    ill: [{ peer: 'demand', illness: 'stale', from: 95, until: 200 }],
  });
  await story.passTo(minute(94));
  const before = story.world.asked(FLEET);
  ok(before >= 6, `${before} workers on the ramp`);
  await story.passTo(minute(199));
  ok(story.world.asked(FLEET) >= before, 'nothing was cut in the dark');
  ok((await story.codes()).includes('hold-metrics-missing'));
  await story.passTo(minute(400));
  ok(story.world.asked(FLEET) < before, 'with light the fleet follows the demand down');
  deepEqual(story.broken, []);
});

test('a queue without statistics is unknown, not idle', async () => {
  const story = await aStory({
    rate: 2,
    ill: [{ peer: 'demand', illness: 'nostats', from: 130, until: 260 }],
  });
  await story.passTo(minute(129));
  const before = story.world.asked(FLEET);
  await story.passTo(minute(259));
  ok(story.world.asked(FLEET) >= before);
  const newest = await story.newest();
  const missing = newest.reasons.find(({ code }) => code === 'hold-metrics-missing');
  equal(missing && 'peer' in missing && missing.peer, 'rabbitmq');
  deepEqual(story.broken, []);
});

test('the latency alert fires while the fleet is too small, pages once, and is resolved when it is not', async () => {
  const story = await aStory({
    rate: (at) => (at < 60 ? 0.5 : 2.6),
    knobs: { ceiling: 8, floor: 2 },
    happens: [],
  });
  await story.passTo(minute(150));
  const fired = story.pager.events().filter((event) => event.kind === 'trigger');
  equal(fired.length, 1, 'one page');
  equal(said(story, 'latency-').length, 1, 'one message');
  match(said(story, 'short-')[0] ?? '', /ceiling/);
});
