import { equal, match, ok } from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { WorldState } from '../../src/sandbox/control.js';
import { startWorldProcess, until, type WorldProcess } from './world-process.js';

/** The whole program at 240 times real time: workers are asked over HTTP, a stuck one is found and recycled by a click. */
let folder: string;
let world: WorldProcess;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'muster-health-'));
  world = await startWorldProcess(['--port', '0', '--speed', '240', '--data', folder], { bot: null });
});
after(async () => {
  await world.end();
  rmSync(folder, { recursive: true, force: true });
});

interface Said {
  messages: { ts: string; text: string; blocks: unknown[] }[];
}
const state = () => world.get<WorldState>('/_sandbox/state');
const messages = (now: WorldState) => (now.channels as Said[]).flatMap((channel) => channel.messages);
const about = async (words: RegExp) => messages(await state()).find(({ text }) => words.test(text));

test('a stuck worker is told with its button, a click recycles it, and the message and the incident are over', async () => {
  await until('a decision', async () => (await state()).decisions.length > 0);
  const { status, json } = await world.ask<{ hit: string[] }>('POST', '/_sandbox/worker', {
    ...{ fleet: 'face-match', what: 'stuck' },
  });
  equal(status, 200);
  const id = json.hit[0]?.slice(0, 8) ?? '';
  const alert = await until('the alert', () =>
    about(new RegExp(`worker ${id} .* takes work and finishes none`)),
  );
  const button = JSON.stringify(alert.blocks);
  match(button, /Recycle a worker/);
  const said = await world.ask('POST', '/_sandbox/command', {
    ...{
      user: 'asha',
      channel: '#ml-ops',
      text: `remedy face-match recycle-worker ${json.hit[0]?.slice(0, 12)}`,
    },
  });
  equal(said.status, 200);
  await until('the end of the alert', () => about(/face-match: all workers that answer are well again/));
  const now = await state();
  ok(
    now.calls.some(({ path }) => path === `/v1/allocation/${json.hit[0]}/stop`),
    'it was stopped by its id',
  );
  const incidents = now.pagerduty.incidents as { dedupKey: string; status: string }[];
  await until('the incident', async () =>
    ((await state()).pagerduty.incidents as typeof incidents).some(
      (one) => one.dedupKey.includes('/health/') && one.status === 'resolved',
    ),
  );
});
