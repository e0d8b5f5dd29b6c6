import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { createBotRegistry, startChildBot } from '../../src/sandbox/bots.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-bots-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function until<T>(what: string, look: () => T | null | undefined | false): Promise<T> {
  for (const deadline = Date.now() + 120_000; Date.now() < deadline; ) {
    const found = look();
    if (found !== null && found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`never came: ${what}`);
}

test('a bot is listed once, and no longer when it is silent or its process is gone', async () => {
  let now = 0;
  const registry = createBotRegistry(() => now);
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  await once(other, 'spawn');
  const own = { url: 'http://127.0.0.1:1', pid: process.pid };
  const second = { url: 'http://127.0.0.1:2', pid: other.pid ?? 0 };
  registry.register(own);
  registry.register(second);
  registry.register(own);
  deepEqual(registry.list(), [own, second]);
  other.kill('SIGKILL');
  await once(other, 'exit');
  deepEqual(registry.list(), [own]);
  now = 60_000;
  deepEqual(registry.list(), []);
  registry.register(own);
  deepEqual(registry.list(), [own]);
});

test('a child that is killed comes back, sees only its own environment, and ends when told', async () => {
  const logPath = join(folder, 'bot.log');
  const script =
    'console.log(JSON.stringify(process.env)); process.stdin.resume(); setInterval(() => {}, 1000);';
  const child = startChildBot({ command: ['-e', script], env: { A: '1' }, logPath, say: () => {} });
  const first = await until('the first child', child.pid);
  await until('its words', () => existsSync(logPath) && readFileSync(logPath, 'utf8').includes('\n'));
  equal(readFileSync(logPath, 'utf8').split('\n')[0], '{"A":"1"}');
  process.kill(first, 'SIGKILL');
  const second = await until('the second child', () => {
    const pid = child.pid();
    return pid !== first && pid;
  });
  equal(child.note(), null);
  await child.stop(1_000);
  equal(child.pid(), null);
  ok(!isAlive(second));
});

test('a child that does not listen is ended by force', async () => {
  const logPath = join(folder, 'bot.log');
  const script = "process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1000);";
  const child = startChildBot({ command: ['-e', script], env: {}, logPath, say: () => {} });
  await until('the child', () => existsSync(logPath) && readFileSync(logPath, 'utf8').includes('up'));
  const pid = child.pid() ?? 0;
  await child.stop(100);
  ok(!isAlive(pid));
});

test('a child that ends by itself again and again is said to, with its log', async () => {
  const said: string[] = [];
  const logPath = join(folder, 'bot.log');
  const child = startChildBot({
    command: ['-e', 'process.exit(3)'],
    env: {},
    logPath,
    say: (line) => said.push(line),
  });
  const note = await until('the note', child.note);
  match(note, /5 times in a row \(exit code 3\).*bot\.log/);
  deepEqual(said, [note]);
  await child.stop(100);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
