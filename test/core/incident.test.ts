import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AlertState, watchLatency } from '../../src/core/incident.js';
import { aPolicy, aSample, MINUTE, NOON } from './builders.js';

/** One letter a minute: b late, g in time, ? unknown, o an old message. Gives the events with their minute. */
function play(minutes: string): { state: AlertState; events: string[] } {
  let state: AlertState | null = null;
  const events: string[] = [];
  [...minutes].forEach((letter, i) => {
    const p95Seconds = letter === 'b' ? 4 + i : letter === 'g' || letter === 'o' ? 1 : null;
    const oldestAgeSeconds = letter === 'o' ? 60 : letter === '?' ? null : 0;
    const sample = aSample({ at: NOON + i * MINUTE, p95Seconds, oldestAgeSeconds });
    const next = watchLatency(state, sample, aPolicy(), 'i1');
    state = next.state;
    if (next.event === 'fired' || next.event === 'resolved') events.push(`${next.event}@${i}`);
  });
  return { state: state!, events };
}

test('three late minutes of five fire, two do not', () => {
  assert.deepEqual(play('ggbgbgg').events, []);
  assert.deepEqual(play('ggbgbb').events, ['fired@5']);
  assert.deepEqual(play('bgggbgggb').events, []);
});

test('an old message is as bad as a late response', () => {
  assert.deepEqual(play('ooo').events, ['fired@2']);
});

test('ten good minutes resolve, and a late one between starts them again', () => {
  assert.deepEqual(play(`bbb${'g'.repeat(10)}`).events, ['fired@2', 'resolved@12']);
  assert.deepEqual(play(`bbb${'g'.repeat(9)}b${'g'.repeat(10)}`).events, ['fired@2', 'resolved@22']);
});

test('unknown minutes neither fire nor heal', () => {
  assert.deepEqual(play('b?b???').events, []);
  assert.deepEqual(play(`bbb${'g'.repeat(5)}${'?'.repeat(20)}`).events, ['fired@2']);
});

test('the peak and the beginning are kept for the last message', () => {
  const { state } = play(`gbbb${'g'.repeat(10)}`);
  assert.equal(state.phase, 'quiet');
  assert.equal(state.peakSeconds, 7);
  assert.equal(state.since, NOON);
  assert.equal(state.id, 'i1');
});

test('a minute that is delivered twice changes nothing', () => {
  const sample = aSample({ p95Seconds: 9 });
  const first = watchLatency(null, sample, aPolicy(), 'i1');
  const again = watchLatency(first.state, sample, aPolicy(), 'i1');
  assert.equal(again.state, first.state);
  assert.equal(again.event, null);
});
