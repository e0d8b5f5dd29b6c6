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
/** A cycle of six seconds. */
const SPEED = 200;
const CYCLES = 12;
/** At least; a busy machine, on which a replica is long in coming back, takes more cycles for it. */
const KILLS = 15;
const MOST_PAUSE_MS = 4_500;
/**
 * So many cycles running may go by without a decision: a holder's lease and lock run out on the machine's clock, and a
 * replica comes back as fast as the machine lets it. That it is never two is left to virtual time.
 */
const MOST_MISSED = 4;
const FLEETS = ['face-match', 'liveness', 'ocr'];
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
  channels: { name: string; messages: (Posted & { thread: Posted[] })[] }[];
}

interface Posted {
  text: string;
  blocks: { block_id?: string }[];
}

test('two replicas, either killed at random: one decision a cycle at most, they go on, no action is doubled', async () => {
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
    /** The world shows the newest ones only. */
    const decisions = new Map<string, State['decisions'][number]>();
    const state = async () => {
      const seen = await world.get<State>('/_sandbox/state');
      for (const decision of seen.decisions) decisions.set(decision.id, decision);
      return seen;
    };
    const two = await until('two bots', async () => {
      const seen = await state();
      return seen.bots.length === 2 && seen.decisions.length > 0 && seen;
    });
    const from = Math.ceil(two.clock / CYCLE_MS) * CYCLE_MS;
    const random = createRandom(11);
    let kills = 0;
    let end = two;
    while (end.clock < from + CYCLES * CYCLE_MS || kills < KILLS) {
      // Some kills hit the middle of a decision, some a quiet time.
      await new Promise((resolve) => setTimeout(resolve, (0.07 + 0.93 * random.next()) * MOST_PAUSE_MS));
      end = await state();
      const victim = end.bots[Math.floor(random.next() * end.bots.length)];
      if (victim !== undefined && end.bots.length === 2) {
        process.kill(victim.pid, 'SIGKILL');
        kills += 1;
      }
    }
    const over = end.clock;
    await until('a decision of each fleet after the last kill', async () => {
      await state();
      return FLEETS.every((fleet) => cyclesOf(decisions.values(), fleet).some((cycle) => cycle > over));
    });
    for (const fleet of FLEETS) everyCycleOnce(fleet, cyclesOf(decisions.values(), fleet), from);
    noActionTwice(await state());
  } finally {
    const last = replica as ChildProcess | null;
    replica = null;
    last?.kill('SIGKILL');
    await world.end();
    rmSync(folder, { recursive: true, force: true });
  }
});

const cyclesOf = (decisions: Iterable<State['decisions'][number]>, name: string): number[] =>
  [...decisions]
    .filter(({ fleet, trigger }) => fleet === name && trigger === 'cycle')
    .map(({ cycle }) => cycle);

function everyCycleOnce(fleet: string, cycles: number[], from: number): void {
  equal(new Set(cycles).size, cycles.length, `${fleet}: a cycle was decided twice`);
  const decided = cycles.filter((cycle) => cycle >= from).sort((one, other) => one - other);
  const gaps = decided.map((cycle, n) => (cycle - (decided[n - 1] ?? from)) / CYCLE_MS);
  ok(Math.max(...gaps) <= MOST_MISSED + 1, `${fleet}: steps of ${gaps} cycles from decision to decision`);
}

/** Each scaling of a job for one decision once; each message and each reply in its thread posted once. */
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
  ok(
    messages.some((message) => /from \d+ to \d+ worker/.test(message.text)),
    'decisions were posted',
  );
  const posted = messages.flatMap((message) => [message, ...message.thread]).flatMap(placeOf);
  ok(posted.length > 0, 'messages are known by their blocks');
  deepEqual(doubled(posted), [], 'posted twice');
}

/** What a message tells, and which part of it: its blocks are named so, with a number of the version at the end. */
function placeOf({ blocks }: Posted): string[] {
  const [, place] = /^(.+)\.\d+-\d+$/.exec(blocks[0]?.block_id ?? '') ?? [];
  return place === undefined ? [] : [place];
}

function doubled(names: string[]): string[] {
  return names.filter((name, index) => names.indexOf(name) !== index);
}
