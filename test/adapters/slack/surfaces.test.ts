/** Modals, the home tab and the message shortcut, through signed requests and Bolt, against the stand-in workspace. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { homeOf } from '../../../commands/home.js';
import { hear, verbs } from '../../../commands/index.js';
import { createForms } from '../../../src/app/forms.js';
import type { OutboxRow } from '../../../src/core/message.js';
import type { Outcome } from '../../../src/sandbox/slack/control.js';
import { createSlackStandIn, type SlackStandIn } from '../../../src/sandbox/slack/stand-in.js';
import { aScene, type Scene, withDecision } from '../../support/fleet.js';
import { until } from '../../support/redis.js';
import { type Bot, SECRET, startBot, TOKEN } from './harness.js';

let workspace: SlackStandIn;
let bot: Bot;
let scene: Scene;
let decision: string;
const bots: { url: string }[] = [];
/** What the shared memory waits for before it answers. */
let memory: Promise<void> = Promise.resolve();
const log = { debug() {}, info() {}, warn() {}, error() {} };

before(async () => {
  const started = Date.now();
  workspace = await createSlackStandIn({
    context: {
      clock: { now: () => Date.now() - started + 1_700_000_000_000, speed: 1, sleep: async () => {} },
      fault: () => null,
      record: () => {},
    },
    signingSecret: SECRET,
    botToken: TOKEN,
    bots: () => bots,
    patience: { quietMs: 500, longestMs: 10_000 },
  });
  scene = aScene();
  decision = (await withDecision(scene.store, 'ocr')).id;
  const contextOf = (by = scene.context.by) => ({ ...scene.context, by });
  bot = await startBot({
    config: {
      mode: 'http',
      botToken: TOKEN,
      signingSecret: SECRET,
      appToken: null,
      apiUrl: workspace.apiUrl,
    },
    handle: (heard) => hear(heard.text, { ...scene.context, ...heard, said: heard.text }),
    forms: createForms({ fleets: () => scene.context.fleets, contextOf, log }),
    home: (heard) => homeOf(contextOf(heard.by), verbs),
    once: (id, ttlMs) => memory.then(() => scene.store.once(id, ttlMs)),
  });
  bots.push({ url: bot.url });
});
after(async () => {
  await bot.stop();
  await workspace.close();
});

interface View {
  id: string;
  title: { text: string };
  blocks: unknown[];
  errors?: Record<string, string>;
  private_metadata: string;
}

const viewIn = (outcome: Outcome | null): View => {
  const view = outcome?.responses.at(-1)?.view;
  ok(view, 'a modal was expected');
  return view as unknown as View;
};
const shown = (id: string): string => JSON.stringify(workspace.workspace.views.get(id)?.view.blocks);
const type = (text: string, user = 'U0ASHA') => workspace.command({ user, channel: 'ml-ops', text });

test('a bare verb opens a form, whose fields refuse what the typed words would refuse, each with its fix', async () => {
  const opened = await type('/muster override');
  const view = viewIn(opened);
  equal(view.title.text, 'Override a fleet');
  const refused = await workspace.submit({
    user: 'U0ASHA',
    viewId: view.id,
    values: {
      'fill-fleet': 'ocr',
      'fill-kind': 'pin',
      'fill-workers': '99',
      'fill-until': '2h',
      'fill-reason': 'x',
    },
  });
  match(viewIn(refused).errors?.['field-workers'] ?? '', /above the ceiling of ocr, which is 20/);
  const empty = await workspace.submit({ user: 'U0ASHA', viewId: view.id, values: { 'fill-fleet': 'ocr' } });
  deepEqual(Object.keys(viewIn(empty).errors ?? {}).sort(), ['field-reason', 'field-until', 'field-workers']);
  const late = await workspace.submit({
    user: 'U0ASHA',
    viewId: view.id,
    values: { 'fill-fleet': 'ocr', 'fill-workers': '5', 'fill-until': '20 days', 'fill-reason': 'x' },
  });
  match(viewIn(late).errors?.['field-until'] ?? '', /at most 24 h|at most 1 d|too long/);
  equal((await scene.store.fleet('ocr')).override, null);
});

test('while the form is filled in it shows what would happen, and submitting it says the words in the channel', async () => {
  const view = viewIn(await type('/muster override ocr'));
  const values = {
    'field-fleet': { 'fill-fleet': 'ocr' },
    'field-kind': { 'fill-kind': 'pin' },
    'field-workers': { 'fill-workers': '9' },
    'field-until': { 'fill-until': '2h' },
  };
  await workspace.click({
    user: 'U0ASHA',
    viewId: view.id,
    blockId: 'field-workers',
    actionId: 'fill-workers',
    value: '9',
    values,
  });
  await until('the preview', () => /Scale ocr 4 → 9/.test(shown(view.id)));
  match(shown(view.id), /Nodes[^"]*2 → 3/);
  match(shown(view.id), /USD 3\.00\/h → USD 4\.50\/h/);
  match(shown(view.id), /Forecast peak, sized for/);
  const before = workspace.channels().find(({ name }) => name === 'ml-ops')!.messages.length;
  const submitted = await workspace.submit({
    user: 'U0ASHA',
    viewId: view.id,
    values: { ...values, 'field-reason': { 'fill-reason': 'load test --replace' } },
  });
  ok(submitted?.ok);
  equal(workspace.workspace.views.has(view.id), false);
  await until('the override', async () => (await scene.store.fleet('ocr')).override !== null);
  const { override } = await scene.store.fleet('ocr');
  equal(override?.workers, 9);
  equal(override?.reason, 'load test -replace');
  const messages = () => workspace.channels().find(({ name }) => name === 'ml-ops')!.messages;
  await until('the answer', () => messages().length > before);
  match(messages().at(-1)!.text, /pinned ocr at 9 workers/);
});

test('a form submitted twice acts once', async () => {
  const view = viewIn(await type('/muster freeze'));
  const stored = workspace.workspace.views.get(view.id)!;
  const values = { 'fill-until': '1h', 'fill-reason': 'we look' };
  await workspace.submit({ user: 'U0ASHA', viewId: view.id, values });
  workspace.workspace.views.set(view.id, stored);
  const second = await workspace.submit({ user: 'U0ASHA', viewId: view.id, values });
  match(JSON.stringify(second?.responses), /nothing is done twice/);
  await until('the freeze', async () => (await scene.store.fleet('ocr')).freezes.length === 1);
});

test('the home tab shows fleets, what people asked for and what one can do, and its buttons open forms', async () => {
  await workspace.home({ user: 'U0ASHA' });
  const home = () => workspace.workspace.homes.get('U0ASHA');
  await until('the home tab', () => home() !== undefined);
  const text = JSON.stringify(home()!.view.blocks);
  match(text, /Override ocr: pinned at 9 workers/);
  match(text, /Freeze, all fleets: no changes/);
  match(text, /face-match\*: 4\/4 workers, demand/);
  match(text, /\/muster why/);
  match(text, /On call/);
  const button =
    /"action_id":"(say-\d+)"[^}]*"text":"Override …"/.exec(text.replaceAll('"type":"button",', ''))?.[1] ??
    'say-0';
  for (let n = 0; n < 2; n += 1) {
    const opened = await workspace.click({ user: 'U0ASHA', viewId: home()!.id, actionId: button });
    equal(viewIn(opened).title.text, 'Override a fleet');
  }
});

test('an answer to a click in the home tab comes in a modal, and a form from there is announced to the team', async () => {
  const home = workspace.workspace.homes.get('U0ASHA')!;
  const status = home.view.blocks
    .flatMap((block) => (Array.isArray(block.elements) ? block.elements : []))
    .find((element) => JSON.stringify(element).includes('"Status"')) as { action_id: string };
  const answered = await workspace.click({ user: 'U0ASHA', viewId: home.id, actionId: status.action_id });
  match(JSON.stringify(viewIn(answered).blocks), /face-match/);
  const opened = viewIn(await workspace.click({ user: 'U0ASHA', viewId: home.id, actionId: 'say-0' }));
  await workspace.submit({
    user: 'U0ASHA',
    viewId: opened.id,
    values: {
      'fill-fleet': 'liveness',
      'fill-kind': 'floor',
      'fill-workers': '6',
      'fill-until': '1h',
      'fill-reason': 'campaign',
    },
  });
  await until('the outcome', () => /at least 6 workers/.test(shown(opened.id)));
  const { override } = await scene.store.fleet('liveness');
  deepEqual(override?.postedIn, ['#ml-ops']);
});

test('a change is seen in the home tab of who looked lately', async () => {
  await type('/muster unfreeze');
  const text = () => JSON.stringify(workspace.workspace.homes.get('U0ASHA')!.view.blocks);
  await until('the home tab without the freeze', () => !text().includes('Freeze, all fleets'));
  equal(workspace.workspace.homes.get('U0RAVI'), undefined);
});

test('explain this decision answers its caller alone, on the message and on a reply in its thread', async () => {
  const row: OutboxRow = {
    v: 1,
    channel: '#ml-ops',
    key: `decision-${decision}`,
    seq: 1,
    fleet: 'ocr',
    decisionId: decision,
    priority: 'decision',
    at: 0,
    message: { summary: 'ocr holds.', tone: 'info', parts: [] },
    thread: [{ summary: 'How it was decided.', tone: 'info', parts: [] }],
  };
  const ref = await bot.slack.chat.post(row);
  const reply = await bot.slack.chat.reply(ref, row, 0);
  for (const ts of [ref.ts, reply.ts]) {
    const outcome = await workspace.shortcut({
      user: 'U0RAVI',
      messageTs: ts,
      callbackId: 'explain_decision',
    });
    equal(outcome?.responses[0]?.kind, 'ephemeral');
    match(JSON.stringify(outcome?.responses), /ocr/);
    const answer = workspace.workspace.message('C0MLOPS', outcome!.responses[0]!.ts!);
    equal(answer?.threadTs ?? null, ts === ref.ts ? null : ref.ts);
    equal(answer?.onlyFor, 'U0RAVI');
  }
  const other = await bot.slack.chat.post({ ...row, key: 'notice', decisionId: null });
  const outcome = await workspace.shortcut({
    user: 'U0RAVI',
    messageTs: other.ts,
    callbackId: 'explain_decision',
  });
  match(JSON.stringify(outcome?.responses), /about no single decision/);
});

test('a guest is refused in the home tab and in a form', async () => {
  await workspace.home({ user: 'U0GUEST' });
  await until('the refusal', () => workspace.workspace.homes.has('U0GUEST'));
  match(JSON.stringify(workspace.workspace.homes.get('U0GUEST')!.view.blocks), /Guests/);
});

test('a form is taken while the memory is slow, and acts when the memory has said that it is the first', async () => {
  const view = viewIn(await type('/muster freeze'));
  const before = (await scene.store.fleet('ocr')).freezes.length;
  let answers = (): void => {};
  memory = new Promise((resolve) => {
    answers = resolve;
  });
  const values = { 'fill-until': '1h', 'fill-reason': 'slow' };
  const submitted = await workspace.submit({ user: 'U0ASHA', viewId: view.id, values });
  ok(submitted?.ok);
  equal((await scene.store.fleet('ocr')).freezes.length, before);
  memory = Promise.resolve();
  answers();
  await until('the freeze', async () => (await scene.store.fleet('ocr')).freezes.length === before + 1);
});
