import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { OperatorError } from '../../../src/errors.js';
import { stateOf } from '../../../src/sandbox/slack/payloads.js';
import { aBench, type Bench } from './bench.js';

let bench: Bench;
const heard: { text: string; user: string }[] = [];

before(async () => {
  bench = await aBench((app) => {
    app.command('/muster', async ({ command, ack, respond, client }) => {
      heard.push({ text: command.text, user: command.user_id });
      if (command.text === 'modal') {
        await ack();
        await client.views.open({
          trigger_id: command.trigger_id,
          view: {
            type: 'modal',
            callback_id: 'override',
            title: { type: 'plain_text', text: 'Override' },
            submit: { type: 'plain_text', text: 'Set' },
            blocks: [
              {
                type: 'input',
                block_id: 'workers',
                label: { type: 'plain_text', text: 'Workers' },
                element: { type: 'plain_text_input', action_id: 'n' },
              },
            ],
          },
        });
        return;
      }
      if (command.text === 'late') {
        await ack();
        await respond({ text: 'first', response_type: 'ephemeral' });
        await respond({ text: 'second', response_type: 'in_channel' });
        return;
      }
      if (command.text === 'broken') {
        await ack({ blocks: [{ type: 'section' }], text: 'x' } as never);
        return;
      }
      await ack({ text: `you said ${command.text}` });
    });
    app.action('approve', async ({ ack, respond, body }) => {
      await ack();
      await respond({ text: `approved by ${body.user.id}`, replace_original: true });
    });
    app.view('override', async ({ ack, view }) => {
      const typed = view.state.values.workers?.n?.value;
      if (typed === '7') return ack();
      return ack({ response_action: 'errors', errors: { workers: `${typed} is too many` } });
    });
    app.shortcut('explain_decision', async ({ ack, respond }) => {
      await ack();
      await (respond as (said: { text: string }) => Promise<unknown>)({ text: 'because of the forecast' });
    });
    app.event('app_home_opened', async ({ event, client }) => {
      await client.views.publish({
        user_id: event.user,
        view: { type: 'home', blocks: [{ type: 'divider' }] },
      });
    });
  });
});
after(() => bench.close());

test('a typed command reaches Bolt signed, and its acknowledgement is an ephemeral answer', async () => {
  const outcome = await bench.slack.command({ user: 'asha', channel: '#ml-ops', text: '/muster status' });
  assert.equal(outcome?.ok, true);
  assert.ok(outcome!.ackMs > 0);
  assert.deepEqual(
    outcome!.responses.map(({ kind, text, view }) => ({ kind, text, view })),
    [{ kind: 'ephemeral', text: 'you said status', view: null }],
  );
  assert.deepEqual(heard.at(-1), { text: 'status', user: 'U0ASHA' });
});

test('typed text arrives escaped, with people and channels as ids', async () => {
  await bench.slack.command({
    user: 'U0RAVI',
    channel: 'C0MLOPS',
    text: 'tell @asha <!channel> & #ml-alerts',
  });
  assert.equal(heard.at(-1)?.text, 'tell <@U0ASHA|asha> &lt;!channel&gt; &amp; <#C0MLALERTS|ml-alerts>');
});

test('answers by response URL are collected in order, and only what is said in the channel is seen by all', async () => {
  const outcome = await bench.slack.command({ user: 'asha', channel: 'ml-ops', text: 'late' });
  assert.deepEqual(
    outcome?.responses.map(({ kind, text }) => [kind, text]),
    [
      ['ephemeral', 'first'],
      ['in_channel', 'second'],
    ],
  );
  const texts = bench.slack.channels()[0]!.messages.map((message) => message.text);
  assert.ok(texts.includes('second'));
  assert.ok(!texts.includes('first'));
});

test('an acknowledgement with blocks that Slack refuses is told to the person and not shown', async () => {
  const outcome = await bench.slack.command({ user: 'asha', channel: 'ml-ops', text: 'broken' });
  assert.match(outcome?.responses[0]?.text ?? '', /invalid_blocks/);
});

test('a click is addressed by message, block and action, and replaces the message it was made on', async () => {
  const posted = await bench.client.chat.postMessage({
    channel: 'ml-ops',
    text: 'Scale face-match 4 -> 6?',
    blocks: [
      {
        type: 'actions',
        block_id: 'proposal',
        elements: [
          { type: 'button', action_id: 'approve', value: 'p1', text: { type: 'plain_text', text: 'Scale' } },
        ],
      },
    ],
  });
  const outcome = await bench.slack.click({
    user: 'ravi',
    messageTs: posted.ts!,
    blockId: 'proposal',
    actionId: 'approve',
  });
  assert.equal(outcome?.responses[0]?.text, 'approved by U0RAVI');
  assert.equal(outcome?.responses[0]?.ts, posted.ts);
  await assert.rejects(
    bench.slack.click({ user: 'ravi', messageTs: posted.ts!, actionId: 'approve' }),
    OperatorError,
  );
});

test('a modal opens by trigger, shows its errors, and closes when it is accepted', async () => {
  const opened = await bench.slack.command({ user: 'asha', channel: 'ml-ops', text: 'modal' });
  const answer = opened?.responses[0];
  assert.equal(answer?.kind, 'modal');
  const viewId = String(answer?.view?.id);
  const refused = await bench.slack.submit({ user: 'asha', viewId, values: { workers: { n: '900' } } });
  assert.deepEqual(refused?.responses[0]?.view?.errors, { workers: '900 is too many' });
  const taken = await bench.slack.submit({ user: 'asha', viewId, values: { n: '7' } });
  assert.deepEqual(taken?.responses, []);
  await assert.rejects(bench.slack.submit({ user: 'asha', viewId, values: {} }), OperatorError);
});

test('what stands in a form may be given bare, or as Slack writes a view’s state', () => {
  const option = (value: string) => ({ text: { type: 'plain_text', text: value }, value });
  const blocks = [
    {
      type: 'input',
      block_id: 'fleet',
      element: { type: 'static_select', action_id: 'f', options: [option('ocr')] },
    },
    { type: 'input', block_id: 'count', element: { type: 'number_input', action_id: 'n' } },
    { type: 'input', block_id: 'day', element: { type: 'datepicker', action_id: 'd' } },
  ];
  const state = stateOf(blocks, { fleet: 'ocr', count: { n: 7 }, d: '2026-01-05' });
  assert.deepEqual(state.fleet, { f: { type: 'static_select', selected_option: option('ocr') } });
  assert.deepEqual(state.count, { n: { type: 'number_input', value: '7' } });
  assert.deepEqual(stateOf(blocks, state), state);
  const untouched = stateOf(blocks, {});
  assert.deepEqual(stateOf(blocks, untouched), untouched);
});

test('a message shortcut and the home tab reach the bot', async () => {
  const posted = await bench.client.chat.postMessage({ channel: 'ml-ops', text: 'decided' });
  const told = await bench.slack.shortcut({
    user: 'asha',
    messageTs: posted.ts!,
    callbackId: 'explain_decision',
  });
  assert.equal(told?.responses[0]?.text, 'because of the forecast');
  await bench.slack.home({ user: 'asha' });
  const deadline = Date.now() + 120_000;
  while (!bench.slack.workspace.homes.has('U0ASHA') && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(bench.slack.workspace.homes.get('U0ASHA')?.view.blocks[0]?.type, 'divider');
});

test('without a bot a command is answered by null, and a bot that is gone is passed over', async () => {
  const [alive] = bench.bots.splice(0);
  assert.equal(await bench.slack.command({ user: 'asha', channel: 'ml-ops', text: 'status' }), null);
  bench.bots.push({ url: await aDeadAddress() }, alive!);
  const first = await bench.slack.command({ user: 'asha', channel: 'ml-ops', text: 'a' });
  assert.equal(first?.ok, true);
  bench.bots.shift();
});

test('a bot that dies in the middle of a command is no bot that is late', async (t) => {
  const dying = createServer((request) => request.socket.destroy());
  const working = bench.bots.splice(0);
  bench.bots.push({ url: await addressOf(dying) });
  t.after(() => {
    bench.bots.splice(0, 1, ...working);
    dying.close();
  });
  const say = async () =>
    JSON.stringify(
      (await bench.slack.command({ user: 'asha', channel: 'ml-ops', text: 'status' }))?.responses,
    );
  assert.match(await say(), /dispatch_failed.*the connection broke/);
  t.mock.method(AbortSignal, 'timeout', () => AbortSignal.abort(new DOMException('late', 'TimeoutError')));
  assert.match(await say(), /operation_timeout.*within 3 s/);
});

test('strangers and unknown channels are refused with a sentence', async () => {
  await assert.rejects(
    bench.slack.command({ user: 'nobody', channel: 'ml-ops', text: 'x' }),
    /no user nobody/,
  );
  await assert.rejects(
    bench.slack.command({ user: 'asha', channel: 'nowhere', text: 'x' }),
    /no channel nowhere/,
  );
});

async function aDeadAddress(): Promise<string> {
  const server = createServer();
  const address = await addressOf(server);
  await new Promise((resolve) => server.close(resolve));
  return address;
}

async function addressOf(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
