import { deepEqual, equal, match, ok, rejects, throws } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { createSaveFile, lockFolder, type SavedWorld } from '../../src/sandbox/save.js';
import { defaultFolder, originOf, parseWorldOptions } from '../../src/sandbox/world-options.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-save-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const aWorld = (changed: Partial<SavedWorld> = {}): SavedWorld => ({
  v: 1,
  seed: 1,
  scale: 1,
  trace: null,
  simMs: 2_000,
  startMs: 1_000,
  parts: { cluster: { nodes: 3 } },
  ...changed,
});

test('a saved world is read back as it was written', async () => {
  const file = createSaveFile(folder);
  equal(file.read(), null);
  ok(await file.write(aWorld()));
  deepEqual(createSaveFile(folder).read(), aWorld());
  file.writeNow(aWorld({ simMs: 3_000 }));
  equal(file.read()?.simMs, 3_000);
});

test('of two writes at once one is done and the other is skipped', async () => {
  const file = createSaveFile(folder);
  deepEqual(await Promise.all([file.write(aWorld()), file.write(aWorld({ simMs: 9 }))]), [true, false]);
  equal(file.read()?.simMs, 2_000);
});

test('a save that cannot be read is reported with its path and left as it is', () => {
  const path = join(folder, 'world.json');
  for (const broken of ['{"v":1,"seed":', '{"v":2}', '']) {
    writeFileSync(path, broken);
    throws(() => createSaveFile(folder).read(), {
      name: 'OperatorError',
      message: /world\.json.*cannot be read.*--data/,
    });
    equal(readFileSync(path, 'utf8'), broken);
  }
});

test('a folder is locked for one living process only', async () => {
  const unlock = lockFolder(folder);
  throws(() => lockFolder(folder), { name: 'OperatorError', code: 'conflict' });
  unlock();
  lockFolder(folder)();

  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  await once(other, 'spawn');
  const lock = join(folder, 'world.lock');
  writeFileSync(lock, JSON.stringify({ pid: other.pid, started: null }));
  throws(() => lockFolder(folder), new RegExp(`process ${other.pid}`));
  other.kill('SIGKILL');
  await once(other, 'exit');
  lockFolder(folder)();
});

test('a lock whose process number was given to another process since is taken over', () => {
  writeFileSync(join(folder, 'world.lock'), JSON.stringify({ pid: process.ppid, started: 'long ago' }));
  lockFolder(folder)();
});

test('options have their usual values, and a wrong one is told with the usage', () => {
  deepEqual(parseWorldOptions([]), {
    port: 3000,
    speed: 60,
    tracePath: null,
    scale: null,
    seed: null,
    folder: null,
  });
  const given = parseWorldOptions(
    '--port 0 --speed 600 --trace /t.csv --scale 0.45 --seed 7 --data /d'.split(' '),
  );
  deepEqual(given, { port: 0, speed: 600, tracePath: '/t.csv', scale: 0.45, seed: 7, folder: '/d' });
  for (const [wrong, told] of [
    ['--speed 0', /1 to 600/],
    ['--speed 601', /1 to 600/],
    ['--speed fast', /--speed/],
    ['--port 70000', /--port/],
    ['--scale -1', /--scale must be a number above 0 .*It was "-1"/],
    ['--seed -1', /--seed must be a whole number from 0 .*It was "-1"/],
    ['--speed -.5', /1 to 600/],
    ['--seed 1.5', /--seed/],
    ['--seed', /--seed/],
    ['--sped 60', /--sped/],
    ['now', /now/],
  ] as const) {
    throws(
      () => parseWorldOptions(wrong.split(' ')),
      (error: { code: string; message: string; usage: string }) => {
        equal(error.code, 'usage', wrong);
        match(error.message, told);
        match(error.usage, /npm start/);
        return true;
      },
    );
  }
});

test('a saved world goes on with what it was made with, and refuses another seed, scale or trace', async () => {
  const csv = join(folder, 'day.csv');
  writeFileSync(csv, 'timestamp,requests\n2026-01-05T00:00:00Z,1\n');
  const options = parseWorldOptions(['--trace', csv, '--seed', '3']);
  const origin = await originOf(options, null, folder);
  const saved = aWorld(origin);

  deepEqual(await originOf(parseWorldOptions([]), saved, folder), origin);
  deepEqual(await originOf(options, saved, folder), origin);
  const refused = (argv: string[], told: RegExp, from: SavedWorld = saved) =>
    rejects(originOf(parseWorldOptions(argv), from, folder), { name: 'OperatorError', message: told });
  await refused(['--seed', '4'], /--seed 3, not with --seed 4/);
  await refused(['--scale', '2'], /--scale/);
  await refused(['--trace', csv], /synthetic traffic/, aWorld());
  await refused(['--trace', join(folder, 'none.csv')], /cannot be read/);
  writeFileSync(csv, 'timestamp,requests\n2026-01-05T00:00:00Z,2\n');
  await refused([], /has changed/);
});

test('without --data each seed, trace and scale has a folder of its own', () => {
  const folderOf = (line: string) => defaultFolder(parseWorldOptions(line.split(' ').filter(Boolean)));
  equal(folderOf(''), join(process.cwd(), 'data', 'sandbox-1'));
  equal(folderOf('--seed 7'), join(process.cwd(), 'data', 'sandbox-7'));
  equal(folderOf('--trace /a/b/day.csv --scale 0.5'), join(process.cwd(), 'data', 'sandbox-1-day.csv-x0.5'));
});
