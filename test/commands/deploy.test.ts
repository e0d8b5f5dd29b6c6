import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import type { CommandContext, Reply, Verb } from '../../commands/command.js';
import { deploy } from '../../commands/deploy.js';
import { deployForm } from '../../commands/form-deploy.js';
import { hear } from '../../commands/index.js';
import { previewOf } from '../../commands/preview.js';
import { accessSchema } from '../../src/core/access.js';
import type { RolloutState } from '../../src/core/rollout/state.js';
import type { RolloutReader } from '../../src/ports.js';
import { shellText } from '../../src/shell-text.js';
import { aFleet, aScene, someZones } from '../support/fleet.js';

const IMAGE = 'registry.example/ocr:2.0';
const OLD = 'registry.example/ocr:1';
const meera = { id: 'slack:U0MEERA', name: 'Meera Iyer' };
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
const buttonsOf = ({ message }: Reply) =>
  message.parts.flatMap((part) => (part.kind === 'buttons' ? part.buttons : []));
/** Says it, and clicks on the button that does it. */
const sayAndConfirm = async (said: string, context: CommandContext) =>
  say(buttonsOf(await say(said, context))[0]?.command ?? '', context);

test('stores a rollout that holds the fleet, tells the channel and wakes the job', async () => {
  const { context, store, queued } = scene();
  const reply = await sayAndConfirm(`deploy ocr ${IMAGE} --soak 20m --batch=2`, context);
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

const PLAN =
  /Image now: +`registry.example\/ocr:1.*then: +`registry.example\/ocr:2.0.*Takes about: +16 m.*Golden node: n-a.*goes back to .*ocr:1.*golden +n-a +a +1.*2 +n-b +b +1/s;

test('a dry run shows image, nodes in their order, how long and what a bad one goes back to, and stores nothing', async () => {
  const { context, store } = scene();
  const text = shellText((await say(`deploy ocr ${IMAGE} --dry-run`, context)).message);
  match(text, /Dry run: Deploy ocr: ocr:1 → 2.0/);
  match(text, PLAN);
  deepEqual(await store.machines('rollout'), []);
  deepEqual(await store.machines('proposal'), []);
});

test('the plan comes first, its button says what it does, and nothing is begun before the click', async () => {
  const { context, store } = scene();
  const asked = await say(`deploy ocr ${IMAGE}`, context);
  match(shellText(asked.message), PLAN);
  match(shellText(asked.message), /replaces 2 workers on 2 nodes/);
  const [yes] = buttonsOf(asked);
  equal(yes?.label, 'Deploy ocr: ocr:1 → 2.0');
  deepEqual(await store.machines('rollout'), []);
  match((await say(yes?.command ?? '', context)).message.summary, /begins/);
  equal((await store.machines('rollout')).length, 1);
  const [entry] = await store.audit(1);
  deepEqual([entry?.action, entry?.detail?.risks], ['deploy', ['restarts']]);
});

test('a plan is good for five minutes, and only while the fleet is what it was', async () => {
  const { context, store } = scene();
  const late = buttonsOf(await say(`deploy ocr ${IMAGE}`, context))[0]?.command ?? '';
  const later = { ...context, machineNow: () => context.machineNow() + 300_000 };
  equal((await say(late, later)).refused, 'stale');
  const overtaken = buttonsOf(await say(`deploy ocr ${IMAGE}`, context))[0]?.command ?? '';
  await say('freeze ocr for 1h because we look', context);
  const reply = await say(overtaken, context);
  equal(reply.refused, 'stale');
  match(shellText(reply.message), /changed since.*waits for the freeze of Asha Rao/s);
  deepEqual(await store.machines('rollout'), []);
});

test('during a scheduled peak somebody else has to approve it, and is told why', async () => {
  const peak = { cron: '0 0 * * *', durationSeconds: 86_400, floor: 3 };
  const fleets = [aFleet('ocr', { schedule: [peak] })];
  const access = accessSchema.parse({});
  const { context, store } = aScene({ rollouts, fleets, access });
  const asked = await say(`deploy ocr ${IMAGE}`, context);
  match(shellText(asked.message), /scheduled peak is on \(at least 3\)/);
  const command = buttonsOf(asked)[0]?.command ?? '';
  equal((await say(command, context)).refused, 'denied');
  match((await say(command, { ...context, by: meera })).message.summary, /begins/);
  const [begun] = await store.machines('rollout');
  deepEqual((begun?.state as RolloutState | undefined)?.by, context.by);
});

test('without its words it opens a form that says the same sentence and shows the same plan', async () => {
  const { context } = scene();
  const reply = await say('deploy ocr', context);
  match(reply.message.summary, /Which image/);
  const { modal } = reply;
  deepEqual(
    modal?.fields.map(({ name, initial }) => [name, initial ?? null]),
    [
      ['fleet', 'ocr'],
      ['image', null],
      ['soak', '10m'],
      ['batch', '1'],
    ],
  );
  const values = { fleet: 'ocr', image: IMAGE, soak: '10m', batch: '1' };
  deepEqual(deployForm.words(values), ['ocr', IMAGE, '--soak', '10m', '--batch', '1']);
  const preview = await previewOf(deploy as Verb, deployForm, values, context);
  match(shellText({ summary: '', tone: 'info', parts: preview }), PLAN);
  const open = await previewOf(deploy as Verb, deployForm, { fleet: 'ocr' }, context);
  match(shellText({ summary: '', tone: 'info', parts: open }), /shown here as soon as/);
});

test('pause, resume and abort change the one that runs, and say so when there is none', async () => {
  const { context } = scene();
  await rejects(say('deploy pause ocr', context), /no rollout/);
  match((await say('deploy status ocr', context)).message.summary, /Nothing was rolled out/);
  await sayAndConfirm(`deploy ocr ${IMAGE}`, context);
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
  equal(deploy.roleFor?.({ do: 'start', ...ask }), 'operator');
  equal(deploy.roleFor?.({ do: 'rollback', fleet: 'ocr' }), 'operator');
});
