import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CommandContext } from '../../commands/command.js';
import { homeOf } from '../../commands/home.js';
import { findVerb, hear, nearestVerb, verbs, wordsOf } from '../../commands/index.js';
import { OperatorError } from '../../src/errors.js';
import { shellText } from '../../src/shell-text.js';
import { aFleet, allowed, aScene, withDecision } from '../support/fleet.js';

const say = (said: string, context: CommandContext) => hear(said, { ...context, said });
const textOf = async (said: string, context: CommandContext) => shellText((await say(said, context)).message);

test('help lists every verb, and nothing said is help too', async () => {
  const { context } = aScene();
  const help = await textOf('help', context);
  for (const verb of verbs) match(help, new RegExp(`/muster ${verb.name}`));
  equal(await textOf('', context), help);
  equal(await textOf('/muster help', context), help);
});

test('help of a verb shows its usage and examples that are understood as they stand', async () => {
  const { context } = aScene();
  for (const verb of verbs) {
    ok((await textOf(`help ${verb.name}`, context)).includes(verb.usage), verb.name);
    if (verb.name !== 'help') {
      equal(await textOf(`${verb.name} --help`, context), await textOf(`help ${verb.name}`, context));
    }
    for (const example of verb.examples) {
      const [first, ...words] = wordsOf(example);
      equal(findVerb(first!)?.name, verb.name);
      verb.parse(words, {
        now: context.now,
        timeZone: 'UTC',
        fleets: context.fleets.map((fleet) => fleet.name),
        said: example,
        maxOverrideSeconds: 86_400,
      });
    }
  }
});

test('an unknown verb names the nearest', async () => {
  const { context } = aScene();
  await rejects(say('statsu', context), { code: 'unknown-verb', message: /Did you mean “status”\?/ });
  await rejects(say('xyzzy', context), { code: 'unknown-verb', message: /Type help/ });
  equal(nearestVerb('overide'), 'override');
  equal(nearestVerb('hist'), 'history');
});

test('status answers in four columns and says when each fleet is decided next', async () => {
  const { context, store } = aScene();
  await withDecision(store, 'face-match');
  const { message } = await say('status', context);
  const table = message.parts.find((part) => part.kind === 'table');
  ok(table?.kind === 'table');
  equal(table.head.length, 4);
  deepEqual(table.rows[0], ['face-match', '4/4', '5/s', '0.9 s / 3 s']);
  deepEqual(table.rows[1]?.slice(2), ['unknown', 'unknown / 3 s']);
  match(shellText(message), /face-match: decided at 12:30 UTC, next cycle 12:40 UTC/);
  match(shellText(message), /Cost now: USD 9\.00\/h/);
});

test('status of one fleet shows its zones, backlog and limits', async () => {
  const { context, store } = aScene();
  await withDecision(store, 'face-match');
  const text = await textOf('status FACE-MATCH', context);
  match(text, /Floor to ceiling: +2 to 20/);
  match(text, /Backlog: +0 messages/);
  match(text, /USD 3\.00\/h, 2 nodes/);
});

test('status still answers when the orchestrator or the store is silent, and names it', async () => {
  const { context, store, silent } = aScene();
  await withDecision(store, 'face-match');
  silent.add('nomad');
  match(await textOf('status', context), /nomad does not answer.*4\/\? \(last known\)/s);
  silent.add('redis');
  match(await textOf('status', context), /redis does not answer/);
});

test('status of a thousand fleets stays short and says how to see the rest', async () => {
  const fleets = Array.from({ length: 1_000 }, (_, n) => aFleet(`fleet-${n}`));
  const { context } = aScene({ fleets });
  match(await textOf('status', context), /980 more fleets: name one/);
});

test('what somebody overrules, and what is late, is shown however many fleets there are', async () => {
  const fleets = Array.from({ length: 50 }, (_, n) => aFleet(`fleet-${n}`));
  const { context, store } = aScene({ fleets });
  await withDecision(store, 'fleet-40', { p95Seconds: 9 });
  await say('override fleet-45 6 for 1h because campaign', context);
  await say('freeze fleet-44 down for 1h because demo', context);
  const text = await textOf('status', context);
  match(text, /Freeze, fleet-44: no cuts/);
  match(text, /Override fleet-45: pinned at 6 workers/);
  match(text, /fleet-40 .*⚠ over/);
  match(text, /30 more fleets/);
  const home = shellText(await homeOf(context, verbs));
  match(home, /Freeze, fleet-44.*Override fleet-45.*fleet-40: /s);
});

test('numbers that are missing or old make no green status, and are said', async () => {
  const { context, store } = aScene({ fleets: [aFleet('ocr')] });
  const unread = (await say('status', context)).message;
  deepEqual([unread.tone, /No fresh numbers of ocr/.test(shellText(unread))], ['warn', true]);
  await withDecision(store, 'ocr');
  equal((await say('status', context)).message.tone, 'good');
  const later = { ...context, now: context.now + 600_000 };
  const old = (await say('status', later)).message;
  deepEqual([old.tone, /No fresh numbers of ocr/.test(old.summary)], ['warn', true]);
  equal((await homeOf(later, verbs)).tone, 'warn');
});

test('the home tab shows what waits for me with its words, and only as long as it can be approved', async () => {
  const { context, store } = aScene();
  await withDecision(store, 'ocr');
  await say('override ocr 2 for 1h because slow', context);
  const ravi = { ...context, by: { id: 'slack:U0RAVI', name: 'Ravi' }, authority: allowed('operator') };
  const home = shellText(await homeOf(ravi, verbs));
  match(home, /Scale ocr 4 → 2, asked for by Asha Rao at 12:30 UTC: `override ocr 2 for 1h because slow`/);
  match(home, /confirm /);
  const late = { ...ravi, machineNow: () => context.machineNow() + 300_000 };
  match(shellText(await homeOf(late, verbs)), /Approvals: nothing waits for you/);
});

test('why reads the stored decision aloud, and a missing one is said kindly', async () => {
  const { context, store } = aScene();
  match(await textOf('why ocr', context), /no decision about ocr yet\. The next cycle starts at 12:40 UTC/);
  const record = await withDecision(store, 'ocr');
  const text = await textOf('why ocr', context);
  match(text, /Need by forecast/);
  match(text, new RegExp(record.id));
  equal(await textOf(`why ocr ${record.id}`, context), text);
  await rejects(say('why ocr d-nothing', context), { code: 'not-found' });
});

test('history lists decisions and says when there are none', async () => {
  const { context, store } = aScene();
  match(await textOf('history', context), /no decision about all fleets yet/);
  await withDecision(store, 'ocr');
  match(await textOf('history ocr', context), /When +What +Why/);
});

test('run asks for an evaluation of one fleet or of all', async () => {
  const { context, queued } = aScene();
  equal((await say('run ocr', context)).visibility, 'caller');
  await say('run', context);
  deepEqual(
    queued.map(({ dedupe }) => dedupe),
    ['evaluate-ocr', 'evaluate-face-match', 'evaluate-liveness', 'evaluate-ocr'],
  );
});

test('run --dry-run decides and stores nothing', async () => {
  const { context, store, queued } = aScene();
  match(await textOf('run ocr --dry-run', context), /no sample yet/);
  await withDecision(store, 'ocr');
  const before = await store.decisions('ocr', 10);
  match(await textOf('run ocr --dry-run', context), /Nothing was changed/);
  match(await textOf('run --dry-run', context), /Dry run: ocr/);
  deepEqual(await store.decisions('ocr', 10), before);
  deepEqual(queued, []);
});

test('run --dry-run holds and names the orchestrator that is silent', async () => {
  const { context, store, silent } = aScene();
  await withDecision(store, 'ocr');
  silent.add('nomad');
  match(await textOf('run ocr --dry-run', context), /nomad/);
});

test('whatever is typed is answered, or refused with a sentence that helps', async () => {
  const words = fc.constantFrom(
    ...['override', 'status', 'why', 'freeze', 'unfreeze', 'run', 'history', 'help', 'cancel', 'all', '*'],
    ...['face-match', 'ocr', 'floor', 'ceiling', 'down', 'for', 'until', 'because', '--replace', '--dry-run'],
    ...['5', '-1', '1e9', '2h', '18:00', '25:99', 'tomorrow', '', '<!channel>', '—', '“', '__proto__'],
  );
  const sentence = fc.oneof(
    fc.array(words, { maxLength: 10 }).map((some) => some.join(' ')),
    fc.string(),
  );
  await fc.assert(
    fc.asyncProperty(sentence, async (said) => {
      const { context } = aScene();
      try {
        const { message } = await say(said, context);
        ok(message.summary.length > 0);
      } catch (error) {
        ok(error instanceof OperatorError, `${said}: ${String(error)}`);
        ok(error.message.length > 10);
      }
    }),
    { numRuns: 300, seed: 1 },
  );
});
