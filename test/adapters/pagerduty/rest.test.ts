import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { createIncidents } from '../../../src/adapters/pagerduty/incidents.js';
import { createPager } from '../../../src/adapters/pagerduty/pager.js';
import { createRestApi } from '../../../src/adapters/pagerduty/rest-api.js';
import { createRota } from '../../../src/adapters/pagerduty/rota.js';
import { nextUp, onDuty } from '../../../src/core/rota.js';
import { botUser, POLICY } from '../../../src/sandbox/pagerduty/people.js';
import { createPagerdutyStandIn, type PagerdutyStandIn } from '../../../src/sandbox/pagerduty/stand-in.js';
import { outsideError } from '../../support/outside.js';
import { aContext } from '../../support/stand-in-context.js';

const NOON = Date.UTC(2026, 0, 5, 11, 0);
const HOUR = 3_600_000;
const TOKEN = 'rest-token-of-the-test';
const KEY = 'abcdef0123456789abcdef0123456789';
const context = aContext(NOON);
let standIn: PagerdutyStandIn;

before(async () => {
  standIn = await createPagerdutyStandIn({ context, token: TOKEN });
});
after(() => standIn.close());
beforeEach(() => {
  context.now = NOON;
  context.set('pagerduty', null);
});

const rest = (token = TOKEN) =>
  createRestApi({ apiUrl: standIn.url, token, ca: standIn.ca, timeoutMs: 60_000 });
const incidents = (from: string | null = botUser.email) => createIncidents(rest(), { from });
let policies: ReadonlyMap<string, string> = new Map([['ocr', POLICY.id]]);
const rota = () =>
  createRota(rest(), {
    policies: () => policies,
    now: () => context.now,
    machineNow: () => 0,
  });

async function open(dedupKey: string): Promise<string> {
  const pager = createPager({ eventsHost: standIn.host, routingKey: KEY, ca: standIn.ca, timeoutMs: 60_000 });
  await pager.send(
    {
      v: 1,
      kind: 'trigger',
      fleet: 'ocr',
      dedupKey,
      summary: 'OCR is slow',
      severity: 'critical',
      details: {},
      at: context.now,
      links: [{ href: 'https://example.com/chart', text: 'Chart' }],
    },
    null,
  );
  return (await incidents().byKey(dedupKey))!.id;
}

test('who is on call: legacy and shift-based schedules, two at once, one without a schedule', async () => {
  const duties = (await rota().duties('ocr', NOON, NOON + 48 * HOUR))!;
  deepEqual(
    onDuty(duties, NOON).map(({ level, person, until }) => [
      level,
      person.name,
      until === null ? null : (until - NOON) / HOUR,
    ]),
    [
      [1, 'Asha Rao', 1],
      [2, 'Nadia Khan', 61],
      [2, 'Ravi Menon', 1],
      [3, 'Ravi Menon', null],
    ],
  );
  deepEqual(
    nextUp(duties, NOON).map(({ level, person }) => [level, person.name]),
    [
      [1, 'Ravi Menon'],
      [2, 'Asha Rao'],
    ],
  );
  equal(await rota().duties('liveness', NOON, NOON + HOUR), null);
});

test('the rota is read page by page: a long one is whole', async () => {
  const duties = (await rota().duties('ocr', NOON, NOON + 60 * 24 * HOUR))!;
  ok(duties.length > 200, `${duties.length} turns`);
});

test('roles get who is on call now, each once, with the address', async () => {
  deepEqual(await rota().now(null), [
    { name: 'Asha Rao', email: 'asha@sandbox.example' },
    { name: 'Nadia Khan', email: 'nadia@vendor.example' },
    { name: 'Ravi Menon', email: 'ravi@sandbox.example' },
  ]);
});

test('an incident is found by its dedup key, acknowledged and resolved in a name, each as often as one likes', async () => {
  const id = await open('muster/ocr/latency/1');
  equal(await incidents().move(id, 'acknowledged', 'asha@sandbox.example'), 'done');
  equal(await incidents().move(id, 'acknowledged', 'asha@sandbox.example'), 'done');
  const seen = await incidents().get(id);
  deepEqual([seen?.status, seen?.key], ['acknowledged', 'muster/ocr/latency/1']);
  equal(standIn.incidents().at(-1)?.by, 'Asha Rao');
  equal(await incidents().move(id, 'resolved', null), 'done');
  equal(await incidents().move(id, 'resolved', null), 'done');
  equal(await incidents().move(id, 'acknowledged', null), 'done');
  equal(await incidents().byKey('muster/ocr/latency/1'), null);
  equal(await incidents().get('QNOBODY'), null);
});

test('a person whom PagerDuty does not know moves nothing, and without any address nothing is asked', async () => {
  const id = await open('muster/ocr/latency/2');
  equal(await incidents().move(id, 'resolved', 'stranger@example.com'), 'unknown-person');
  equal(standIn.incidents().at(-1)?.status, 'triggered');
  const error = await outsideError(incidents(null).move(id, 'resolved', null));
  deepEqual([error.class, error.why], ['human', 'refused']);
});

test('a note is written as the bot, and links of a page are kept', async () => {
  const id = await open('muster/ocr/latency/3');
  await incidents().note(id, 'Held for an hour by Asha.');
  const [note] = standIn.incidents().at(-1)?.notes ?? [];
  deepEqual([note?.by, note?.text], ['Muster', 'Held for an hour by Asha.']);
  deepEqual(standIn.incidents().at(-1)?.links, [{ href: 'https://example.com/chart', text: 'Chart' }]);
});

test('people are found by id and by the very address, not by a part of it', async () => {
  equal((await incidents().person('PURAVI'))?.email, 'ravi@sandbox.example');
  equal(await incidents().person('PNOBODY'), null);
  equal((await incidents().personByEmail('RAVI@sandbox.example'))?.id, 'PURAVI');
  equal(await incidents().personByEmail('sandbox.example'), null);
});

test('a wrong token is for people to mend, and no error holds it', async () => {
  const wrong = createIncidents(rest('another-secret'), { from: null });
  const error = await outsideError(wrong.get('Q1'));
  deepEqual([error.class, error.why, error.status], ['human', 'refused', 401]);
  doesNotMatch(`${error.message} ${String(error.cause)}`, /another-secret/);
});

test('after a 429 nothing more is asked until the window is over', async () => {
  const api = createIncidents(rest(), { from: null });
  context.set('pagerduty', 'ratelimit');
  const first = await outsideError(api.get('Q1'));
  deepEqual([first.why, first.class], ['rate-limited', 'retry']);
  ok((first.retryAfterMs ?? 0) > 0);
  context.set('pagerduty', null);
  const second = await outsideError(api.get('Q1'));
  match(second.message, /asked to wait/);
});

test('a peer that never answers is given up on after its deadline', async () => {
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as AddressInfo;
  const api = createRestApi({ apiUrl: `http://127.0.0.1:${port}`, token: 't', ca: null, timeoutMs: 50 });
  const error = await outsideError(api.call('GET', '/oncalls'));
  deepEqual([error.why, error.class], ['timeout', 'retry']);
  silent.closeAllConnections();
  await new Promise((resolve) => silent.close(resolve));
});

test('a policy that the file names anew counts from the next question on', async () => {
  const asked = rota();
  equal(await asked.duties('face-match', context.now, context.now + 60_000), null);
  try {
    policies = new Map([['face-match', POLICY.id]]);
    ok(((await asked.duties('face-match', context.now, context.now + 60_000)) ?? []).length > 0);
    equal(await asked.duties('ocr', context.now, context.now + 60_000), null);
  } finally {
    policies = new Map([['ocr', POLICY.id]]);
  }
});
