import { equal, match } from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { WorldState } from '../../src/sandbox/control.js';
import { startWorldProcess, until, type WorldProcess } from './world-process.js';

/** The whole program at 240 times real time: somebody's CI deploys beside it, and a word promotes, another goes back. */
let folder: string;
let world: WorldProcess;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'muster-deploy-'));
  world = await startWorldProcess(['--port', '0', '--speed', '240', '--data', folder], { bot: null });
});
after(async () => {
  await world.end();
  rmSync(folder, { recursive: true, force: true });
});

interface Deployed {
  zone: string;
  image: string;
  hasRoom: boolean;
}
const state = () => world.get<WorldState>('/_sandbox/state');
const say = async (text: string): Promise<string> => {
  const said = await world.ask('POST', '/_sandbox/command', { user: 'asha', channel: '#ml-ops', text });
  return JSON.stringify(said.json);
};
const wrote = async (path: RegExp) =>
  (await state()).calls.some((call) => path.test(call.path) && call.status === 200);
/** A fleet that has a free slot for a canary. */
const deploy = async (what: string): Promise<string> => {
  for (const fleet of Object.keys((await state()).fleets)) {
    const { json } = await world.ask<Deployed>('POST', '/_sandbox/deploy', { fleet, what });
    if (json.hasRoom) return fleet;
  }
  throw new Error('no fleet has room for a canary');
};

test('a canary that needs promotion is told by status and promoted by its remedy', async () => {
  await until('a decision', async () => (await state()).decisions.length > 0);
  const fleet = await deploy('canary');
  const words = /a deployment needs promotion \(1 of 1 canaries healthy\)/;
  await until('it needs promotion', async () => words.test(await say(`status ${fleet}`)));
  match(await say(`remedy ${fleet} promote`), /its canaries are healthy/);
  await until('it is promoted', () => wrote(/^\/v1\/deployment\/promote\//));
  await until('it is over', async () => !words.test(await say(`status ${fleet}`)));
});

test('a bad version is rolled back by a word, and the count stays', async () => {
  const fleet = await deploy('bad');
  const words = /version \d+ \(registry\.example\/[a-z-]+:bad-\d+\) does not get healthy/;
  await until('it is known', async () => words.test(await say(`status ${fleet}`)));
  match(await say(`remedy ${fleet} roll-back`), /goes back to what its version \d+ ran/);
  await until('it went back', () => wrote(new RegExp(`^/v1/job/${fleet}-asia-south1-[ab]$`)));
  await until('status knows', async () => !words.test(await say(`status ${fleet}`)));
  equal(await wrote(/\/revert$/), false, 'never by Nomad itself: that would bring an old count back');
});
