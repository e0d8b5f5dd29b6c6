/** A remedy whose words are risky: nobody is told that it is done before it is. */
import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import { accessSchema } from '../../src/core/access.js';
import type { RemedyRun } from '../../src/core/remedies/run.js';
import { aFleet, someZones, withDecision } from '../support/fleet.js';
import { aPagingScene, type PagingScene } from '../support/paging.js';

const zonesOf = (workers: number) => ({ zones: async () => someZones(workers) });
const runOf = async ({ store }: PagingScene) => (await store.machines('remedy'))[0]?.state as RemedyRun;

test('a remedy that needs somebody else’s approval says so and where, and its approval does the rest', async (t) => {
  const access = accessSchema.parse({ riskyAbove: 2 });
  const scene = await aPagingScene({ access, orchestrator: zonesOf(8) });
  t.after(scene.close);
  await withDecision(scene.store, 'ocr');
  await scene.say('remedy ocr raise-floor 20');
  const run = await runOf(scene);
  equal(run.status, 'waits');
  const { channel } = aFleet('ocr');
  match(
    run.outcome.at(-1) ?? '',
    new RegExp(`Not done yet: .* Somebody else with the role operator approves it .* in ${channel}\\.`),
  );
  match([...scene.shown.values()].join('\n'), /raise-floor waits for an approval/);
  equal((await scene.store.fleet('ocr')).override, null);
  const [proposal] = await scene.store.machines('proposal');
  const ravi = { id: 'slack:U0RAVI', name: 'Ravi Menon' };
  await scene.say(`confirm ${proposal?.id}`, ravi, 'ravi@sandbox.example');
  deepEqual((await scene.store.fleet('ocr')).override?.workers, 20);
});

test('where nobody else has to approve, who asked for the remedy has confirmed its words: it is done', async (t) => {
  const access = accessSchema.parse({ riskyAbove: 2, secondPerson: false });
  const scene = await aPagingScene({ access, orchestrator: zonesOf(8) });
  t.after(scene.close);
  await withDecision(scene.store, 'ocr');
  await scene.say('remedy ocr raise-floor 20');
  equal((await runOf(scene)).status, 'done');
  equal((await scene.store.fleet('ocr')).override?.workers, 20);
  deepEqual(await scene.store.machines('proposal'), []);
});

test('a remedy by itself that takes a confirmation is not done, and says why; no proposal is left that nobody sees', async (t) => {
  const access = accessSchema.parse({ riskyAbove: 2, secondPerson: false });
  const fleet = {
    ...aFleet('ocr'),
    latency: { kind: 'prometheus' as const, p95: 'p95' },
    remedies: { auto: ['raise-floor'], perHour: 1 },
  };
  let now = (): number => 0;
  const scene = await aPagingScene({
    ...{ fleets: [fleet], access, orchestrator: zonesOf(1) },
    ports: { gauge: { gauge: async () => ({ at: now(), value: 30 }) } },
  });
  t.after(scene.close);
  now = () => scene.world.now;
  await withDecision(scene.store, 'ocr');
  for (let n = 0; n < 6; n += 1) {
    scene.enqueue('observe', { v: 1, fleet: 'ocr' });
    await scene.pass(60_000);
  }
  const run = await runOf(scene);
  deepEqual([run.auto, run.status], [true, 'failed']);
  match(
    run.outcome.at(-1) ?? '',
    /takes somebody’s confirmation, so it was not done\. It changes \d+ workers/,
  );
  deepEqual(await scene.store.machines('proposal'), []);
});
