import { deepEqual, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { runRealSeed } from './seed.js';

/** Whatever the machine is busy with, these hold; the others are judged by `node dist/test/real/main.js 1..20`. */
const ALWAYS = new Set([
  'one-writer',
  'one-lock-holder',
  'one-decision-a-cycle',
  'golden-first',
  'counts-kept',
  'ceiling',
  'budget',
  'advise-touches-nothing',
  'audit-chain',
]);

test('half an hour on the real Redis and BullMQ, with processes cut off in the middle of their calls', async () => {
  const { broken, decisions, kills } = await runRealSeed({ seed: 4, hours: 0.5, speed: 600 });
  deepEqual(
    broken.filter(({ invariant }) => ALWAYS.has(invariant)),
    [],
  );
  ok(decisions > 0);
  ok(Object.keys(kills).length > 0, 'somebody was killed');
});
