/** Rollouts as a newcomer tries them: the real sandbox, its real bot, every peer over the wire. */
import { ok } from 'node:assert/strict';
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
    (await world.ask<Answered>('POST', '/_sandbox/command', { user: 'asha', channel: '#ml-ops', text })).json;
  /**
   * The plan comes first; its first button does it, unless a cycle decided between the two and the fleet is another now:
   * then the person asks for a new plan.
   */
  const begin = (fleet: string, text: string) =>
    until(`the rollout of ${fleet}`, async () => {
      if (await said(fleet, /./)) return true;
      const [plan] = (await type(text)).responses;
      const block = plan?.blocks.find(({ type: kind }) => kind === 'actions');
      const [button] = block?.elements ?? [];
      if (plan === undefined || block === undefined || !button?.text.text.startsWith('Deploy ')) return false;
      const { action_id: actionId, value } = button;
      const click = { user: 'asha', messageTs: plan.ts, blockId: block.block_id, actionId, value };
      await world.ask('POST', '/_sandbox/click', click);
      return false;
    });
  try {
    await until('a decision', async () => (await state()).decisions.length > 2);
    await begin('ocr', '/muster deploy ocr registry.example/ocr:2.0 --soak 2m');
    await begin('liveness', '/muster deploy liveness registry.example/liveness:bad');
    await until('the bad one is back', () => said('liveness', /is rolled back .* by itself/));
    await until('the good one is out', async () => {
      // On a machine that is too busy the sandbox's requests are late in earnest: then a person says go on.
      if (await said('ocr', /paused;/)) await type('/muster deploy resume ocr');
      return said('ocr', /is done/);
    });
    const calls = (await state()).calls.filter(({ target }) => target === 'nomad');
    ok(calls.some(({ path, status }) => path.startsWith('/v1/deployment/pause/') && status === 200));
    ok(calls.some(({ method, path }) => method === 'DELETE' && path.endsWith('-prepull')));
  } finally {
    await world.end();
    rmSync(folder, { recursive: true, force: true });
  }
});
