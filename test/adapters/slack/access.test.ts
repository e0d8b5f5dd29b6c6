import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { hear } from '../../../commands/index.js';
import { createButtonSigner } from '../../../src/adapters/slack/buttons.js';
import type { Heard } from '../../../src/adapters/slack/index.js';
import { lintMessage } from '../../../src/adapters/slack/lint.js';
import { createAuthority } from '../../../src/app/authority.js';
import type { Contact } from '../../../src/core/access.js';
import { accessSchema } from '../../../src/core/access.js';
import { OutsideError } from '../../../src/errors.js';
import { withDecision } from '../../support/fleet.js';
import { type Bot, clickBody, commandBody, SECRET, send, startBot } from './harness.js';

/** Signed requests through Bolt, roles from user groups and the rota, one answer after the other. */
const access = accessSchema.parse({
  groups: { 'ml-operators': 'operator', 'ml-approvers': 'approver' },
});
const MEMBERS: Record<string, string[]> = { S1: ['U0RAVI', 'U0ASHA'], S2: ['U0MEERA'] };
const silent = { debug() {}, info() {}, warn() {}, error() {} };

let bot: Bot;
let onCall: Contact[] | null;
let seen = 0;

before(async () => {
  const handle = (heard: Heard) => {
    const speaker = { id: heard.by.id, email: heard.email ?? null, known: heard.unknown !== true };
    const rota = async () => {
      if (onCall !== null) return onCall;
      throw new OutsideError('pagerduty', 'GET /oncalls', 'no answer in time', {
        class: 'retry',
        why: 'timeout',
      });
    };
    const authority = createAuthority(speaker, access, {
      directory: bot.slack.directory,
      onCall: { now: rota },
      log: silent,
    });
    return hear(heard.text, { ...bot.context, ...heard, said: heard.text, authority, access });
  };
  bot = await startBot({ handle, undoOnce: (id) => bot.store.undoOnce(id) });
  await withDecision(bot.store, 'ocr');
  const { answers } = bot.peer;
  answers.set('usergroups.list', () => ({
    json: {
      ok: true,
      usergroups: [
        { id: 'S1', handle: 'ml-operators' },
        { id: 'S2', handle: 'ml-approvers' },
      ],
    },
  }));
  answers.set('usergroups.users.list', () => {
    const asked = bot.peer.calls.at(-1)?.body.usergroup;
    return { json: { ok: true, users: MEMBERS[String(asked)] ?? [] } };
  });
  answers.set('users.info', () => {
    const id = String(bot.peer.calls.at(-1)?.body.user);
    const name = id.replace('U0', '').toLowerCase();
    const user = { team_id: 'T1', profile: { display_name: name, email: `${name}@example.com` } };
    return { json: { ok: true, user } };
  });
});
beforeEach(() => {
  onCall = [];
});
after(() => bot.stop());

async function next(): Promise<Record<string, unknown>> {
  seen += 1;
  return bot.answer(seen);
}

async function say(user: string, text: string): Promise<Record<string, unknown>> {
  await send(bot, commandBody(bot, text, { user_id: user, user_name: user }));
  const answer = await next();
  deepEqual(lintMessage(answer), []);
  return answer;
}

async function click(user: string, value: string): Promise<Record<string, unknown>> {
  await send(bot, clickBody(bot, value, { user: { id: user, username: user, team_id: 'T1' } }));
  return next();
}

function valuesOf(answer: Record<string, unknown>): string[] {
  const blocks = answer.blocks as { type: string; elements?: { value?: string }[] }[];
  return blocks.flatMap(({ type, elements = [] }) =>
    type === 'actions' ? elements.map(({ value = '' }) => value) : [],
  );
}

test('a member of no group is told which role it takes, who has it and who is on call', async () => {
  onCall = [{ name: 'Nadia', email: 'nadia@example.com' }];
  const answer = await say('U0NOOR', 'override ocr 12 for 1h because x');
  equal(answer.response_type, 'ephemeral');
  const words = JSON.stringify(answer);
  match(words, /needs the role operator, and you are a viewer/);
  match(words, /Who has it: Nadia \(on call\), ravi, asha, meera\./);
  equal((await bot.store.fleet('ocr')).override, null);
  match(String((await say('U0NOOR', 'status')).text), /ocr/);
});

test('whoever is on call now is operator for as long', async () => {
  onCall = [{ name: 'Noor', email: 'NOOR@example.com' }];
  equal((await say('U0NOOR', 'override ocr 12 for 1h because on call')).response_type, 'in_channel');
  onCall = [];
  match(String((await say('U0NOOR', 'override cancel ocr')).text), /needs the role/);
  equal((await say('U0RAVI', 'override cancel ocr')).response_type, 'in_channel');
});

test('what cannot be asked gives no role, and the refusal names it', async () => {
  onCall = null;
  match(JSON.stringify(await say('U0NOOR', 'run ocr')), /PagerDuty does not say just now who is on call/);
});

test('an account that Slack does not vouch for may read and not write', async () => {
  const usual = bot.peer.answers.get('users.info')!;
  bot.peer.answers.set('users.info', () => ({ status: 503 }));
  match(String((await say('U0LATE', 'freeze for 1h because x')).text), /needs the role operator/);
  match(String((await say('U0LATE', 'status')).text), /ocr/);
  bot.peer.answers.set('users.info', usual);
  deepEqual((await bot.store.fleet('ocr')).freezes, []);
});

test('people of another workspace are refused, whatever group they are in', async () => {
  const usual = bot.peer.answers.get('users.info')!;
  bot.peer.answers.set('users.info', () => ({ json: { ok: true, user: { name: 'x', team_id: 'T2' } } }));
  MEMBERS.S1?.push('U0FOREIGN');
  match(String((await say('U0FOREIGN', 'freeze for 1h because x')).text), /people of other workspaces/);
  bot.peer.answers.set('users.info', usual);
});

test('a risky change: the author is no second person, a viewer neither, the approver’s click does it, the next one is told', async () => {
  const asked = await say('U0RAVI', 'override ocr 2 for 1h because <!channel> database');
  equal(asked.response_type, 'in_channel');
  doesNotMatch(JSON.stringify(asked), /<!channel>/);
  const [yes = '', no = ''] = valuesOf(asked);
  match(String((await click('U0RAVI', yes)).text), /somebody else has to approve it: ask meera\./);
  match(String((await click('U0NOOR', yes)).text), /needs the role operator/);
  match(String((await click('U0NOOR', no)).text), /needs the role operator/);
  equal((await bot.store.fleet('ocr')).override, null);
  const closed = await click('U0MEERA', yes);
  equal(closed.replace_original, true);
  match(String(closed.text), /“Scale ocr 4 → 2” was confirmed, by meera/);
  doesNotMatch(JSON.stringify(closed), /"actions"|Nothing is done until/);
  equal((await next()).response_type, 'in_channel');
  equal((await bot.store.fleet('ocr')).override?.by.name, 'ravi');
  match(String((await click('U0ASHA', yes)).text), /meera clicked this a moment ago/);
  match(JSON.stringify(await click('U0ASHA', no)), /was confirmed, by meera/);
  equal((await next()).response_type, 'ephemeral');
  const trail = (await bot.store.audit(6)).map(({ action, by }) => `${action} ${by.name}`);
  deepEqual(trail, [
    ...['override ravi', 'approve meera'],
    ...['denied noor', 'denied noor', 'denied ravi', 'propose ravi'],
  ]);
  ok((await bot.store.verifyAudit()).ok);
});

test('a proposal that somebody dropped, or that came too late, says so in its own place', async () => {
  const [, no = ''] = valuesOf(await say('U0RAVI', 'override ocr 2 for 1h because x --replace'));
  const dropped = await click('U0ASHA', no);
  deepEqual([dropped.replace_original, dropped.response_type], [true, undefined]);
  match(String(dropped.text), /was dropped, by asha/);
  const [late = ''] = valuesOf(await say('U0RAVI', 'override ocr 2 for 1h because x --replace'));
  await say('U0ASHA', 'override cancel ocr');
  const overtaken = await click('U0MEERA', late);
  equal(overtaken.replace_original, true);
  match(String(overtaken.text), /was not done: the fleet had changed/);
  match(String((await next()).text), /ravi can say it again/);
});

test('a button that somebody signed for another installation confirms nothing', async () => {
  const foreign = createButtonSigner(SECRET, 'production').sign(
    { label: 'x', command: 'confirm id-1' },
    'm',
    0,
  )!;
  match(String((await click('U0MEERA', foreign)).text), /altered, so nothing was done/);
});

test('user groups are asked for once in five minutes', () => {
  equal(bot.peer.calls.filter(({ method }) => method === 'usergroups.users.list').length, 2);
});
