import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Answered, WorldState } from '../../src/sandbox/control.js';
import { startWorldProcess, until, type WorldProcess } from './world-process.js';

/**
 * The whole program as `npm start` runs it, at 600 times real time, in a shell whose environment points every address at
 * a trap: the sandbox must read none of it.
 */
let folder: string;
let trap: Server;
let trapped = 0;
let world: WorldProcess;

const SECRET = 'the-operators-own-secret';
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'muster-real-'));
  trap = createServer((socket) => {
    trapped += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve));
  world = await startWorldProcess(['--port', '0', '--speed', '600', '--data', folder], {
    bot: null,
    env: trapEnvironment((trap.address() as AddressInfo).port),
  });
});
after(async () => {
  await world.end();
  trap.close();
  rmSync(folder, { recursive: true, force: true });
});

const state = () => world.get<WorldState>('/_sandbox/state');
const say = async (text: string): Promise<Answered> => {
  const said = { user: 'asha', channel: '#ml-ops', text };
  const { status, json } = await world.ask<Answered>('POST', '/_sandbox/command', said);
  equal(status, 200, JSON.stringify(json));
  return json;
};

test('every fleet is decided each cycle, and at most once', async () => {
  const cyclesOf = ({ decisions }: WorldState, name: string): number[] =>
    decisions.filter(({ fleet, trigger }) => fleet === name && trigger === 'cycle').map(({ cycle }) => cycle);
  const seen = await until('four cycles of each fleet', async () => {
    const now = await state();
    return Object.keys(now.fleets).every((name) => cyclesOf(now, name).length >= 4) && now;
  });
  for (const name of Object.keys(seen.fleets)) {
    const cycles = cyclesOf(seen, name);
    equal(new Set(cycles).size, cycles.length, `${name}: two decisions in one cycle`);
  }
  const times = seen.decisions.map(({ at }) => at);
  deepEqual(
    times,
    [...times].sort((one, other) => one - other),
  );
});

test('an override typed by hand is acknowledged in time, the channel sees it and the cluster follows', async () => {
  const answer = await say('/muster override ocr 17 for 4h because load test');
  equal(answer.ok, true);
  await until('its message', async () => /pinned ocr at 17/.test(JSON.stringify((await state()).channels)));
  await until('17 workers of ocr', async () => (await state()).fleets.ocr?.desired === 17);
  const { calls } = await state();
  const scales = calls.filter(({ target, path }) => target === 'nomad' && /\/job\/ocr-.*\/scale$/.test(path));
  ok(scales.length >= 1 && scales.every(({ decisionId }) => decisionId !== null));
});

test('status and why answer with blocks, seen by the caller alone', async () => {
  for (const text of ['status', '/muster why face-match']) {
    const { responses } = await until('an answer', async () => {
      const answer = await say(text);
      return answer.ok && answer.responses.length > 0 && answer;
    });
    const [first] = responses as { kind: string; blocks: unknown[] }[];
    equal(first?.kind, 'ephemeral');
    ok((first?.blocks.length ?? 0) > 0);
  }
});

test('a dark metrics source makes the bot hold and say so, and it goes on afterwards', async () => {
  const fault = { target: 'rabbitmq', kind: 'down', seconds: 86_400 };
  const { json } = await world.ask<{ id: string }>('POST', '/_sandbox/fault', fault);
  const began = (await state()).clock;
  const isBlind = ({ fleet, at, reasons }: WorldState['decisions'][number]) =>
    fleet === 'face-match' && at > began && reasons.some(({ code }) => code.startsWith('hold-metrics'));
  const hold = await until('a blind hold', async () => (await state()).decisions.find(isBlind));
  ok(hold.to >= hold.from, 'never down in the dark');
  await world.ask('DELETE', `/_sandbox/fault/${json.id}`);
  await until('sight again', async () => {
    const after = (await state()).decisions.filter(({ fleet, at }) => fleet === 'face-match' && at > hold.at);
    return after.some((decision) => !isBlind(decision));
  });
});

test('a killed bot is replaced and the next command is answered', async () => {
  const [bot] = (await state()).bots;
  process.kill(bot?.pid ?? 0, 'SIGKILL');
  const next = await until('another bot', async () =>
    (await state()).bots.find(({ pid }) => pid !== bot?.pid),
  );
  ok(next.pid > 0);
  await until('an answer', async () => (await say('status')).ok);
});

test("nothing of the shell's environment is read, and no secret leaves by the state or the log", async () => {
  equal(trapped, 0);
  const { config } = await world.get<{ config: object }>('/_sandbox/replica');
  const shown = JSON.stringify(await state());
  for (const text of [JSON.stringify(config), shown, readFileSync(join(folder, 'bot.log'), 'utf8')])
    equal(text.includes(SECRET), false);
  for (const secret of secretsIn(config)) {
    equal(shown.includes(secret), false);
    equal(readFileSync(join(folder, 'bot.log'), 'utf8').includes(secret), false);
  }
  match(JSON.stringify(config), /"environment":"sandbox"/);
});

/** Every variable of .env.example but the one that chooses production, pointed at the trap. */
function trapEnvironment(port: number): Record<string, string> {
  const example = readFileSync(new URL('../../../.env.example', import.meta.url), 'utf8');
  const names = [...example.matchAll(/^(?:# )?([A-Z][A-Z0-9_]+)=/gm)].map(([, name = '']) => name);
  ok(names.includes('NOMAD_ADDR') && names.length > 15);
  const pointed = (name: string): string => {
    if (name === 'PORT') return String(port);
    if (name.endsWith('_HOST')) return `127.0.0.1:${port}`;
    if (/_(ADDR|URL|PROXY)$/i.test(name)) return `http://127.0.0.1:${port}`;
    return SECRET;
  };
  const peers = names.filter((name) => !['SLACK_BOT_TOKEN', 'HOST'].includes(name));
  const proxies = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy'];
  return Object.fromEntries([...peers, ...proxies].map((name) => [name, pointed(name)]));
}

function secretsIn(config: object): string[] {
  const found: string[] = [];
  const walk = (value: unknown, key: string): void => {
    if (typeof value === 'string' && /token|secret|password|routingkey/i.test(key)) found.push(value);
    else if (typeof value === 'object' && value !== null)
      for (const [name, inner] of Object.entries(value)) walk(inner, name);
  };
  walk(config, '');
  ok(found.length >= 5);
  return found;
}
