import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import type { CommandContext } from '../../commands/command.js';
import { deploy } from '../../commands/deploy.js';
import { hear } from '../../commands/index.js';
import type { RolloutState } from '../../src/core/rollout/state.js';
import type { RolloutReader } from '../../src/ports.js';
import { shellText } from '../../src/shell-text.js';
import { aFleet, aScene, someZones } from '../support/fleet.js';

const IMAGE = 'registry.example/ocr:2.0';
const OLD = 'registry.example/ocr:1';
const say = (said: string, context: CommandContext) => hear(said, { ...context, said });

const rollouts: RolloutReader = {
  images: async () => ({
    zones: someZones().map(({ zone }) => ({ zone, image: OLD, held: false })),
    workers: ['a', 'b'].map((zone) => ({
      ...{ id: `w-${zone}`, zone, node: `n-${zone}`, workers: 1, image: OLD, state: 'ready' as const },
    })),
  }),
  prepulled: async () => [],
  lastHealthy: async () => OLD,
  logTail: async () => null,
};
const scene = () => aScene({ rollouts });

test('stores a rollout that holds the fleet, tells the channel and wakes the job', async () => {
  const { context, store, queued } = scene();
  const reply = await say(`deploy ocr ${IMAGE} --soak 20m --batch=2`, context);
  match(reply.message.summary, /begins/);
  const [machine] = await store.machines('rollout');
  if (machine === undefined) throw new Error('nothing was stored');
  const { phase, image, soakSeconds, batch } = machine.state as RolloutState;
  deepEqual([phase, image, soakSeconds, batch], ['plan', IMAGE, 1_200, 2]);
  equal((await store.fleet('ocr')).holds.length, 1);
  deepEqual(
    queued.map(({ job }) => job),
    ['rollout', 'announce'],
  );
  equal((await store.audit(9)).filter(({ action }) => action === 'deploy').length, 1);
  await rejects(say(`deploy ocr ${IMAGE}`, context), /under way/);
});

test('a dry run names the golden node and what a bad one goes back to, and stores nothing', async () => {
  const { context, store } = scene();
  const text = shellText((await say(`deploy ocr ${IMAGE} --dry-run`, context)).message);
  match(text, /Golden node: n-a/);
  match(text, /goes back to .*ocr:1/);
  deepEqual(await store.machines('rollout'), []);
});

test('pause, resume and abort change the one that runs, and say so when there is none', async () => {
  const { context } = scene();
  await rejects(say('deploy pause ocr', context), /no rollout/);
  match((await say('deploy status ocr', context)).message.summary, /Nothing was rolled out/);
  await say(`deploy ocr ${IMAGE}`, context);
  match((await say('deploy pause ocr', context)).message.summary, /paused/);
  await rejects(say('deploy pause ocr', context), /paused already/);
  await say('deploy resume ocr', context);
  match((await say('deploy abort ocr', context)).message.summary, /aborted by Asha Rao/);
  await rejects(say('deploy abort ocr', context), /over already/);
});

test('a fleet in advise mode and an orchestrator without rollouts are refused with a sentence', async () => {
  const advised = aScene({ rollouts, fleets: [aFleet('ocr', { mode: 'advise' })] });
  await rejects(say(`deploy ocr ${IMAGE}`, advised.context), /advise mode/);
  await rejects(say(`deploy ocr ${IMAGE}`, aScene().context), /cannot roll out/);
});

for (const [said, why] of [
  ['deploy', /Which fleet/],
  ['deploy ocr', /Which image/],
  ['deploy ocr ocr', /no image with a tag/],
  ['deploy ocr registry.example/ocr:latest', /Name a version/],
  [`deploy ocr ${IMAGE} --soak ages`, /no duration/],
  [`deploy ocr ${IMAGE} --soak 9d`, /at most/],
  [`deploy ocr ${IMAGE} --batch 0`, /1 to 20/],
  [`deploy ocr ${IMAGE} --now`, /no option/],
  [`deploy ocr ${IMAGE} please`, /too many/],
] as const)
  test(`“${said}” is answered with the right usage`, () => rejects(say(said, scene().context), why));

test('looking takes no role, changing does', () => {
  const ask = { fleet: 'ocr', image: IMAGE, soakSeconds: 1, batch: 1 };
  equal(deploy.roleFor?.({ do: 'status', fleet: 'ocr' }), 'viewer');
  equal(deploy.roleFor?.({ do: 'start', ...ask, dryRun: true }), 'viewer');
  equal(deploy.roleFor?.({ do: 'start', ...ask, dryRun: false }), 'operator');
  equal(deploy.roleFor?.({ do: 'rollback', fleet: 'ocr' }), 'operator');
});
