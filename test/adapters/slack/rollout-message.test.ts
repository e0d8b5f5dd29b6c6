import { deepEqual, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { createButtonSigner } from '../../../src/adapters/slack/buttons.js';
import { lintMessage } from '../../../src/adapters/slack/lint.js';
import { render } from '../../../src/adapters/slack/render.js';
import type { Message } from '../../../src/core/message.js';
import { newRollout, type Pause, type Phase, type RolloutState } from '../../../src/core/rollout/state.js';
import { rolloutAlert, rolloutMessage } from '../../../src/core/views/rollout.js';

const by = { id: 'slack:U0ASHA', name: 'Asha Rao' };
const at = Date.UTC(2026, 0, 5, 12);
const image = 'registry.example/face-match:2.0';
const signer = createButtonSigner('secret', 'test');
const draw = (message: Message) =>
  render(message, { sign: (button, n) => signer.sign(button, 'm', n), blockId: 'b' });

const phases: Phase[] = [
  ...(['plan', 'pre-pull', 'golden', 'soak', 'rest', 'verify', 'rolling-back'] as const),
  ...(['done', 'rolled-back', 'aborted'] as const),
];
const nodes = ['a', 'b'] as const;
const pauses: (Pause | null)[] = [
  null,
  { why: 'person', at, by },
  { why: 'slo-breach', at, p95Seconds: 4.25, objectiveSeconds: 3 },
  { why: 'workers-unhealthy', at, nodes: [...nodes] },
  { why: 'not-in-time', at, nodes: [...nodes] },
  { why: 'pull-failed', at, nodes: [...nodes], detail: 'manifest unknown' },
  { why: 'metrics-missing', at, what: 'demand (rabbitmq: timeout)' },
  { why: 'freeze', at, by: 'Jonas', reason: 'we look <!channel>', until: at },
];

test('a rollout of many nodes keeps to what Slack takes in every phase and pause, a button for each way on', () => {
  for (const phase of phases)
    for (const paused of pauses) {
      const state: RolloutState = {
        ...newRollout({ id: 'r', fleet: 'face-match', image, by, at, soakSeconds: 600, batch: 1 }),
        ...{ phase, paused, touched: true, from: 'registry.example/face-match:1' },
        golden: { node: 'n', name: 'vm-n', zone: 'a' },
        failure: { why: 'new workers that are not healthy: 4', node: 'vm-n', log: 'x'.repeat(5_000) },
        reasons: [{ code: 'waits-for-capacity', ready: 8, need: 8, surge: 4, until: at }],
        nodes: Array.from({ length: 80 }, (_, n) => ({
          ...{ id: `n${n}`, name: `vm-${n}`, zone: 'a', state: 'updating' as const, done: 1, workers: 4 },
        })),
      };
      for (const message of [rolloutMessage(state), rolloutAlert(state)]) {
        const { text, blocks } = draw(message);
        deepEqual(lintMessage({ text, blocks }), [], `${phase} ${paused?.why}`);
        ok(!JSON.stringify(blocks).includes('<!channel>'));
      }
      const said = rolloutMessage(state).parts.flatMap((part) =>
        part.kind === 'buttons' ? part.buttons.map(({ label }) => label) : [],
      );
      const isOpen = !['done', 'rolled-back', 'aborted'].includes(phase);
      deepEqual(said.includes(paused === null ? 'Pause' : 'Resume'), isOpen);
      ok(said.includes('Roll back') === !['rolling-back', 'rolled-back'].includes(phase));
    }
});
