/** Rollouts as a newcomer tries them: the real sandbox, its real bot, every peer over the wire. */
import { match, ok } from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startWorldProcess, until } from './world-process.js';

interface State {
  channels: { name: string; messages: { text: string }[] }[];
  bots: unknown[];
  decisions: unknown[];
  calls: { target: string; method: string; path: string; status: number }[];
}

interface Answered {
  responses: {
    ts: string;
    blocks: {
      type: string;
      block_id: string;
      elements?: { action_id: string; value: string; text: { text: string } }[];
    }[];
  }[];
}

test('a good image goes out and a bad one comes back by itself, both from one sentence typed in the channel', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-rollout-'));
  const argv = ['--port', '0', '--speed', '150', '--seed', '5', '--data', folder];
  const world = await startWorldProcess(argv, { bot: null });
  const state = () => world.get<State>('/_sandbox/state');
  const said = async (fleet: string, what: RegExp) =>
    (await state()).channels.some(({ messages }) =>
      messages.some(({ text }) => text.startsWith(`${fleet}: rollout`) && what.test(text)),
    );
  const type = async (text: string) =>
    JSON.stringify(
      (await world.ask('POST', '/_sandbox/command', { user: 'asha', channel: '#ml-ops', text })).json,
    );
  /** The plan comes first; its first button does it. */
  const confirmed = async (text: string) => {
    const [plan] = (JSON.parse(await type(text)) as Answered).responses;
    const block = plan?.blocks.find(({ type: kind }) => kind === 'actions');
    const [button] = block?.elements ?? [];
    ok(plan !== undefined && block !== undefined && button !== undefined, 'a plan with a button');
    match(button.text.text, /^Deploy /);
    const { action_id: actionId, value } = button;
    const click = { user: 'asha', messageTs: plan.ts, blockId: block.block_id, actionId, value };
    return JSON.stringify((await world.ask('POST', '/_sandbox/click', click)).json);
  };
  try {
    await until('a decision', async () => (await state()).decisions.length > 2, 40_000);
    match(await confirmed('/muster deploy ocr registry.example/ocr:2.0 --soak 2m'), /begins/);
    match(await confirmed('/muster deploy liveness registry.example/liveness:bad'), /begins/);
    await until('the bad one is back', () => said('liveness', /is rolled back .* by itself/), 120_000);
    await until(
      'the good one is out',
      async () => {
        // On a machine that is too busy the sandbox's requests are late in earnest: then a person says go on.
        if (await said('ocr', /paused;/)) await type('/muster deploy resume ocr');
        return said('ocr', /is done/);
      },
      120_000,
    );
    const calls = (await state()).calls.filter(({ target }) => target === 'nomad');
    ok(calls.some(({ path, status }) => path.startsWith('/v1/deployment/pause/') && status === 200));
    ok(calls.some(({ method, path }) => method === 'DELETE' && path.endsWith('-prepull')));
  } finally {
    await world.end();
    rmSync(folder, { recursive: true, force: true });
  }
});
