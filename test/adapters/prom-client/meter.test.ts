import { doesNotMatch, match } from 'node:assert/strict';
import { test } from 'node:test';
import { createMeter } from '../../../src/adapters/prom-client/meter.js';

test('a decision counts, and leaves its time for the dead-man alert', async () => {
  const meter = createMeter();
  meter.decided('ocr', 'scale', 'cycle', 0.2, 1_767_600_000_000);
  meter.decided('ocr', 'hold', 'guard', 0.1, 1_767_600_060_000);
  const { contentType, body } = await meter.render();
  match(contentType, /^text\/plain; version=0\.0\.4/);
  match(body, /^muster_last_decision_timestamp_seconds\{fleet="ocr"\} 1767600060$/m);
  match(body, /^muster_decisions_total\{fleet="ocr",kind="scale",trigger="cycle"\} 1$/m);
  match(body, /^muster_decision_seconds_count 2$/m);
});

test('a gauge that became unknown shows no number, and one that was not told keeps its own', async () => {
  const meter = createMeter();
  meter.fleet('ocr', { desired: 7, ready: 5, starting: 2, demand: 12.5, costPerHour: 1.42 });
  meter.fleet('ocr', { ready: null, demand: null });
  const { body } = await meter.render();
  match(body, /^muster_workers_desired\{fleet="ocr"\} 7$/m);
  match(body, /^muster_workers_ready\{fleet="ocr"\} Nan$/im);
  match(body, /^muster_workers_starting\{fleet="ocr"\} 2$/m);
  match(body, /^muster_demand_requests_per_second\{fleet="ocr"\} Nan$/im);
  match(body, /^muster_cost_per_hour\{fleet="ocr"\} 1\.42$/m);
});

test('peers, outbox and jobs are counted by their labels', async () => {
  const meter = createMeter();
  meter.peerFailed('nomad', 'timeout');
  meter.peerFailed('nomad', 'timeout');
  meter.outbox('#ml-ops', 3);
  meter.job('observe', 'done', 0.03);
  meter.job('observe', 'late', 12);
  const { body } = await meter.render();
  match(body, /^muster_peer_failures_total\{peer="nomad",why="timeout"\} 2$/m);
  match(body, /^muster_outbox_waiting\{channel="#ml-ops"\} 3$/m);
  match(body, /^muster_jobs_total\{job="observe",outcome="late"\} 1$/m);
  match(body, /^muster_job_seconds_count\{job="observe"\} 2$/m);
});

test('two meters share nothing, and the process is measured on request only', async () => {
  createMeter().peerFailed('nomad', 'error');
  const other = createMeter();
  doesNotMatch((await other.render()).body, /nomad|process_cpu/);
  match((await createMeter({ processMetrics: true }).render()).body, /^process_cpu_seconds_total /m);
});
