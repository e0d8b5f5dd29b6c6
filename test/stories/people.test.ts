import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { aStory, FLEET, MINUTE, minute, said } from './a-day.js';

test('an override typed at the peak ends on time and the fleet follows', async () => {
  const story = await aStory({ rate: 1, knobs: { ceiling: 24 } });
  await story.passTo(minute(125));
  const usual = story.world.asked(FLEET);
  match(await story.say(`override ${FLEET} 20 for 1h because campaign`), /20/);
  await story.pass(10 * MINUTE);
  equal(story.world.asked(FLEET), 20);
  equal(story.world.ready(FLEET), 20);
  await story.passTo(minute(184));
  equal(story.world.asked(FLEET), 20, 'until its last minute');
  await story.passTo(minute(330));
  ok(story.world.asked(FLEET) <= usual + 1, `${story.world.asked(FLEET)} again, ${usual} before`);
  const after = (await story.decisions()).filter(({ at }) => at >= minute(186));
  ok(after.every(({ reasons }) => reasons.every(({ code }) => !code.startsWith('override'))));
  ok(
    said(story, 'override-').some((text) => /ended|over|expired/i.test(text)),
    'its end was told',
  );
  deepEqual(story.broken, []);
});

test('an override beyond the ceiling is refused with the reason', async () => {
  const story = await aStory({ knobs: { ceiling: 12 } });
  await story.passTo(minute(21));
  match(await story.say(`override ${FLEET} 13 for 1h because more`), /ceiling .* 12/);
  await story.pass(5 * MINUTE);
  ok(story.world.asked(FLEET) <= 12);
});

test('a freeze stops what is under way, and its end lets the fleet go on', async () => {
  const story = await aStory({ rate: (at) => (at < 118 ? 0.6 : 2) });
  await story.passTo(minute(115));
  await story.say('freeze for 2h because we investigate');
  const frozen = story.world.asked(FLEET);
  await story.passTo(minute(230));
  equal(story.world.asked(FLEET), frozen);
  ok((await story.newest()).shortOf > 0, 'the decision says how far it is short');
  const shortages = said(story, 'short-');
  equal(shortages.length, 1, 'one alert, however many cycles');
  match(shortages[0] ?? '', /needs \d+ workers but gets \d+: /);
  await story.passTo(minute(262));
  ok(story.world.asked(FLEET) > frozen, 'after the freeze the fleet grows');
  await story.passTo(minute(420));
  match(said(story, 'short-')[0] ?? '', /gets the \d+ workers it needs again, after/);
  equal(said(story, 'short-').length, 1);
  deepEqual(story.broken, []);
});

test('two people with two overrides: the second sees the first and has to say replace', async () => {
  const story = await aStory();
  await story.passTo(minute(41));
  await story.say(`override ${FLEET} 9 for 2h because one`);
  await story.say(`override ${FLEET} 12 for 2h because two`);
  await story.pass(10 * MINUTE);
  equal(story.world.asked(FLEET), 9);
  await story.say(`override ${FLEET} 12 for 2h because two --replace`);
  await story.pass(10 * MINUTE);
  equal(story.world.asked(FLEET), 12);
});
