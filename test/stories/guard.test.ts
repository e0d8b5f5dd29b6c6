import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { shellText } from '../../src/shell-text.js';
import { aStory, minute, type Story } from './a-day.js';

const burst = {
  rate: (at: number) => (at < 122 ? 0.6 : at < 127 ? 3 : at < 132 ? 6 : 10),
  knobs: { ceiling: 60 },
};

const raisesOf = async (story: Story) =>
  (await story.decisions()).filter(({ trigger, at }) => trigger === 'guard' && at > minute(120));
const toldIn = (story: Story) =>
  story.workspace.messages().filter(({ key }) => /^decision-.*-guard$/.test(key));

test('a burst that the guard follows step by step is one message, with each step in its thread', async () => {
  const story = await aStory(burst);
  await story.passTo(minute(139));
  const raises = await raisesOf(story);
  ok(raises.length >= 3, `${raises.length} raises`);
  const [own, ...others] = toldIn(story);
  deepEqual([own?.key, others], [`decision-${raises[0]?.id}`, []]);
  deepEqual(
    own?.replies,
    raises.flatMap((_, n) => [2 * n, 2 * n + 1]),
  );
  const newest = own?.versions.at(-1);
  equal(newest?.decisionId, raises.at(-1)?.id);
  const [first, second] = raises;
  const shown = shellText(newest!.message);
  match(
    shown,
    new RegExp(
      `Earlier in this cycle: ${first?.from} → ${first?.to} at .*, ${second?.from} → ${second?.to} at`,
    ),
  );
  const threads = newest?.thread?.map(({ summary }) => /to (\d+) worker/.exec(summary)?.[1]).filter(Boolean);
  deepEqual(
    threads,
    raises.map(({ to }) => String(to)),
  );
  await story.passTo(minute(160));
  deepEqual(story.broken, []);
});

test('a burst while Slack is away is one message afterwards, and no step is missing in its thread', async () => {
  const story = await aStory({ ...burst, ill: [{ peer: 'chat', illness: 'down', from: 121, until: 136 }] });
  await story.passTo(minute(139));
  const raises = await raisesOf(story);
  const own = toldIn(story);
  equal(own.length, 1);
  equal(own[0]?.replies.length, 2 * raises.length);
  deepEqual(story.broken, []);
});
