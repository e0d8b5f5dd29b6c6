import { deepEqual, doesNotMatch, equal, match } from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { createPrometheus } from '../../../src/adapters/prometheus/gauges.js';
import type { DemandReader, GaugeReader } from '../../../src/ports.js';
import type { StandIn } from '../../../src/sandbox/context.js';
import { p95Query } from '../../../src/sandbox/fleets.js';
import { createPrometheusStandIn } from '../../../src/sandbox/prometheus/stand-in.js';
import { outsideError } from '../../support/outside.js';
import { aContext } from '../../support/stand-in-context.js';
import { aFleet, aTraffic } from '../../support/traffic.js';

const NOW = Date.UTC(2026, 0, 5, 3, 0, 0);
const context = aContext(NOW);
const traffic = aTraffic({});
let standIn: StandIn;
let prometheus: GaugeReader & DemandReader;

before(async () => {
  standIn = await createPrometheusStandIn({ context, view: traffic });
  prometheus = createPrometheus({ url: standIn.url, token: 'prom-token-1', timeoutMs: 60_000 });
});
after(() => standIn.close());
beforeEach(() => {
  context.now = NOW;
  context.set('prometheus', null);
  traffic.fleets = [aFleet(NOW), aFleet(NOW, { fleet: 'ocr', p95Seconds: 2.5, backlog: 40 })];
});

test("reads the quantile of the sandbox's own query, with its time", async () => {
  deepEqual(await prometheus.gauge(p95Query('face-match')), { at: NOW, value: 1.25 });
  deepEqual(await prometheus.gauge(p95Query('ocr')), { at: NOW, value: 2.5 });
});

test('reads demand from three queries', async () => {
  deepEqual(
    await prometheus.demand({
      kind: 'prometheus',
      rate: 'sum(rate(requests_total{fleet="ocr"}[1m]))',
      backlog: 'queue_backlog{fleet="ocr"}',
      oldestAge: 'queue_oldest_age_seconds{fleet="ocr"}',
    }),
    { at: NOW, requestsPerSecond: 20, backlog: 40, oldestAgeSeconds: 0.5, consumers: null },
  );
});

test('what no query was given for is unknown', async () => {
  const seen = await prometheus.demand({ kind: 'prometheus', rate: 'rate(requests_total{fleet="ocr"}[1m])' });
  deepEqual([seen.requestsPerSecond, seen.backlog, seen.oldestAgeSeconds], [20, null, null]);
});

test('a number without series around it is a gauge, too', async () => {
  deepEqual(await prometheus.gauge('2.5'), { at: NOW, value: 2.5 });
});

test('NaN and no series are unknown', async () => {
  traffic.fleets = [aFleet(NOW, { p95Seconds: null })];
  equal(await prometheus.gauge(p95Query('face-match')), null);
  equal(await prometheus.gauge(p95Query('nobody')), null);
  context.set('prometheus', 'nostats');
  deepEqual(await prometheus.demand({ kind: 'prometheus', rate: 'sum(rate(requests_total[1m]))' }), {
    at: null,
    requestsPerSecond: null,
    backlog: null,
    oldestAgeSeconds: null,
    consumers: null,
  });
});

test('a stale answer keeps its old time', async () => {
  await prometheus.gauge(p95Query('ocr'));
  context.set('prometheus', 'stale');
  context.now = NOW + 900_000;
  traffic.fleets = [aFleet(context.now, { fleet: 'ocr', p95Seconds: 9 })];
  deepEqual(await prometheus.gauge(p95Query('ocr')), { at: NOW, value: 2.5 });
});

test('several series are a mistake in the query, told by their labels', async () => {
  const error = await outsideError(prometheus.gauge('queue_backlog'));
  deepEqual([error.class, error.why], ['human', 'error']);
  match(error.message, /queue_backlog: gives 2 series that differ by fleet; it must give one/);
});

test("a query that cannot be read comes back with Prometheus' words and nothing private", async () => {
  const error = await outsideError(prometheus.gauge('rate(requests_total{customer="acme"}[1m]'));
  deepEqual([error.class, error.why, error.status], ['human', 'error', 400]);
  match(error.message, /unclosed left parenthesis/);
  doesNotMatch(error.message, /acme|prom-token-1/);
});

test('failures are told apart', async () => {
  const expected = [
    ['error', 'retry', 'error'],
    ['down', 'retry', 'unreachable'],
    ['ratelimit', 'retry', 'rate-limited'],
  ] as const;
  for (const [fault, kind, why] of expected) {
    context.set('prometheus', fault);
    const error = await outsideError(prometheus.gauge(p95Query('ocr')));
    deepEqual([error.class, error.why], [kind, why], fault);
  }
  context.set('prometheus', 'slow');
  const hasty = createPrometheus({ url: standIn.url, token: null, timeoutMs: 150 });
  equal((await outsideError(hasty.gauge('1'))).why, 'timeout');
});
