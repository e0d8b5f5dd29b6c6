import { equal, match, ok } from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { WorldState } from '../../src/sandbox/control.js';
import { startWorldProcess, until, type WorldProcess } from './world-process.js';

/** The whole program at 240 times real time: a watcher's report over HTTP, until the node takes work again. */
let folder: string;
let world: WorldProcess;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'muster-cloud-'));
  world = await startWorldProcess(['--port', '0', '--speed', '240', '--data', folder], { bot: null });
});
after(async () => {
  await world.end();
  rmSync(folder, { recursive: true, force: true });
});

const state = () => world.get<WorldState>('/_sandbox/state');
interface Said {
  messages: { text: string }[];
}
const messages = (now: WorldState): string[] =>
  (now.channels as Said[]).flatMap((channel) => channel.messages.map(({ text }) => text));

test('a node with a notice is empty before it is stopped, and takes work again when it is back', async () => {
  await until('a decision', async () => (await state()).decisions.length > 0);
  const ask = { fleet: 'face-match', inSeconds: 7_200, downSeconds: 120 };
  const { status, json } = await world.ask<{ node: string; at: number }>(
    'POST',
    '/_sandbox/maintenance',
    ask,
  );
  equal(status, 200);
  const { node, at } = json;
  const about = (now: WorldState) =>
    messages(now).filter((text) => text.startsWith(`Maintenance of ${node}`));
  const over = await until('the end of it', async () => {
    const now = await state();
    return about(now).some((text) => text.includes('is over')) && now;
  });
  const drain = over.calls.find(
    ({ path, decisionId }) => path.endsWith('/drain') && decisionId?.startsWith(`maintenance-${node}`),
  );
  ok(drain !== undefined && drain.status === 200 && drain.at < at, 'it was drained in time');
  equal(about(over).length, 1, 'one message, updated in place');
  match(about(over)[0]!, /takes work/);
});
