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
  /** What is said of a fleet's rollouts, oldest first. */
  const told = async (fleet: string) =>
    (await state()).channels
      .flatMap(({ messages }) => messages.map(({ text }) => text))
      .filter((text) => text.startsWith(`${fleet}: rollout`));
  const type = async (text: string) =>
    (await world.ask<Answered>('POST', '/_sandbox/command', { user: 'asha', channel: '#ml-ops', text })).json;
  /**
   * The plan comes first; its first button does it, unless a cycle decided between the two and the fleet is another now:
   * then the person asks for a new plan.
   */
  const begin = async (fleet: string, text: string) => {
    const before = (await told(fleet)).length;
    await until(`the rollout of ${fleet}`, async () => {
      if ((await told(fleet)).length > before) return true;
      const [plan] = (await type(text)).responses;
      const block = plan?.blocks.find(({ type: kind }) => kind === 'actions');
      const [button] = block?.elements ?? [];
      if (plan === undefined || block === undefined || !button?.text.text.startsWith('Deploy ')) return false;
      const { action_id: actionId, value } = button;
      const click = { user: 'asha', messageTs: plan.ts, blockId: block.block_id, actionId, value };
      await world.ask('POST', '/_sandbox/click', click);
      return false;
    });
  };
  try {
    await until('a decision', async () => (await state()).decisions.length > 2);
    const good = '/muster deploy ocr registry.example/ocr:2.0 --soak 2m';
    await begin('ocr', good);
    await begin('liveness', '/muster deploy liveness registry.example/liveness:bad');
    await until('the bad one is back', async () =>
      (await told('liveness')).some((text) => /is rolled back .* by itself/.test(text)),
    );
    await until('the good one is out', async () => {
      const newest = (await told('ocr')).at(-1) ?? '';
      // On a machine that is too busy requests and workers are late in earnest: then a person says go on, or begins anew.
      if (/paused;/.test(newest)) await type('/muster deploy resume ocr');
      if (/is rolled back/.test(newest)) await begin('ocr', good);
      return /is done/.test(newest);
    });
    const calls = (await state()).calls.filter(({ target }) => target === 'nomad');
    ok(calls.some(({ path, status }) => path.startsWith('/v1/deployment/pause/') && status === 200));
    ok(calls.some(({ method, path }) => method === 'DELETE' && path.endsWith('-prepull')));
  } finally {
    await world.end();
    rmSync(folder, { recursive: true, force: true });
  }
});
