import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import type { CommandContext } from '../../commands/command.js';
import { hear } from '../../commands/index.js';
import { shellText } from '../../src/shell-text.js';
import { aFleet, aScene, NOON } from '../support/fleet.js';

const HOUR = 3_600_000;
const say = (said: string, context: CommandContext) => hear(said, { ...context, said });

test('a freeze without a name holds every fleet, and status shows it first', async () => {
  const { context, store } = aScene();
  const reply = await say('freeze for 1h because we investigate', context);
  equal(reply.visibility, 'channel');
  const { freezes } = await store.fleet('ocr');
  deepEqual(
    freezes.map(({ fleet, kind, until }) => [fleet, kind, until]),
    [['*', 'all', NOON + HOUR]],
  );
  const status = await say('status', context);
  match(shellText(status.message), /Freeze, all fleets: no changes.*we investigate.*face-match/s);
});

test('"down" stops cuts only, of the named fleet only', async () => {
  const { context, store } = aScene();
  await say('freeze ocr down until 19:00 because demo', context);
  deepEqual(
    (await store.fleet('ocr')).freezes.map(({ fleet, kind }) => [fleet, kind]),
    [['ocr', 'down']],
  );
  deepEqual((await store.fleet('liveness')).freezes, []);
});

test('a freeze is announced once in every channel that does not see the answer', async () => {
  const fleets = [aFleet('a'), { ...aFleet('b'), channel: '#b' }, { ...aFleet('c'), channel: '#b' }];
  const { context, store } = aScene({ fleets, where: 'C1', whereName: '#ml-ops' });
  await say('freeze for 1h because test', context);
  deepEqual(
    (await store.waiting()).map(({ channel, count }) => [channel, count]),
    [
      ['#b', 1],
      ['pagerduty', 1],
    ],
  );
});

test('a second freeze is refused with the first one shown; unfreeze ends it and asks for evaluations', async () => {
  const { context, store, queued } = aScene();
  await say('freeze for 1h because first', context);
  const again = await say('freeze for 2h because second', context);
  equal(again.refused, 'conflict');
  match(shellText(again.message), /first/);
  queued.length = 0;
  await say('unfreeze', context);
  deepEqual((await store.fleet('ocr')).freezes, []);
  deepEqual(
    queued.filter(({ job }) => job === 'evaluate').map(({ dedupe }) => dedupe),
    ['evaluate-face-match', 'evaluate-liveness', 'evaluate-ocr'],
  );
  equal((await say('unfreeze', context)).refused, 'not-found');
});

test('a hold of cuts that outlasts a freeze of all changes stands beside it, and each is ended by itself', async () => {
  const { context, store } = aScene();
  const kinds = async () => (await store.fleet('ocr')).freezes.map(({ kind }) => kind).sort();
  await say('freeze ocr for 5m because a quick look', context);
  const shorter = await say('freeze ocr down for 3m because demo', context);
  equal(shorter.refused, 'conflict', 'all is forbidden that long already');
  equal((await say('freeze ocr down for 1h because demo', context)).refused, undefined);
  deepEqual(await kinds(), ['all', 'down']);
  equal((await say('freeze ocr down for 2h because demo', context)).refused, 'conflict');
  await say('freeze ocr down for 2h --replace because demo', context);
  deepEqual(await kinds(), ['all', 'down'], 'a new one takes the place of its like');
  const [all] = (await store.fleet('ocr')).freezes.filter(({ kind }) => kind === 'all');
  const ended = await say(`unfreeze ocr #${all?.id}`, context);
  match(shellText(ended.message), /Another one goes on.*demo/s);
  deepEqual(await kinds(), ['down']);
  await say('unfreeze ocr', context);
  deepEqual(await kinds(), []);
});

test('--replace leaves one freeze, the new one', async () => {
  const { context, store } = aScene();
  await say('freeze ocr for 1h because first', context);
  await say('freeze ocr down for 2h because second --replace', context);
  deepEqual(
    (await store.fleet('ocr')).freezes.map(({ kind, reason }) => [kind, reason]),
    [['down', 'second']],
  );
});

test('--replace shortens a freeze even when the bot is killed right after its first change', async () => {
  const { context, store } = aScene();
  await say('freeze ocr for 2h because first', context);
  const killed: typeof store.setFreeze = async (...given) => {
    await store.setFreeze(...given);
    throw new Error('killed');
  };
  const dying = { ...context, store: { ...store, setFreeze: killed } };
  await rejects(say('freeze ocr for 1h because second --replace', dying), /killed/);
  deepEqual(
    (await store.fleet('ocr')).freezes.map(({ reason }) => reason),
    ['second'],
  );
});

test('of two who replace a freeze at once the later one wins, and an old button says who ended it', async () => {
  const { context, store } = aScene();
  await say('freeze ocr for 2h because first', context);
  const [first] = (await store.fleet('ocr')).freezes;
  let isOvertaken = false;
  const overtaken: typeof store.setFreeze = async (...given) => {
    if (!isOvertaken) {
      isOvertaken = true;
      await say('freeze ocr for 1h because second --replace', context);
    }
    return store.setFreeze(...given);
  };
  const slow = { ...context, store: { ...store, setFreeze: overtaken } };
  await say('freeze ocr for 3h because third --replace', slow);
  deepEqual(
    (await store.fleet('ocr')).freezes.map(({ reason }) => reason),
    ['third'],
  );
  const stale = await say(`unfreeze ocr #${first?.id}`, context);
  equal(stale.refused, 'stale');
  match(shellText(stale.message), /Asha Rao ended it/);
});

test('a freeze needs an end, a reason and at most one name', async () => {
  const { context } = aScene();
  await rejects(say('freeze ocr because x', context), { code: 'needs-expiry' });
  await rejects(say('freeze ocr for 1h', context), { code: 'needs-reason' });
  await rejects(say('freeze ocr liveness for 1h because x', context), { code: 'usage' });
  await rejects(say('freeze orc for 1h because x', context), { code: 'unknown-fleet', message: /“ocr”/ });
  await rejects(say('freeze for 25h because x', context), { code: 'expiry-too-far' });
});
