/**
 * Two replicas against one world, with kill -9 of either at random moments: the promise that matters most, on the real
 * Redis, the real BullMQ and the wire protocols of all peers.
 */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createRandom } from '../../src/simulation/random.js';
import { startWorldProcess, until } from '../sandbox/world-process.js';

const CYCLE_MS = 1_200_000;
/** A cycle of three seconds. */
const SPEED = 400;
const CYCLES = 24;
/** At least; a busy machine, on which a replica is long in coming back, takes more cycles for it. */
const KILLS = 10;
const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url));

interface State {
  clock: number;
  decisions: { id: string; fleet: string; cycle: number; trigger: string }[];
  calls: {
    at: number;
    target: string;
    method: string;
    path: string;
    decisionId: string | null;
    status: number;
  }[];
  bots: { url: string; pid: number }[];
  channels: { name: string; messages: { text: string; thread: unknown[] }[] }[];
}

test('two replicas, either killed at random: one decision a cycle, no two cycles without one, no action doubled', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-replicas-'));
  const world = await startWorldProcess(
    ['--port', '0', '--speed', String(SPEED), '--seed', '7', '--data', folder],
    { bot: null },
  );
  let replica: ChildProcess | null = null;
  const startReplica = () => {
    replica = spawn(process.execPath, [cli, 'bot', '--world', world.url], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    replica.once('exit', () => {
      if (replica !== null) startReplica();
    });
  };
  try {
    startReplica();
    const state = () => world.get<State>('/_sandbox/state');
    const two = await until(
      'two bots',
      async () => {
        const seen = await state();
        return seen.bots.length === 2 && seen.decisions.length > 0 && seen;
      },
      30_000,
    );
    const from = Math.ceil(two.clock / CYCLE_MS) * CYCLE_MS;
    const random = createRandom(11);
    let kills = 0;
    let end = two;
    while (end.clock < from + CYCLES * CYCLE_MS || kills < KILLS) {
      // Between a tenth of a cycle and one and a half: some kills hit the middle of a decision, some a quiet time.
      const pause = (0.1 + 1.4 * random.next()) * (CYCLE_MS / SPEED);
      await new Promise((resolve) => setTimeout(resolve, pause));
      end = await state();
      const victim = end.bots[Math.floor(random.next() * end.bots.length)];
      if (victim !== undefined && end.bots.length === 2) {
        process.kill(victim.pid, 'SIGKILL');
        kills += 1;
      }
    }
    everyCycleOnce(end, from);
    noActionTwice(end);
  } finally {
    const last = replica as ChildProcess | null;
    replica = null;
    last?.kill('SIGKILL');
    await world.end();
    rmSync(folder, { recursive: true, force: true });
  }
});

function everyCycleOnce(state: State, from: number): void {
  for (const fleet of ['face-match', 'liveness', 'ocr']) {
    const cycles = state.decisions
      .filter(
        (decision) => decision.fleet === fleet && decision.trigger === 'cycle' && decision.cycle >= from,
      )
      .map((decision) => decision.cycle);
    equal(new Set(cycles).size, cycles.length, `${fleet}: a cycle was decided twice`);
    const missed: number[] = [];
    for (let cycle = from; cycle < from + CYCLES * CYCLE_MS; cycle += CYCLE_MS) {
      if (!cycles.includes(cycle)) missed.push((cycle - from) / CYCLE_MS);
    }
    const pairs = missed.filter((cycle) => missed.includes(cycle + 1));
    deepEqual(pairs, [], `${fleet}: two cycles running without a decision, of those missed: ${missed}`);
  }
}

/** Each scaling of a job for one decision once; each decision posted once, its two thread replies at most once. */
function noActionTwice(state: State): void {
  const done = state.calls.filter((call) => call.status < 300 && call.decisionId !== null);
  const scales = done.filter((call) => call.target === 'nomad' && call.path.endsWith('/scale'));
  ok(scales.length > 0, 'the cluster was scaled');
  const twice = doubled(scales.map((call) => `${call.decisionId} ${call.path}`));
  const story = () =>
    JSON.stringify(done.filter((call) => twice.some((one) => one.startsWith(`${call.decisionId} `))));
  deepEqual(twice, [], `scaled twice for one decision: ${twice.length === 0 ? '' : story()}`);
  const resizes = done.filter((call) => call.target === 'gce' && call.path.includes('resize'));
  deepEqual(
    doubled(resizes.map((call) => `${call.decisionId} ${call.path}`)),
    [],
    'resized twice for one decision',
  );
  const messages = state.channels.flatMap((channel) => channel.messages);
  const decisions = messages.filter((message) => /from \d+ to \d+ worker/.test(message.text));
  ok(decisions.length > 0, 'decisions were posted');
  ok(
    messages.every((message) => message.thread.length <= 2),
    'a thread was written twice',
  );
  const posts = done.filter((call) => call.path.endsWith('chat.postMessage'));
  const perDecision = new Map<string, number>();
  for (const { decisionId } of posts) perDecision.set(decisionId!, (perDecision.get(decisionId!) ?? 0) + 1);
  const beyond = [...perDecision]
    .map(([, count]) => Math.max(0, count - 3))
    .reduce((sum, count) => sum + count, 0);
  // A lack of capacity or a limit that keeps a fleet short is said in a message of its own, which names the decision, too.
  const alerts = messages.filter((message) =>
    /does not get all|did not finish|lacks nothing any more|but gets/.test(message.text),
  );
  ok(
    beyond <= alerts.length,
    `${beyond} posts beyond a message and its two replies, ${alerts.length} alerts`,
  );
}

function doubled(names: string[]): string[] {
  return names.filter((name, index) => names.indexOf(name) !== index);
}
