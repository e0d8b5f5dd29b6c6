import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import type { Answered, WorldState } from '../../src/sandbox/control.js';
import { processStart } from '../../src/sandbox/save.js';
import { runWorldProcess, startWorldProcess, until, type WorldProcess } from './world-process.js';

/** The composition with a stub for the bot: real stand-ins, real Redis, real processes. */
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-world-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

let shared: WorldProcess;
let sharedFolder: string;
before(async () => {
  sharedFolder = mkdtempSync(join(tmpdir(), 'muster-world-'));
  shared = await startWorldProcess(['--port', '0', '--speed', '600', '--data', sharedFolder]);
  await until('the bot', async () => (await state(shared)).bots.length === 1);
});
after(async () => {
  await shared.end();
  rmSync(sharedFolder, { recursive: true, force: true });
});

const state = (world: WorldProcess) => world.get<WorldState>('/_sandbox/state');
const isGone = (pid: number) => processStart(pid) === null;
const said = { user: 'asha', channel: '#ml-ops', text: '/muster status' };

test('the state has every key of the contract, and time runs at the speed asked for', async () => {
  const start = Date.now();
  const first = await state(shared);
  for (const key of 'clock speed channels fleets decisions pagerduty costs calls bots'.split(' '))
    ok(key in first, key);
  equal(first.speed, 600);
  deepEqual(Object.keys(first.fleets), ['face-match', 'liveness', 'ocr']);
  for (const fleet of Object.values(first.fleets))
    deepEqual(
      Object.keys(fleet),
      'desired ready starting nodes demandPerSecond backlog p95Seconds lateShare'.split(' '),
    );
  deepEqual(Object.keys(first.costs), ['currency', 'perHour', 'sinceStart', 'staticPeakSinceStart']);
  ok(first.channels.some((channel) => (channel as { name: string }).name === 'ml-ops'));
  const next = await until('two simulated minutes', async () => {
    const now = await state(shared);
    return now.clock - first.clock > 120_000 && now;
  });
  const simulated = next.clock - first.clock;
  ok(simulated <= 600 * (Date.now() - start), `${simulated} ms`);
  ok((next.fleets.ocr?.demandPerSecond ?? 0) > 0 && next.costs.sinceStart > first.costs.sinceStart);
});

test('a command reaches the bot signed, and its answer comes back within the contract', async () => {
  const { status, json } = await shared.ask<Answered>('POST', '/_sandbox/command', said);
  equal(status, 200);
  equal(json.ok, true);
  equal((json.responses[0] as { text: string }).text, 'sandbox heard: status');
  const wrong = await shared.ask<{ error: { code: string } }>('POST', '/_sandbox/command', {
    ...said,
    user: 'x',
  });
  deepEqual([wrong.status, wrong.json.error.code], [400, 'not-found']);
});

test('a fault shows in the state, ends on the Muster clock or when told, and not after a week', async () => {
  const fault = { target: 'nomad', kind: 'down', seconds: 86_400 };
  const { json } = await shared.ask<{ id: string; until: number }>('POST', '/_sandbox/fault', fault);
  ok(json.until > (await state(shared)).clock);
  equal((await state(shared)).faults.length, 1);
  equal((await shared.ask('DELETE', `/_sandbox/fault/${json.id}`)).status, 200);
  equal((await shared.ask('DELETE', `/_sandbox/fault/${json.id}`)).status, 404);
  await shared.ask('POST', '/_sandbox/fault', { target: 'redis', kind: 'slow', seconds: 300 });
  await until('the end of the fault', async () => (await state(shared)).faults.length === 0);
  equal(
    (await shared.ask('POST', '/_sandbox/fault', { target: 'slack', kind: 'down', seconds: 1e9 })).status,
    400,
  );
});

test('other names for this machine, and pages of other sites, are refused', async () => {
  const status = (headers: Record<string, string>) =>
    new Promise<number | undefined>((resolve) => {
      request(`${shared.url}/_sandbox/state`, { headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).end();
    });
  equal(await status({ host: 'evil.example' }), 403);
  equal(await status({ origin: 'https://evil.example' }), 403);
  equal(await status({ origin: shared.url }), 200);
});

test('the page is served at the root', async () => {
  const page = await fetch(`${shared.url}/`);
  equal(page.status, 200);
  match(page.headers.get('content-type') ?? '', /text\/html/);
  equal((await fetch(`${shared.url}/nothing-here`)).status, 404);
});

test('a killed bot comes back, and while there is none a command is answered with 503', async () => {
  const killed: number[] = [];
  await until('a command that finds no bot', async () => {
    for (const { pid } of (await state(shared)).bots) {
      process.kill(pid, 'SIGKILL');
      killed.push(pid);
    }
    return (await shared.ask('POST', '/_sandbox/command', said)).status === 503;
  });
  const again = await until('another bot', async () => (await state(shared)).bots[0]);
  ok(killed.length > 0 && !killed.includes(again.pid));
  equal((await shared.ask('POST', '/_sandbox/command', said)).status, 200);
});

test('a killed world leaves no child behind, and a restart goes on where it was', async () => {
  const argv = ['--port', '0', '--speed', '600', '--data', folder];
  const world = await startWorldProcess(argv);
  const before = await until('some minutes, a bot and a save', async () => {
    const since = Date.now();
    const { bots, clock } = await state(world);
    const saved: number = JSON.parse(readFileSync(join(folder, 'world.json'), 'utf8')).simMs;
    return bots[0] !== undefined && saved > 1_767_580_500_000 && { since, clock, saved, bot: bots[0].pid };
  });
  const { bot } = before;
  await world.kill();
  await until('the end of the bot', () => isGone(bot));

  const again = await startWorldProcess(argv);
  try {
    match(again.output(), /going on from 2026-01-05/);
    const next = await state(again);
    ok(next.clock >= before.saved, 'nothing that was saved is lost');
    ok(next.clock <= before.clock + 600 * (Date.now() - before.since), 'no time is left out');
    ok(next.costs.sinceStart > 0);

    const second = await runWorldProcess(argv);
    equal(second.code, 1);
    match(second.output, /Another sandbox \(process \d+\)/);
  } finally {
    equal(await again.end(), 0);
  }
  const other = await runWorldProcess([...argv, '--seed', '2']);
  equal(other.code, 1);
  match(other.output, /made with --seed 1, not with --seed 2/);
});

test('a taken port, a wrong option, a broken save and a broken trace end with one clear sentence', async () => {
  const port = new URL(shared.url).port;
  const taken = await runWorldProcess(['--port', port, '--data', folder]);
  equal(taken.code, 1);
  match(taken.output, new RegExp(`Port ${port} is taken: choose another one with --port`));

  const wrong = await runWorldProcess(['--speed', '9000']);
  equal(wrong.code, 2);
  match(wrong.output, /--speed must be a number from 1 to 600.*\nusage: npm start/);

  const csv = join(folder, 'junk.csv');
  writeFileSync(csv, 'timestamp,requests\nyesterday,many\n');
  const junk = await runWorldProcess(['--port', '0', '--data', join(folder, 'fresh'), '--trace', csv]);
  equal(junk.code, 2);
  match(junk.output, /line 2/);

  writeFileSync(join(folder, 'world.json'), '{');
  const broken = await runWorldProcess(['--port', '0', '--data', folder]);
  equal(broken.code, 2);
  match(broken.output, /world\.json cannot be read; it was left as it is/);
  equal(readFileSync(join(folder, 'world.json'), 'utf8'), '{');
});

test('a trace runs from its first minute, and at its end the world says what it came to and stays up', async () => {
  const csv = join(folder, 'day.csv');
  const rows = Array.from({ length: 20 }, (_, n) => `1998-05-18T00:${String(n).padStart(2, '0')}:00Z,600`);
  writeFileSync(csv, ['timestamp,requests', ...rows].join('\n'));
  const since = Date.now();
  const world = await startWorldProcess([
    '--port',
    '0',
    '--speed',
    '600',
    '--data',
    join(folder, 'w'),
    '--trace',
    csv,
  ]);
  try {
    const { clock } = await state(world);
    ok(clock <= Date.UTC(1998, 4, 18) + 600 * (Date.now() - since), new Date(clock).toISOString());
    await until('the summary', () => /The trace has ended[\s\S]*Decisions:/.test(world.output()));
    const after = await state(world);
    equal(after.notes.length, 4);
    match(after.notes[1] ?? '', /Cost: .* USD, .* (below|above) fleets sized for their peak/);
    equal(
      (
        await until('no more traffic', async () => {
          const now = await state(world);
          return now.fleets.ocr?.demandPerSecond === 0 && now;
        })
      ).fleets.ocr?.demandPerSecond,
      0,
    );
  } finally {
    equal(await world.end(), 0);
  }
});
