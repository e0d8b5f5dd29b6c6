import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { createFaults } from '../../src/sandbox/faults.js';

test('a fault is open until its time on the Muster clock, and the newest of a target counts', () => {
  let now = 1_000;
  const faults = createFaults(() => now);
  equal(faults.open('nomad'), null);
  const long = faults.start('nomad', 'slow', 60);
  const short = faults.start('nomad', 'down', 10);
  equal(long.until, 61_000);
  equal(faults.open('nomad')?.id, short.id);
  equal(faults.open('slack'), null);
  now = 11_000;
  equal(faults.open('nomad')?.id, long.id);
  equal(faults.end(short.id), false);
  equal(faults.end(long.id), true);
  deepEqual([faults.open('nomad'), faults.all()], [null, []]);
});

test('a kind that means nothing to a peer is an error there, and keeps its name in the list', () => {
  const faults = createFaults(() => 0);
  faults.start('redis', 'nostats', 5);
  faults.start('rabbitmq', 'nostats', 5);
  equal(faults.open('redis')?.kind, 'error');
  equal(faults.open('rabbitmq')?.kind, 'nostats');
  deepEqual(
    faults.all().map(({ kind }) => kind),
    ['nostats', 'nostats'],
  );
});
