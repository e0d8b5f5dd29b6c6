import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { digest } from '../../jobs/digest.js';
import type { JobContext } from '../../src/app.js';
import { digestDue, fleetDay } from '../../src/core/digest.js';
import type { DecisionRecord, DecisionSummary, Sample } from '../../src/core/model.js';
import type { AuditLine } from '../../src/ports.js';
import { shellText } from '../../src/shell-text.js';
import { createMemoryStore } from '../../src/simulation/memory-store.js';
import { aFleet, aPolicy, aSample } from '../support/fleet.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** 09:00 in Kolkata. */
const NINE = Date.UTC(2026, 0, 6, 3, 30);
const time = { at: '09:00', timeZone: 'Asia/Kolkata' };

test('the digest is due from its time on for three hours, in its own zone, across a change of the clocks', () => {
  equal(digestDue(NINE - 1, time), null);
  deepEqual(digestDue(NINE, time), { from: NINE - 24 * HOUR, to: NINE, day: '2026-01-06' });
  ok(digestDue(NINE + 2 * HOUR, time));
  equal(digestDue(NINE + 3 * HOUR, time), null);
  const summer = digestDue(Date.UTC(2026, 2, 29, 7, 30), { at: '09:00', timeZone: 'Europe/Berlin' });
  equal(summer!.to - summer!.from, 23 * HOUR);
});

/** Four workers all day, six from noon to one, when p95 is above its objective for seven minutes. */
function aDay(): Sample[] {
  return Array.from({ length: 1_440 }, (_, n) => {
    const at = NINE - 24 * HOUR + (n + 1) * MINUTE;
    const busy = n >= 180 && n < 240;
    return aSample(at, {
      requestsPerSecond: busy ? 9 : 5,
      ready: busy ? 6 : 4,
      p95Seconds: n >= 180 && n < 187 ? 4 : 0.9,
    });
  });
}

test('cost, the cost of the peak all day, late minutes and misses are those of the samples', () => {
  const day = digestDue(NINE, time)!;
  const from = NINE - 24 * HOUR + 180 * MINUTE;
  const policy = aPolicy({ slotsPerNode: 2 });
  const known = fleetDay('ocr', policy, day, {
    samples: aDay(),
    decisions: [],
    foreseen: [
      { from, to: from + 20 * MINUTE, forecast: 6, sizedFor: 7 },
      { from: from + HOUR, to: from + HOUR + 20 * MINUTE, forecast: 5, sizedFor: 6 },
    ],
  })!;
  // Two nodes (two workers a zone) for 23 hours, four (three a zone) for one.
  equal(Math.round(known.cost * 100), Math.round((23 * 2 + 4) * 1.5 * 100));
  equal(known.late, 7);
  equal(known.judged, 1_440);
  deepEqual(known.forecast, { cycles: 2, error: 3 / 14, over: 1, worst: { at: from, foreseen: 6, came: 9 } });
  ok(known.staticPeak! > known.cost);
  equal(fleetDay('ocr', policy, day, { samples: [], decisions: [], foreseen: [] }), null);
});

function scene(now: number, samples: Sample[]) {
  const store = createMemoryStore({ now: () => 0 });
  const queued: string[] = [];
  const audit: AuditLine[] = [
    {
      at: NINE - HOUR,
      by: { id: 'slack:U0ASHA', name: 'Asha' },
      action: 'override',
      fleet: 'ocr',
      said: 'override ocr 6 for 1h because <!channel>',
      seq: 1,
      hash: '',
      previous: '',
    },
    {
      at: NINE - HOUR,
      by: { id: 'muster', name: 'Muster' },
      action: 'decision',
      fleet: 'ocr',
      seq: 2,
      hash: '',
      previous: '',
    },
    {
      at: NINE - HOUR,
      by: { id: 'muster', name: 'Muster' },
      action: 'proposal-overtaken',
      fleet: 'ocr',
      said: 'override ocr 40 for 1h because never done',
      seq: 3,
      hash: '',
      previous: '',
    },
  ];
  const summary = {
    id: 'd1',
    fleet: 'ocr',
    at: NINE - 5 * HOUR,
    kind: 'scale',
    trigger: 'cycle',
    from: 4,
    to: 6,
    status: 'ready',
  } as DecisionSummary;
  const record = {
    decision: {
      numbers: { horizonFrom: NINE - 5 * HOUR, horizonTo: NINE - 4 * HOUR, forecast: 6, sizedFor: 7 },
    },
  } as unknown as DecisionRecord;
  const context = {
    store: {
      ...store,
      samples: async (fleet: string) => (fleet === 'ocr' ? samples : []),
      decisions: async (fleet: string) => (fleet === 'ocr' ? [summary] : []),
      decision: async () => record,
      audit: async () => audit,
    },
    clock: { now: () => now, speed: 1, sleep: async () => {} },
    queue: { enqueue: async (job: string) => void queued.push(job) },
    fleets: [aFleet('ocr'), { ...aFleet('liveness'), channel: '#quiet' }],
    settings: { digest: time },
    signal: new AbortController().signal,
  } as unknown as JobContext;
  return { store, queued, context };
}

test('a channel is told once about its day, honestly, and a channel without news is not', async () => {
  const { store, queued, context } = scene(NINE + MINUTE, aDay());
  await digest.run({ v: 1 }, context);
  await digest.run({ v: 1 }, context);
  deepEqual(
    (await store.waiting()).map(({ channel, count }) => [channel, count]),
    [['#ml-ops', 1]],
  );
  const row = (await store.peek('#ml-ops'))!;
  const text = shellText(row.message, { timeZone: 'UTC', command: '/muster' });
  match(text, /7 minutes were late, 1 change was made/);
  match(text, /less than at the peak all day/);
  match(text, /ocr.*: missed the peak by [\d.]+ % on average over 1 cycles/);
  match(text, /override ocr 6 for 1h because <!channel>/);
  doesNotMatch(text, /never done/);
  equal(row.priority, 'notice');
  ok(queued.includes('announce'));
  await store.sent(row, { channel: 'C1', ts: '1' }, 0);
  await digest.run({ v: 1 }, context);
  deepEqual(await store.waiting(), []);
});

test('nothing is told before its time, or when nothing was seen', async () => {
  for (const [now, samples] of [
    [NINE - MINUTE, aDay()],
    [NINE + MINUTE, []],
  ] as const) {
    const { store, context } = scene(now, [...samples]);
    await digest.run({ v: 1 }, context);
    deepEqual(await store.waiting(), []);
  }
});
