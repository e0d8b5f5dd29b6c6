import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { createPager } from '../../../src/adapters/pagerduty/pager.js';
import type { PagerEvent } from '../../../src/core/message.js';
import type { Pager } from '../../../src/ports.js';
import { type Certificate, createCertificate } from '../../../src/sandbox/pagerduty/certificate.js';
import { createPagerdutyStandIn, type PagerdutyStandIn } from '../../../src/sandbox/pagerduty/stand-in.js';
import { outsideError } from '../../support/outside.js';
import { aContext } from '../../support/stand-in-context.js';

const NOW = Date.UTC(2026, 0, 5, 3, 0, 0);
const KEY = 'abcdef0123456789abcdef0123456789';
const context = aContext(NOW);
let standIn: PagerdutyStandIn;
let pager: Pager;

before(async () => {
  standIn = await createPagerdutyStandIn({ context });
  pager = pagerAt(standIn.host, standIn.ca);
});
after(() => standIn.close());
beforeEach(() => {
  context.now += 3_600_000;
  context.calls.length = 0;
  context.set('pagerduty', null);
});

const pagerAt = (eventsHost: string, ca: string | null, timeoutMs = 60_000): Pager =>
  createPager({ eventsHost, routingKey: KEY, ca, timeoutMs });

const anAlert = (
  kind: 'trigger' | 'acknowledge' | 'resolve',
  dedupKey: string,
  summary = 'OCR answers too slowly',
): PagerEvent => ({
  v: 1,
  kind,
  fleet: 'ocr',
  dedupKey,
  summary,
  severity: 'error',
  details: { p95Seconds: 4.2, decisionId: 'd-1' },
  at: context.now,
});

const incident = (dedupKey: string) => standIn.incidents().filter((one) => one.dedupKey === dedupKey);

test('an alert opens, is acknowledged and ends, by its dedup key', async () => {
  await pager.send(anAlert('trigger', 'life'), null);
  deepEqual(
    incident('life').map(({ status, summary, severity, at }) => ({ status, summary, severity, at })),
    [{ status: 'triggered', summary: 'OCR answers too slowly', severity: 'error', at: context.now }],
  );
  await pager.send(anAlert('acknowledge', 'life'), null);
  equal(incident('life')[0]?.status, 'acknowledged');
  await pager.send(anAlert('resolve', 'life'), null);
  equal(incident('life')[0]?.status, 'resolved');
});

test('the same trigger twice is one incident; one after the resolve is a new one', async () => {
  for (const kind of ['trigger', 'trigger', 'resolve', 'resolve', 'trigger'] as const) {
    await pager.send(anAlert(kind, 'again'), null);
  }
  deepEqual(
    incident('again').map(({ status }) => status),
    ['resolved', 'triggered'],
  );
});

test("a fleet's own routing key is its own service", async () => {
  await pager.send(anAlert('trigger', 'shared'), null);
  await pager.send(anAlert('resolve', 'shared'), KEY.split('').reverse().join(''));
  equal(incident('shared')[0]?.status, 'triggered');
});

test('a change is kept and pages nobody', async () => {
  const before = standIn.incidents().length;
  await pager.send(
    {
      v: 1,
      kind: 'change',
      fleet: 'ocr',
      id: 'd-7',
      summary: 'ocr: 4 to 7 workers',
      details: { from: 4, to: 7 },
      at: NOW,
    },
    null,
  );
  const change = standIn.changes().at(-1);
  deepEqual([change?.summary, change?.source, change?.at], ['ocr: 4 to 7 workers', 'muster/ocr', NOW]);
  equal(standIn.incidents().length, before);
});

test('each call is recorded with the decision it was for', async () => {
  await pager.send(anAlert('trigger', 'calls'), null);
  deepEqual(context.calls, [
    {
      at: context.now,
      target: 'pagerduty',
      method: 'POST',
      path: '/v2/enqueue',
      decisionId: 'd-1',
      status: 202,
    },
  ]);
});

test("long words are cut to PagerDuty's limits, and long keys stay apart", async () => {
  const key = 'k'.repeat(300);
  await pager.send(anAlert('trigger', `${key}1`, 's'.repeat(3_000)), null);
  await pager.send(anAlert('trigger', `${key}2`, 's'.repeat(3_000)), null);
  const long = standIn.incidents().filter(({ dedupKey }) => dedupKey.startsWith('kkk'));
  equal(long.length, 2);
  ok(long.every(({ dedupKey, summary }) => dedupKey.length === 255 && summary.length === 1024));
});

test('a name that breaks lines or turns the text around is one plain line, and no cut leaves half of a character', async () => {
  const name = 'Asha\u202e\n🌴\u200dRao';
  await pager.send(anAlert('trigger', 'names', `ocr: slow (${name})`), null);
  equal(incident('names')[0]?.summary, 'ocr: slow (Asha 🌴\u200dRao)');
  const cutReason = '🌴'.repeat(10).slice(0, 5);
  const long = {
    ...anAlert('trigger', 'halves', `${'s'.repeat(1_022)}🌴🌴`),
    details: { reason: cutReason },
  };
  await pager.send(long, null);
  equal(incident('halves')[0]?.summary, `${'s'.repeat(1_022)}\ufffd…`);
  const base = { v: 1, kind: 'change', fleet: 'ocr', id: 'h', at: NOW } as const;
  await pager.send({ ...base, summary: cutReason, details: { said: cutReason } }, null);
  const told = standIn.changes().at(-1);
  deepEqual([told?.summary, told?.details], ['🌴🌴\ufffd', { said: '🌴🌴\ufffd', id: 'h' }]);
});

test('an event that PagerDuty refuses is not sent again, and its words come through without the key', async () => {
  const error = await outsideError(pager.send(anAlert('trigger', 'bad'), 'too-short-key'));
  deepEqual([error.class, error.why, error.status], ['human', 'error', 400]);
  match(error.message, /Length of 'routing_key' is incorrect/);
  doesNotMatch(error.message, /too-short-key/);
  equal(context.calls.length, 1);
});

test('a rate limit is told at once, after one request, with the time to wait', async () => {
  context.set('pagerduty', 'ratelimit');
  const error = await outsideError(pager.send(anAlert('trigger', 'fast'), null));
  deepEqual(
    [error.class, error.why, error.status, error.retryAfterMs],
    ['retry', 'rate-limited', 429, 30_000],
  );
  await new Promise((resolve) => setTimeout(resolve, 50));
  equal(context.calls.length, 1);
});

test('the stand-in limits an integration to 120 events a minute of its own clock', async () => {
  const own = KEY.replaceAll('a', '9');
  for (let count = 0; count < 120; count += 1) await pager.send(anAlert('acknowledge', 'none'), own);
  equal((await outsideError(pager.send(anAlert('acknowledge', 'none'), own))).why, 'rate-limited');
  context.now += 60_000;
  await pager.send(anAlert('acknowledge', 'none'), own);
});

test('failures on the way may be tried again', async () => {
  context.set('pagerduty', 'error');
  const failed = await outsideError(pager.send(anAlert('trigger', 'x'), null));
  deepEqual([failed.class, failed.why, failed.status], ['retry', 'error', 500]);
  context.set('pagerduty', 'down');
  const down = await outsideError(pager.send(anAlert('trigger', 'x'), null));
  deepEqual([down.class, down.why], ['retry', 'unreachable']);
  const refused = await outsideError(pagerAt('127.0.0.1:1', standIn.ca).send(anAlert('trigger', 'x'), null));
  deepEqual([refused.class, refused.why], ['retry', 'unreachable']);
});

test('a PagerDuty that hangs is given up at the deadline, and no timer is left behind', async () => {
  context.set('pagerduty', 'slow');
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  const error = await outsideError(
    pagerAt(standIn.host, standIn.ca, 150).send(anAlert('trigger', 'x'), null),
  );
  deepEqual([error.class, error.why], ['retry', 'timeout']);
  ok(timers() <= before);
});

test('an integration key that PagerDuty does not know is for a person to look at', async () => {
  const strict = await createPagerdutyStandIn({ context, routingKeys: [KEY] });
  try {
    const send = (key: string | null) => pagerAt(strict.host, strict.ca).send(anAlert('trigger', 'x'), key);
    await send(null);
    const error = await outsideError(send('f'.repeat(32)));
    deepEqual([error.class, error.status], ['human', 400]);
    match(error.message, /Invalid routing key/);
    equal(strict.incidents().length, 1);
  } finally {
    await strict.close();
  }
});

test('a certificate that nobody vouches for is for a person to look at', async () => {
  const error = await outsideError(pagerAt(standIn.host, null).send(anAlert('trigger', 'x'), null));
  deepEqual([error.class, error.why], ['human', 'unreachable']);
});

test('without a routing key nothing is sent', async () => {
  const keyless = createPager({
    eventsHost: standIn.host,
    routingKey: null,
    ca: standIn.ca,
    timeoutMs: 500,
  });
  const error = await outsideError(keyless.send(anAlert('trigger', 'x'), null));
  deepEqual([error.class, error.why], ['human', 'refused']);
  equal(context.calls.length, 0);
});

test('an answer of a balancer that is no JSON is judged by its status', async () => {
  const tls: Certificate = createCertificate('a balancer');
  const balancer: Server = createServer({ ...tls }, (_request, response) => {
    response.writeHead(502, { 'content-type': 'text/html' });
    response.end('<html>Bad Gateway</html>');
  });
  await new Promise<void>((resolve) => balancer.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(balancer.address() as AddressInfo).port}`;
  const error = await outsideError(pagerAt(host, tls.cert).send(anAlert('trigger', 'x'), null));
  deepEqual([error.class, error.why, error.status], ['retry', 'error', 502]);
  await new Promise((resolve) => {
    balancer.close(resolve);
    balancer.closeAllConnections();
  });
});

test('incidents and changes are there again after a restart', async () => {
  await pager.send(anAlert('trigger', 'kept'), null);
  const saved: unknown = JSON.parse(JSON.stringify(standIn.save()));
  const next = await createPagerdutyStandIn({ context, restore: saved });
  try {
    deepEqual(next.incidents(), standIn.incidents());
    deepEqual(next.changes(), standIn.changes());
    await pagerAt(next.host, next.ca).send(anAlert('resolve', 'kept'), null);
    equal(next.incidents().find(({ dedupKey }) => dedupKey === 'kept')?.status, 'resolved');
  } finally {
    await next.close();
  }
});
