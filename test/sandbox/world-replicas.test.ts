import { deepEqual, equal, ok } from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { WorldState } from '../../src/sandbox/control.js';
import { createRandom } from '../../src/simulation/random.js';
import { startWorldProcess, until, type WorldProcess } from './world-process.js';

const SPEED = 400;
const CYCLE_MS = 1_200_000;
const CYCLES = 21;
const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url));

/** Cycles of three seconds; every second or so one of the two bots is killed in whatever it was doing. */
test('two replicas, killed at random, decide each cycle once, skip no two in a row and double no action', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-two-'));
  const world = await startWorldProcess(['--port', '0', '--speed', String(SPEED), '--data', folder], {
    bot: null,
  });
  const second = keepReplica(world.url);
  const random = createRandom(7);
  try {
    const first = await until(
      'both bots',
      async () => {
        const now = await stateOf(world);
        return now.bots.length >= 2 && now;
      },
      20_000,
    );
    const started = Math.ceil(first.clock / CYCLE_MS) * CYCLE_MS;
    let kills = 0;
    for (;;) {
      const now = await stateOf(world);
      if (now.clock >= started + CYCLES * CYCLE_MS) break;
      await new Promise((resolve) => setTimeout(resolve, 2_000 + random.next() * 3_000));
      const { bots } = await stateOf(world);
      // One at a time: with nobody left there would be no replica that lives.
      if (bots.length >= 2) {
        process.kill(random.pick(bots).pid, 'SIGKILL');
        kills += 1;
      }
    }
    const end = await stateOf(world);
    t.diagnostic(`${kills} kills, ${end.decisions.length} decisions, ${end.calls.length} calls`);
    ok(kills >= 8, `${kills} kills`);
    for (const fleet of Object.keys(end.fleets)) checkCycles(fleet, end, started);
    checkActions(end);
  } finally {
    second.stop();
    await world.end();
    rmSync(folder, { recursive: true, force: true });
  }
});

const stateOf = (world: WorldProcess) => world.get<WorldState>('/_sandbox/state');

function checkCycles(fleet: string, { decisions, clock }: WorldState, started: number): void {
  const cycles = decisions
    .filter((decision) => decision.fleet === fleet && decision.trigger === 'cycle')
    .map(({ cycle }) => cycle)
    .filter((cycle) => cycle >= started);
  deepEqual(cycles, [...new Set(cycles)], `${fleet}: a cycle was decided twice`);
  const ended = Math.floor(clock / CYCLE_MS) * CYCLE_MS - CYCLE_MS;
  let last = started - CYCLE_MS;
  for (const cycle of [...cycles, ended + CYCLE_MS]) {
    ok(cycle - last <= 2 * CYCLE_MS, `${fleet}: no decision from ${last} to ${cycle}`);
    last = cycle;
  }
}

/** Actions are absolute, so a repeat that changes nothing is harmless; what may not be is a count or a VM changed twice. */
function checkActions({ calls, decisions }: WorldState): void {
  const known = new Set(decisions.map(({ id }) => id));
  const scales = calls.filter(({ target, path }) => target === 'nomad' && path.endsWith('/scale'));
  ok(scales.length > 10);
  for (const { decisionId } of scales) ok(decisionId !== null && known.has(decisionId), String(decisionId));
  const done = scales
    .filter(({ status }) => status === 200)
    .map(({ decisionId, path }) => `${decisionId} ${path}`);
  const twice = done.filter((each, index) => done.indexOf(each) !== index);
  deepEqual(twice, [], 'a zone was scaled twice for one decision');
  const pages = calls.filter(({ target, path }) => target === 'pagerduty' && path === '/v2/enqueue');
  equal(pages.filter(({ status }) => status >= 400 && status !== 429).length, 0);
}

/** A replica like one that somebody starts by hand; started again when it was killed. */
function keepReplica(url: string): { stop(): void } {
  let child: ChildProcess | null = null;
  let stopped = false;
  const start = () => {
    if (stopped) return;
    child = spawn(process.execPath, [cli, 'bot', '--world', url], { stdio: 'ignore' });
    child.once('exit', () => setTimeout(start, 300));
  };
  start();
  return {
    stop: () => {
      stopped = true;
      child?.kill('SIGKILL');
    },
  };
}
