import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { type LettersEvent, type LettersState, watchLetters } from '../../src/core/dead-letters.js';

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 0, 5, 12);
const LIMIT = 10;

/** One look a minute; what each of them told. */
function looks(counts: number[], before: LettersState | null = null) {
  let state = before;
  const events = counts.map((count, n): LettersEvent | null => {
    const after = watchLetters(state, count, LIMIT, NOW + n * MINUTE, `id-${n}`);
    state = after.state;
    return after.event;
  });
  return { events, state };
}

const many = (count: number, times: number): number[] => Array.from({ length: times }, () => count);

test('fires beyond the limit, tells each change, and is over at the third look without any', () => {
  const { events, state } = looks([10, 11, 11, 14, 0, 12, 0, 0, 0, 10]);
  const told = [null, 'fired', null, 'updated', 'updated', 'updated', 'updated', null, 'resolved', null];
  deepEqual(events, told);
  deepEqual(state, { v: 1, count: 10, stand: 0, alert: null });
});

test('a few that are left under the limit keep it open: it does not come and go with each of them', () => {
  const { state } = looks([12, 9, 11, 10, 10, 10, 10]);
  equal(state?.alert?.id, 'id-0');
});

test('what stands for six hours without growing is let stand, and only what comes on top of it fires again', () => {
  const first = looks([20, ...many(30, 360)]);
  deepEqual([first.events.at(-1), first.state?.alert?.grewAt], [null, NOW + MINUTE]);
  const six = looks([20, ...many(30, 361)]);
  equal(six.events.at(-1), 'resolved');
  deepEqual(six.state, { v: 1, count: 30, stand: 30, alert: null });
  deepEqual(looks([40, 41], six.state).events, [null, 'fired']);
  deepEqual(looks([5, 15, 16], six.state).events, [null, null, 'fired'], 'those taken away count no more');
  deepEqual(looks([41, 30, 30, 30], six.state).events, ['fired', 'updated', null, 'resolved']);
});
