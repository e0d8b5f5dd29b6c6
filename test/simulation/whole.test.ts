import { deepEqual, equal, rejects } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runSimulate } from '../../src/simulate-cli.js';
import { invariants } from '../../src/simulation/whole/invariants.js';
import { runWhole } from '../../src/simulation/whole/run.js';

test('the same seed writes the same log, another one another', async () => {
  const [first, again, other] = [
    await runWhole({ seed: 5, days: 1, keep: Number.POSITIVE_INFINITY }),
    await runWhole({ seed: 5, days: 1, keep: Number.POSITIVE_INFINITY }),
    await runWhole({ seed: 6, days: 1 }),
  ];
  deepEqual(again.log, first.log);
  equal(again.digest, first.digest);
  equal(other.digest === first.digest, false);
});

test('the command says the digest and what it counted, and exits with 0 when all held', async () => {
  let said = '';
  const code = await runSimulate(['--seed', '5', '--days', '1'], { out: (text) => (said += text) });
  equal(code, 0);
  equal(
    /^seed 5, 1 day: log [0-9a-f]{16} \(\d+ lines\)\n\d+ decisions, .*\nevery invariant held\n$/.test(said),
    true,
    said,
  );
});

test('the command refuses what is no seed and no number of days', async () => {
  const io = { out: () => {} };
  await rejects(runSimulate(['--seed', 'x'], io), /--seed is x, must be a whole number/);
  await rejects(runSimulate(['--seed', '-1'], io), /--seed is -1, must be a whole number from 0/);
  await rejects(runSimulate(['--days', '0'], io), /--days is 0, must be a whole number from 1/);
  await rejects(runSimulate(['--seeds', '5'], io), /--seeds is 5, must be a range/);
  await rejects(runSimulate(['--seeds', '5..4'], io), /--seeds is 4, must be a whole number from 5/);
  await rejects(runSimulate(['--seed', '5', '--seeds', '1..2'], io), /exclude each other/);
});

test('docs/SIMULATION.md lists the invariants as they are in the code', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/SIMULATION.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `([a-z-]+)` \| (.+) \|$/gm)].map(([, name, says]) => ({ name, says }));
  deepEqual(
    rows,
    invariants.map(({ name, says }) => ({ name, says })),
  );
});
