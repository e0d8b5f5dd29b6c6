import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import type { CommandContext, Reply } from '../../commands/command.js';
import { hear } from '../../commands/index.js';
import { OperatorError } from '../../src/errors.js';
import { shellText } from '../../src/shell-text.js';
import { aFleet, aScene, NOON } from '../support/fleet.js';

const HOUR = 3_600_000;

const say = (said: string, context: CommandContext): Promise<Reply> => hear(said, { ...context, said });

async function refused(said: string, code: string, words: RegExp, context = aScene().context): Promise<void> {
  await rejects(say(said, context), (error: unknown) => {
    ok(error instanceof OperatorError, String(error));
    equal(error.code, code);
    match(error.message, words);
    return true;
  });
}

test('an override is stored with who, why and until when, and an evaluation is asked for', async () => {
  const { context, store, queued } = aScene();
  const { by } = context;
  const reply = await say('override face-match 12 for 2h because load test', context);
  equal(reply.visibility, 'channel');
  const { override } = await store.fleet('face-match');
  deepEqual(override, {
    v: 1,
    id: 'id-1',
    fleet: 'face-match',
    kind: 'pin',
    workers: 12,
    by,
    reason: 'load test',
    at: NOON,
    until: NOON + 2 * HOUR,
    postedIn: ['#ml-ops'],
  });
  deepEqual(queued[0], {
    job: 'evaluate',
    data: { v: 1, fleet: 'face-match', trigger: 'request', by },
    dedupe: 'evaluate-face-match',
  });
  equal(queued[1]?.dedupe, 'announce-#ml-ops');
  const [entry] = await store.audit(1);
  equal(entry?.said, 'override face-match 12 for 2h because load test');
  equal((await store.peek('#ml-ops'))?.key, 'override-id-1');
});

test('a channel that sees the answer is not told a second time', async () => {
  const { context, store } = aScene({ where: 'C0OPS', whereName: '#ml-ops' });
  await say('override ocr floor 4 for 1h because campaign', context);
  equal(await store.peek('#ml-ops'), null);
  await say('override cancel ocr', context);
  equal(await store.peek('#ml-ops'), null);
});

test('floor, ceiling, until a clock time and a closing time are understood', async () => {
  const stored = async (said: string) => {
    const { context, store } = aScene();
    await say(said, context);
    const { override } = await store.fleet('ocr');
    return [override?.kind, override?.workers, (override?.until ?? 0) - NOON, override?.reason];
  };
  // Half past noon UTC is 18:00 in Kolkata, where Asha is.
  const cases: [string, unknown[]][] = [
    ['override ocr floor 4 until 18:30 because campaign', ['floor', 4, HOUR / 2, 'campaign']],
    ['override ocr ceiling 6 until 17:00 because slow', ['ceiling', 6, 23 * HOUR, 'slow']],
    ['override ocr 5 because test for the bank for 90 minutes', ['pin', 5, 1.5 * HOUR, 'test for the bank']],
    ['OVERRIDE OCR 5 —for 1h30m —because phone', ['pin', 5, 1.5 * HOUR, 'phone']],
    ['override ocr pin 5 workers until 2026-01-05T14:00Z because ISO', ['pin', 5, 1.5 * HOUR, 'ISO']],
  ];
  for (const [said, expected] of cases) deepEqual(await stored(said), expected, said);
});

test('each wrong input has its own sentence', async () => {
  const cases: [string, string, RegExp][] = [
    ['override facematch 5 for 1h because x', 'unknown-fleet', /Did you mean “face-match”\?/],
    ['override ocr -3 for 1h because x', 'bad-count', /cannot be negative/],
    ['override ocr +3 for 1h because x', 'bad-count', /not how many more/],
    ['override ocr 2.5 for 1h because x', 'bad-count', /whole number/],
    ['override ocr 99999999999999999999 for 1h because x', 'bad-count', /more than any fleet/],
    ['override ocr 21 for 1h because x', 'bad-count', /above the ceiling of ocr, which is 20/],
    ['override ocr 1 for 1h because x', 'bad-count', /below the floor of ocr, which is 2/],
    ['override ocr floor for 1h because x', 'bad-count', /“for” is not a whole number/],
    ['override ocr 5 because x', 'needs-expiry', /needs an end/],
    ['override ocr 5 for 1h', 'needs-reason', /needs a reason/],
    ['override ocr 5 for 1h because', 'needs-reason', /needs a reason/],
    ['override ocr 5 for soon because x', 'bad-duration', /“soon” is neither a duration/],
    ['override ocr 5 for 0h because x', 'expiry-in-past', /over already/],
    ['override ocr 5 until 2026-01-05T10:00Z because x', 'expiry-in-past', /Mon 5 Jan 18:00 Kolkata/],
    ['override ocr 5 for 3 days because x', 'expiry-too-far', /at most 1 d/],
    ['override ocr 5 quickly for 1h because x', 'usage', /do not understand “quickly”/],
    ['override ocr 5 for 1h --force because x', 'usage', /no option “--force”/],
    [`override ocr 5 for 1h because ${'x'.repeat(301)}`, 'needs-reason', /301 characters/],
  ];
  for (const [said, code, words] of cases) await refused(said, code, words);
});

test('a second override is refused with the first one shown, and --replace replaces it', async () => {
  const { context, store } = aScene();
  await say('override ocr 5 for 1h because first', context);
  const again = await say('override ocr 7 for 1h because second', context);
  equal(again.refused, 'conflict');
  equal(again.visibility, 'caller');
  match(shellText(again.message), /pinned at 5 workers.*first.*--replace.*override cancel ocr/s);
  equal((await store.fleet('ocr')).override?.workers, 5);
  await say('override ocr 7 for 1h because second --replace', context);
  equal((await store.fleet('ocr')).override?.workers, 7);
});

test('the button of a conflict replaces the override by the words of the refused command', async () => {
  const { context, store } = aScene();
  await say('override ocr 5 for 1h because first', context);
  const again = await say('override ocr 7 for 1h because second', context);
  const part = again.message.parts.find(({ kind }) => kind === 'buttons');
  ok(part?.kind === 'buttons');
  await say(part.buttons[0]!.command, context);
  equal((await store.fleet('ocr')).override?.workers, 7);
});

test('of two people at once one wins, and the other is shown the winner', async () => {
  const { context, store } = aScene();
  const ravi = { ...context, by: { id: 'slack:U0RAVI', name: 'Ravi' } };
  const replies = await Promise.all([
    say('override ocr 5 for 1h because mine', context),
    say('override ocr 7 for 1h because no, mine', ravi),
  ]);
  deepEqual(replies.map((reply) => reply.refused ?? 'done').sort(), ['conflict', 'done']);
  const winner = (await store.fleet('ocr')).override;
  const loser = replies.find((reply) => reply.refused === 'conflict')!;
  match(loser.message.summary, new RegExp(`by ${winner?.by.name}`));
});

test('a button made for an older state is refused', async () => {
  const { context } = aScene();
  await refused('override cancel ocr', 'stale', /out of date/, { ...context, expectVersion: 99 });
});

test('cancelling ends the override, closes its message and says so; twice is harmless', async () => {
  const { context, store, queued } = aScene();
  await say('override ocr 5 for 1h because first', context);
  queued.length = 0;
  const reply = await say('override cancel ocr', context);
  equal(reply.visibility, 'channel');
  equal((await store.fleet('ocr')).override, null);
  equal(queued[0]?.dedupe, 'evaluate-ocr');
  const row = await store.peek('#ml-ops');
  equal(row?.seq, 2);
  ok(!row?.message.parts.some(({ kind }) => kind === 'buttons'));
  equal((await say('override cancel ocr', context)).refused, 'not-found');
});

test('a queue that does not answer leaves the override stored, and the answer says so', async () => {
  const { context, store, silent } = aScene();
  silent.add('queue');
  const reply = await say('override ocr 5 for 1h because first', context);
  equal((await store.fleet('ocr')).override?.workers, 5);
  match(shellText(reply.message), /stored, but the evaluation could not be asked for/);
});

test('an override that ran out is no conflict', async () => {
  const { context, store } = aScene();
  await say('override ocr 5 for 1h because first', context);
  const later = { ...context, now: NOON + 2 * HOUR };
  equal((await say('override ocr 6 for 1h because second', later)).refused, undefined);
  equal((await store.fleet('ocr')).override?.workers, 6);
});

test('--dry-run shows what would be set and stores nothing', async () => {
  const { context, store } = aScene();
  const reply = await say('override ocr 5 for 1h --dry-run because look', context);
  equal(reply.visibility, 'caller');
  match(reply.message.title ?? '', /^Dry run/);
  equal((await store.fleet('ocr')).override, null);
});

test('in advise mode the answer says that nothing is changed', async () => {
  const { context } = aScene({ fleets: [aFleet('ocr', { mode: 'advise' })] });
  const reply = await say('override ocr 5 for 1h because look', context);
  match(shellText(reply.message), /advise mode/);
});
