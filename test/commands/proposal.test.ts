import { deepEqual, doesNotMatch, equal, match, ok, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import type { CommandContext, Reply } from '../../commands/command.js';
import { hear } from '../../commands/index.js';
import { accessSchema } from '../../src/core/access.js';
import { shellText } from '../../src/shell-text.js';
import { aFleet, allowed, aScene, NOON, type Scene, withDecision } from '../support/fleet.js';

const HOUR = 3_600_000;
const say = (said: string, context: CommandContext): Promise<Reply> => hear(said, { ...context, said });
const alone = accessSchema.parse({ secondPerson: false });
const meera = { id: 'slack:U0MEERA', name: 'Meera Iyer' };

/** Traffic that needs about five workers, and a command that leaves two. */
const RISKY = 'override ocr 2 for 1h because the database is slow';

async function busy(overrides: Partial<CommandContext> = {}): Promise<Scene> {
  const scene = aScene(overrides);
  await withDecision(scene.store, 'ocr');
  return scene;
}

function buttonsOf({ message }: Reply): { label: string; command: string; style?: string }[] {
  return message.parts.flatMap((part) => (part.kind === 'buttons' ? part.buttons : []));
}

test('what is risky is shown and not done; the button says what it does, and its click does it', async () => {
  const { context, store } = await busy({ access: alone });
  const asked = await say(RISKY, context);
  equal(asked.visibility, 'caller');
  match(
    shellText(asked.message),
    /Scale ocr 4 → 2\?.*Workers: +4 → 2.*Nodes: +2 → 2.*Cost:.*Need: +\d.*Lowest headroom: +\d+ workers? too few.*Zone +Workers now +then/s,
  );
  equal((await store.fleet('ocr')).override, null);
  const [yes] = buttonsOf(asked);
  equal(yes?.label, 'Scale ocr 4 → 2');
  equal(yes?.style, 'danger');
  const done = await say(yes!.command, context);
  equal(done.refused, undefined);
  const { override } = await store.fleet('ocr');
  deepEqual([override?.workers, override?.reason], [2, 'the database is slow']);
  const trail = (await store.audit(10)).map(({ action }) => action);
  deepEqual(trail.slice(0, 3), ['override', 'approve', 'propose']);
  const [entry] = await store.audit(1);
  deepEqual(entry?.detail?.approvedBy, context.by);
  deepEqual(entry?.detail?.risks, ['below-need']);
  ok(entry?.ids?.proposal !== undefined);
});

test('whoever approves it reads who asks, until when and why, and what holds it back', async () => {
  const { context } = await busy({ access: { ...alone, riskyAbove: 5 } });
  const asked = await say(RISKY, context);
  match(
    shellText(asked.message),
    /Asked for by: +Asha Rao.*Until: +Mon 5 Jan 13:30 UTC.*“the database is slow”/s,
  );
  await say('freeze ocr for 2h because we look', context);
  const frozen = await say(RISKY, context);
  match(shellText(frozen.message), /A freeze stops every change: 4 workers stay \(2 without it\)/);
  equal(buttonsOf(frozen)[0]?.style, 'danger');
  const large = await say('override ocr 18 for 1h because x', context);
  match(shellText(large.message), /changes 14 workers at once/);
});

test('one is one worker, and is is said of one', async () => {
  const { context } = await busy();
  await rejects(say('override ocr 1 for 1h because x', context), /1 worker is below the floor of ocr/);
  await rejects(say('override ocr 99 for 1h because x', context), /99 workers are above the ceiling/);
});

test('a floor and a ceiling are said in words', async () => {
  const { context } = await busy();
  const dry = async (words: string) =>
    (await say(`override ocr ${words} for 1h because x --dry-run`, context)).message;
  match((await dry('floor 8')).summary, /Keep ocr at 8 or more/);
  match((await dry('ceiling 3')).summary, /Keep ocr at 3 or fewer/);
});

test('what is harmless is done at once, and its answer says the effect', async () => {
  const { context, store } = await busy();
  const reply = await say('override ocr 12 for 2h because load test', context);
  equal(reply.visibility, 'channel');
  match(shellText(reply.message), /4 → 12 workers, 2 → 4 nodes, USD 3\.00\/h → USD 6\.00\/h/);
  equal((await store.fleet('ocr')).override?.workers, 12);
});

test('where a second person is needed the author cannot be it, and an approver can', async () => {
  const access = accessSchema.parse({ operators: ['U0ASHA'], approvers: ['U0MEERA'] });
  const { context, store } = await busy({ access });
  const asked = await say(RISKY, context);
  equal(asked.visibility, 'channel');
  const { command } = buttonsOf(asked)[0]!;
  const own = await say(command, context);
  equal(own.refused, 'denied');
  match(own.message.summary, /somebody else has to approve it: ask Meera Iyer\./);
  const operator = { ...context, by: { id: 'slack:U0RAVI', name: 'Ravi' }, authority: allowed('operator') };
  const low = await say(command, operator);
  equal(low.refused, 'denied');
  match(
    shellText(low.message),
    /needs the role approver, and you are an operator.*Who has it: Asha Rao \(on call\), Meera Iyer\./s,
  );
  equal((await store.fleet('ocr')).override, null);
  const done = await say(command, { ...context, by: meera, authority: allowed('approver') });
  equal(done.refused, undefined);
  const { override } = await store.fleet('ocr');
  deepEqual([override?.by.name, override?.workers], ['Asha Rao', 2]);
  equal((await store.audit(1))[0]?.detail?.approvedBy instanceof Object, true);
});

test('the second one to click is told who did it and when', async () => {
  const { context } = await busy({ access: alone });
  const { command } = buttonsOf(await say(RISKY, context))[0]!;
  const replies = await Promise.all([say(command, context), say(command, { ...context, by: meera })]);
  deepEqual(replies.map((reply) => reply.refused ?? 'done').sort(), ['done', 'stale']);
  const late = replies.find((reply) => reply.refused === 'stale')!;
  match(shellText(late.message), /was confirmed, by (Asha Rao|Meera Iyer), at 12:30/);
});

test('a proposal is refused after five minutes of machine time', async () => {
  const { context, store } = await busy({ access: alone });
  const { command } = buttonsOf(await say(RISKY, context))[0]!;
  const late = await say(command, { ...context, machineNow: () => NOON + 300_000 });
  equal(late.refused, 'stale');
  match(late.message.summary, /more than five minutes ago/);
  equal((await say(command, context)).refused, 'stale');
  equal((await store.fleet('ocr')).override, null);
});

test('a proposal is refused when the fleet has changed since, and the fresh plan is shown', async () => {
  const { context, store } = await busy({ access: alone });
  const { command } = buttonsOf(await say(RISKY, context))[0]!;
  await say('freeze ocr down for 1h because wait', { ...context, by: meera });
  const late = await say(command, context);
  equal(late.refused, 'stale');
  match(
    shellText(late.message),
    /ocr changed since .*This is what it would do now\..*Workers:.*Ask for it again/s,
  );
  equal((await store.fleet('ocr')).override, null);
});

test('a dropped proposal is done by nobody', async () => {
  const { context, store } = await busy({ access: alone });
  const [yes, no] = buttonsOf(await say(RISKY, context));
  match((await say(no!.command, context)).message.summary, /was dropped, by Asha Rao/);
  equal((await say(yes!.command, context)).refused, 'stale');
  equal((await store.fleet('ocr')).override, null);
});

test('a viewer may look at the plan, and neither ask nor confirm', async () => {
  const { context, store } = await busy({ access: alone });
  const viewer = { ...context, by: { id: 'slack:U0NOOR', name: 'Noor' }, authority: allowed('viewer') };
  equal((await say(RISKY, viewer)).refused, 'denied');
  match((await say(`${RISKY} --dry-run`, viewer)).message.title ?? '', /^Dry run: Scale ocr 4 → 2/);
  const { command } = buttonsOf(await say(RISKY, context))[0]!;
  equal((await say(command, viewer)).refused, 'denied');
  for (const said of [
    'freeze for 1h because x',
    'unfreeze',
    'run',
    'override cancel ocr',
    'override extend ocr 1h',
  ]) {
    equal((await say(said, viewer)).refused, 'denied', said);
  }
  deepEqual((await store.fleet('ocr')).freezes, []);
});

test('lifting the freeze that somebody else set asks first; one’s own does not', async () => {
  const { context, store } = await busy({ access: alone });
  await say('freeze for 1h because mine', context);
  equal((await say('unfreeze', context)).refused, undefined);
  await say('freeze for 1h because of the bank', { ...context, by: meera });
  const asked = await say('unfreeze', context);
  match(shellText(asked.message), /End the freeze of all fleets\?.*of the bank.*set by Meera Iyer/s);
  equal((await store.fleet('ocr')).freezes.length, 1);
  await say(buttonsOf(asked)[0]!.command, context);
  deepEqual((await store.fleet('ocr')).freezes, []);
});

test('a cut during a scheduled peak, a change beyond the size, and a cut in the dark are risky', async () => {
  const schedule = [{ cron: '0 8 * * *', durationSeconds: 36_000, floor: 3 }];
  const peak = await busy({ access: alone, fleets: [aFleet('ocr', { schedule, serviceSeconds: 0.01 })] });
  match(shellText((await say(RISKY, peak.context)).message), /A scheduled peak is on/);
  const large = await busy({ access: { ...alone, riskyAbove: 5 } });
  match(
    shellText((await say('override ocr 12 for 1h because x', large.context)).message),
    /changes 8 workers at once/,
  );
  const dark = aScene({ access: alone });
  match(shellText((await say(RISKY, dark.context)).message), /nobody knows what is needed/);
});

test('breaking the glass acts at once, loudly: audit first, an alert, a page', async () => {
  const { context, store } = await busy();
  const reply = await say('override ocr 2 for 1h --break-glass because the bank is down', context);
  equal(reply.refused, undefined);
  equal((await store.fleet('ocr')).override?.workers, 2);
  deepEqual(
    (await store.audit(2)).map(({ action }) => action),
    ['override', 'break-glass'],
  );
  const alert = await store.peek('#ml-ops');
  equal(alert?.priority, 'alert');
  match(alert?.message.summary ?? '', /Asha Rao broke the glass: Scale ocr 4 → 2.*the bank is down/);
  const page = await store.peekPager();
  ok(page?.kind === 'trigger');
  match(page.summary, /broke the glass/);
});

test('breaking the glass needs a reason and the role, and is no way around nothing', async () => {
  const { context } = await busy();
  await rejects(say('unfreeze --break-glass', context), { code: 'needs-reason' });
  await rejects(say('status --break-glass', context), { code: 'usage' });
  const viewer = { ...context, authority: allowed('viewer') };
  equal((await say(`${RISKY} --break-glass`, viewer)).refused, 'denied');
});

test('without an audit there is no action', async () => {
  const { context, store } = await busy();
  const broken = async () => Promise.reject(new Error('no redis'));
  const noAudit = { ...context, store: { ...context.store, saveMachine: broken } };
  await rejects(say(`${RISKY} --break-glass`, noAudit));
  equal((await store.fleet('ocr')).override, null);
});

test('at most fifty proposals wait, and what nobody clicked makes room after five minutes', async () => {
  const { context, store } = await busy({ access: alone });
  for (let n = 0; n < 50; n += 1) await say(RISKY, context);
  await rejects(say(RISKY, context), { code: 'conflict', message: /50 proposals wait/ });
  await say(RISKY, { ...context, machineNow: () => NOON + 300_000 });
  equal((await store.machines('proposal')).filter(({ open }) => open).length, 1);
});

test('an extension keeps who and why, moves the end, and stays within the longest', async () => {
  const { context, store } = await busy();
  await say('override ocr 12 for 2h because load test', context);
  const before = (await store.fleet('ocr')).override!;
  const reply = await say(`override extend ocr 1h #${before.id}`, { ...context, by: meera });
  match(reply.message.summary, /Meera Iyer extended the override of ocr/);
  const { override } = await store.fleet('ocr');
  deepEqual(
    [override?.until, override?.by.name, override?.reason],
    [NOON + 3 * HOUR, 'Asha Rao', 'load test'],
  );
  await rejects(say('override extend ocr 23h', context), { code: 'expiry-too-far' });
  await rejects(say('override extend ocr', context), { code: 'bad-duration' });
});

test('a button of an override that is over leaves the present one alone, and says who ended it', async () => {
  const { context, store } = await busy();
  await say('override ocr 12 for 2h because first', context);
  const { id } = (await store.fleet('ocr')).override!;
  await say('override ocr 14 for 2h because second --replace', { ...context, by: meera });
  for (const said of [`override cancel ocr #${id}`, `override extend ocr 1h #${id}`]) {
    const late = await say(said, context);
    equal(late.refused, 'stale');
    match(
      shellText(late.message),
      /That override is over.*14 workers, by Meera Iyer.*Meera Iyer replaced it, Mon 5 Jan 12:30/s,
    );
  }
  equal((await store.fleet('ocr')).override?.reason, 'second');
  await say('override cancel ocr', meera === context.by ? context : { ...context, by: meera });
  match(shellText((await say(`override cancel ocr #${id}`, context)).message), /forecast decides already/);
});

test('nothing that people write in a proposal mentions or links', async () => {
  const { context } = await busy({ access: alone });
  const asked = await say('override ocr 2 for 1h because <!channel> <@U1>', context);
  doesNotMatch(asked.message.summary, /<!channel>/);
  match(buttonsOf(asked)[0]!.command, /^confirm [\w-]+$/);
});
