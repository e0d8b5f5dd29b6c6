/** A change that failed, or that the world left since, is carried out again by a cycle that changes nothing. */
import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import { decide } from '../../src/core/decide.js';
import { explain } from '../../src/core/explain.js';
import type { DecisionRecord, Seen } from '../../src/core/model.js';
import { decisionSummary } from '../../src/core/views/decision.js';
import { aFreeze, anOverride, aPolicy, aSeen, aZone } from './builders.js';

const policy = aPolicy();
const placement = [
  { zone: 'a', workers: 10 },
  { zone: 'b', workers: 10 },
];
const last = { placement, from: 12, status: 'failed' as const };
const lacking = [aZone('a', 10), aZone('b', 10, { ready: 0 })];
/** A pin keeps the fleet at its twenty, so nothing is there to change. */
const decided = (changes: Partial<Seen>, under = policy) => {
  const seen = aSeen({ override: anOverride({ workers: 20 }), zones: lacking, last, ...changes }, under);
  const decision = decide(seen, under);
  const again = decision.reasons.find(({ code }) => code === 'tried-again');
  const record = { fleet: 'ocr', decision, status: 'planned' } as DecisionRecord;
  const summary = decisionSummary(record);
  return { kind: decision.kind, again, summary, words: explain(decision, seen, under).join(' ') };
};

test('a change that failed is tried again by the next cycle that decides the same', () => {
  const { kind, again, words } = decided({});
  equal(kind, 'hold');
  deepEqual(again, { code: 'tried-again', failed: true, ready: 10, count: 20 });
  match(words, /did not get all the way \(10 of 20 workers ready\); it is tried again/);
});

test('by a cycle alone, never against a freeze, and not in advise mode', () => {
  equal(decided({ trigger: 'request' }).again, undefined);
  equal(decided({ trigger: 'guard' }).again, undefined);
  equal(decided({ freezes: [aFreeze({ kind: 'all' })] }).again, undefined);
  equal(decided({ freezes: [aFreeze({ kind: 'down' })], last: { ...last, from: 24 } }).again, undefined);
  equal(decided({ freezes: [aFreeze({ kind: 'down' })] }).again?.code, 'tried-again', 'it was a raise');
  equal(decided({}, aPolicy({ mode: 'advise' })).again, undefined);
});

test('a change that was ready is carried out again when workers are lost that nobody places', () => {
  const ready = { ...last, status: 'ready' as const };
  match(decided({ last: ready }).words, /Only 10 of 20 workers are ready and no more are starting/);
  const starting = [aZone('a', 10), aZone('b', 10, { ready: 0, starting: 10 })];
  equal(decided({ last: ready, zones: starting }).again, undefined);
  equal(decided({ last: ready, busy: true }).again, undefined, 'a rollout or a drain takes them out');
  equal(decided({ last: ready, zones: [aZone('a', 10), aZone('b', 10)] }).again, undefined);
});

test('counts that are not those of the newest change take a change of their own', () => {
  const other = {
    ...last,
    placement: [
      { zone: 'a', workers: 0 },
      { zone: 'b', workers: 20 },
    ],
  };
  const { kind, again, summary } = decided({ last: other });
  deepEqual([kind, again?.code], ['scale', 'tried-again']);
  match(summary, /^ocr is brought back to its 20 workers\./);
  equal(decided({ last: other, busy: true }).again, undefined);
});
