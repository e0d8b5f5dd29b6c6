import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Answered, WorldState } from '../src/sandbox/control.js';
import { startWorldProcess, until, type WorldProcess } from './sandbox/world-process.js';

/** Charts of the real sandbox, at 300 times real time: from the shell as files, in the workspace as pictures. */
const cli = fileURLToPath(new URL('../src/cli.js', import.meta.url));
let folder: string;
let world: WorldProcess;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'muster-shell-'));
  world = await startWorldProcess(['--port', '0', '--speed', '300', '--data', join(folder, 'world')], {
    bot: null,
  });
  await until('a decision about ocr', async () =>
    (await world.get<WorldState>('/_sandbox/state')).decisions.some(({ fleet }) => fleet === 'ocr'),
  );
});
after(async () => {
  await world.end();
  rmSync(folder, { recursive: true, force: true });
});

async function muster(...argv: string[]): Promise<{ code: number | null; out: string; error: string }> {
  const child = spawn(process.execPath, [cli, ...argv], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let error = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    error += chunk.toString();
  });
  await once(child, 'close');
  return { code: child.exitCode, out, error };
}

const isPng = (bytes: Uint8Array): boolean => Buffer.from(bytes.subarray(1, 4)).toString() === 'PNG';

test('muster why writes its chart beside its words', async () => {
  const path = join(folder, 'why.png');
  const { code, out } = await muster('why', '--world', world.url, 'ocr', '--chart', path);
  equal(code, 0);
  match(out, /Why ocr is at .*Need by forecast.*Forecast \(sized for\).*The chart is in /s);
  const png = readFileSync(path);
  ok(isPng(png) && png.length > 40_000, String(png.length));
});

test('muster forecast takes hours, and says without --chart what the chart shows', async () => {
  const { code, out } = await muster('forecast', 'ocr', '2', '--world', world.url);
  equal(code, 0);
  match(out, /Forecast of ocr.*Demand of ocr lay between.*Recent error/s);
});

test('a wrong fleet, a wrong option and a folder that is not there are said, and nothing is written', async () => {
  const path = join(folder, 'nowhere', 'why.png');
  const wrongFleet = await muster('why', 'orc', '--world', world.url, '--chart', path);
  equal(wrongFleet.code, 1);
  match(wrongFleet.out, /Did you mean “ocr”/);
  match(wrongFleet.error, /no chart in this answer/);
  const noFolder = await muster('why', 'ocr', '--world', world.url, '--chart', path);
  equal(noFolder.code, 1);
  match(noFolder.error, /not written to .*ENOENT/);
  equal(existsSync(path), false);
  const wrongOption = await muster('why', 'ocr', '--wrold', world.url);
  equal(wrongOption.code, 2);
  match(wrongOption.error, /muster why \[--world URL/);
});

test('the exit code says whether it was done, waits for a click, or was refused', async () => {
  const say = (words: string): ReturnType<typeof muster> => muster('command', '--world', world.url, words);
  const frozen = await say('freeze ocr for 2h because drill');
  deepEqual([frozen.code, frozen.error], [0, ''], frozen.out);
  const plan = await say('deploy liveness registry.example/liveness:2');
  equal(plan.code, 3, plan.out);
  equal((await say('freeze nowhere for 2h because drill')).code, 1);
  equal((await say('unfreeze ocr')).code, 0);
});

test('in the workspace the picture follows the words, and the page serves it', async () => {
  const said = { user: 'asha', channel: '#ml-ops', text: '/muster forecast ocr' };
  // The first chart of a bot also loads what draws it; a later one is there within the second that is waited.
  const picture = await until('an answer with its picture', async () => {
    const { json } = await world.ask<Answered>('POST', '/_sandbox/command', said);
    return JSON.stringify(json.responses).match(/"slack_file":\{"id":"(\w+)"\},"alt_text":"Demand of ocr/);
  });
  const response = await fetch(`${world.url}/_page/files/${picture[1]}`);
  equal(response.headers.get('content-type'), 'image/png');
  const png = new Uint8Array(await response.arrayBuffer());
  ok(isPng(png) && png.length > 40_000, String(png.length));
});
