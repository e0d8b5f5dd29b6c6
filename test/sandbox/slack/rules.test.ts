import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, mock, test } from 'node:test';
import { createDeliver, deliverEvent } from '../../../src/sandbox/slack/deliver.js';
import { SlackError } from '../../../src/sandbox/slack/shapes.js';
import { createTickets } from '../../../src/sandbox/slack/tickets.js';
import { aBench, type Bench, refusal } from './bench.js';

let bench: Bench;
const views: Record<string, unknown>[] = [];
const responseUrls: string[] = [];

before(async () => {
  bench = await aBench((app) => {
    app.command('/muster', async ({ command, ack, client }) => {
      await ack();
      responseUrls.push(command.response_url);
      if (command.text !== 'open') return;
      const opened = await client.views.open({ trigger_id: command.trigger_id, view: aModal('first') });
      views.push(opened.view as Record<string, unknown>);
      await client.views.update({
        view_id: opened.view!.id!,
        hash: opened.view!.hash!,
        view: aModal('second'),
      });
    });
    app.action('deeper', async ({ ack, body, client }) => {
      await ack();
      if (!('trigger_id' in body)) return;
      await client.views.push({ trigger_id: body.trigger_id, view: aModal('pushed') });
    });
  });
});
after(() => bench.close());

test('a response URL takes five answers and no sixth', async () => {
  await bench.slack.command({ user: 'asha', channel: 'ml-ops', text: 'x' });
  const answers = [];
  for (let i = 0; i < 6; i += 1) {
    const response = await fetch(responseUrls.at(-1)!, {
      method: 'POST',
      body: JSON.stringify({ text: `${i}` }),
    });
    answers.push(response.status);
  }
  assert.deepEqual(answers, [200, 200, 200, 200, 200, 404]);
  const recorded = bench.calls.filter((call) => call.path.startsWith('/response'));
  assert.deepEqual(
    [...new Set(recorded.map((call) => call.path))],
    ['/response'],
    'the secret is not recorded',
  );
});

test('a loading modal that fills itself is one answer, and a stale hash is refused', async () => {
  const outcome = await bench.slack.command({ user: 'asha', channel: 'ml-ops', text: 'open' });
  assert.equal(outcome?.responses.length, 1);
  assert.equal((outcome!.responses[0]!.view!.title as { text: string }).text, 'second');
  const { id, hash } = views.at(-1)!;
  const update = bench.client.views.update({
    view_id: String(id),
    hash: String(hash),
    view: aModal('third'),
  });
  assert.equal(await refusal(update), 'hash_conflict');
});

test('three modals stand on each other and no fourth', async () => {
  const user = 'ravi';
  const opened = await bench.slack.command({ user, channel: 'ml-ops', text: 'open' });
  let viewId = String(opened?.responses[0]?.view?.id);
  const depths = [];
  for (let i = 0; i < 3; i += 1) {
    const outcome = await bench.slack.click({ user, viewId, actionId: 'deeper' });
    depths.push(outcome?.responses.length);
    viewId = String(outcome?.responses[0]?.view?.id ?? viewId);
  }
  assert.deepEqual(depths, [1, 1, 0]);
});

test('a trigger works once and for three seconds of machine time', () => {
  mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
  try {
    const tickets = createTickets();
    const first = tickets.trigger('U1', 'd1');
    assert.equal(tickets.useTrigger(first).user, 'U1');
    assert.throws(() => tickets.useTrigger(first), new SlackError('invalid_trigger_id'));
    const late = tickets.trigger('U1', 'd2');
    mock.timers.setTime(1_003_001);
    assert.throws(() => tickets.useTrigger(late), new SlackError('expired_trigger_id'));
    const ticket = tickets.response('U1', 'C1', null, 'd3');
    mock.timers.setTime(1_003_001 + 30 * 60_000 + 1);
    assert.equal(tickets.useResponse(ticket.secret), null);
  } finally {
    mock.timers.reset();
  }
});

test('an event that is refused comes again at once, and says that it does', async () => {
  const seen: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers);
    request.resume();
    response.writeHead(seen.length === 1 ? 500 : 200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const deliver = createDeliver({ signingSecret: 's', bots: () => [{ url: `http://127.0.0.1:${port}` }] });
  await deliverEvent(deliver, { type: 'event_callback' });
  const deadline = Date.now() + 120_000;
  while (seen.length < 2 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(seen[0]?.['x-slack-retry-num'], undefined);
  assert.equal(seen[1]?.['x-slack-retry-num'], '1');
  assert.equal(seen[1]?.['x-slack-retry-reason'], 'http_error');
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function aModal(title: string) {
  return {
    type: 'modal' as const,
    title: { type: 'plain_text' as const, text: title },
    blocks: [
      {
        type: 'actions' as const,
        elements: [
          {
            type: 'button' as const,
            action_id: 'deeper',
            text: { type: 'plain_text' as const, text: 'Deeper' },
          },
        ],
      },
    ],
  };
}
