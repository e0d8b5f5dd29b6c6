import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import type { Decision } from '../../src/core/model.js';
import { shortageAfter } from '../../src/core/shortage.js';
import { aRecord } from '../support/fleet.js';

const open = { id: 'ocr-1', since: 1_000 };

test('begins with the decision that finds it, and keeps its name while it lasts', () => {
  deepEqual(after({ need: 9, count: 7, shortOf: 2 }, null), { id: 'ocr-2', since: 2_000 });
  deepEqual(after({ need: 12, count: 7, shortOf: 5 }, open), open);
});

test('is over when the need is met', () => {
  equal(after({ need: 7, count: 7, shortOf: 0 }, open), null);
  equal(after({ need: 7, count: 7, shortOf: 0 }, null), null);
});

test('goes on while nobody knows the need, or something else keeps the count below it', () => {
  deepEqual(after({ need: null, count: 7, shortOf: 0 }, open), open);
  deepEqual(after({ need: 9, count: 4, shortOf: 0 }, open), open);
});

test('does not begin with a count that a person asked for', () => {
  equal(after({ need: 9, count: 4, shortOf: 0 }, null), null);
});

function after(
  { need, count, shortOf }: { need: number | null; count: number; shortOf: number },
  before: typeof open | null,
): typeof open | null {
  const { decision } = aRecord();
  const numbers = { ...decision.numbers, need };
  const held: Decision = {
    ...{ kind: 'hold', at: count, placement: [], reasons: [] },
    ...{ numbers, shortOf },
  };
  return shortageAfter({ id: 'ocr-2', at: 2_000, decision: held }, before);
}
