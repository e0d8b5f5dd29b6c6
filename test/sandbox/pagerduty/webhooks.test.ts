import { deepEqual, equal } from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { hookRoute } from '../../../src/adapters/http/hook.js';
import { createPagerdutyHooks } from '../../../src/adapters/pagerduty/hooks.js';
import { createPager } from '../../../src/adapters/pagerduty/pager.js';
import { createPagerdutyStandIn, type PagerdutyStandIn } from '../../../src/sandbox/pagerduty/stand-in.js';
import { aContext } from '../../support/stand-in-context.js';

/** The stand-in and the bot's own routes agree on signatures, headers and shapes. */
const context = aContext(Date.UTC(2026, 0, 5, 12));
const queued: { job: string; data: { [key: string]: unknown } }[] = [];
const nothing = (): void => {};
const log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
let bot: Server;
let standIn: PagerdutyStandIn;
let refuseFirst = 1;

before(async () => {
  const routes = createPagerdutyHooks({
    webhookSecrets: ['second'],
    actionSecret: 'header',
    enqueue: async (job, data) => {
      if (refuseFirst-- > 0) throw new Error('the queue is not there yet');
      queued.push({ job, data: data as { [key: string]: unknown } });
    },
    log,
  }).map((hook) => hookRoute(hook, log));
  bot = createServer((request, response) => {
    const route = routes.find(({ path }) => path === request.url);
    if (route === undefined) response.writeHead(404).end();
    else route.handler(request, response);
  });
  await new Promise<void>((resolve) => bot.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(bot.address() as AddressInfo).port}`;
  standIn = await createPagerdutyStandIn({
    context,
    hooks: { bots: () => [{ url }], secrets: ['first', 'second'], actionSecret: 'header' },
  });
});
after(async () => {
  await standIn.close();
  await new Promise((resolve) => bot.close(resolve));
});

async function until(count: number): Promise<void> {
  for (const deadline = Date.now() + 120_000; queued.length < count && Date.now() < deadline; ) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('a webhook that was not taken comes again, and those of one incident keep their order', async () => {
  const pager = createPager({
    eventsHost: standIn.host,
    routingKey: 'a'.repeat(32),
    ca: standIn.ca,
    timeoutMs: 60_000,
  });
  const event = {
    v: 1 as const,
    fleet: 'ocr',
    dedupKey: 'muster/ocr/page',
    summary: 'ocr: wrong',
    severity: 'critical' as const,
    details: {},
    at: context.now,
  };
  await pager.send({ ...event, kind: 'trigger' }, null);
  const id = standIn.incidents()[0]?.id ?? '';
  equal(standIn.move(id, 'acknowledged', { id: 'PUASHA', name: 'Asha Rao' }), 'done');
  await until(2);
  deepEqual(
    queued.map(({ data }) => [data.type, (data.incident as { key: string }).key, data.agent]),
    [
      ['incident.triggered', 'muster/ocr/page', null],
      ['incident.acknowledged', 'muster/ocr/page', { id: 'PUASHA', name: 'Asha Rao' }],
    ],
  );
});

test('an incident button reaches the bot with who clicked', async () => {
  queued.length = 0;
  const id = standIn.incidents()[0]?.id ?? '';
  equal(await standIn.press(id, 'run-remedy', 'PURAVI'), 202);
  deepEqual(
    queued.map(({ job, data }) => [job, data.action, data.agent]),
    [['pagerduty-action', 'run-remedy', 'PURAVI']],
  );
  equal(await standIn.press('QNONE', 'run-remedy', 'PURAVI'), 'no-incident');
});
