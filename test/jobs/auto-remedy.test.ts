import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import type { RemedyRun } from '../../src/core/remedies/run.js';
import { aFleet, withDecision } from '../support/fleet.js';
import { aPagingScene } from '../support/paging.js';

const MINUTE = 60_000;

/** Some minutes of a fleet that is far too slow. */
async function slowMinutes(remedies: { auto: string[]; perHour: number }) {
  const fleet = { ...aFleet('ocr'), latency: { kind: 'prometheus' as const, p95: 'p95' }, remedies };
  let now = (): number => 0;
  const scene = await aPagingScene({
    fleets: [fleet],
    ports: { gauge: { gauge: async () => ({ at: now(), value: 30 }) } },
  });
  now = () => scene.world.now;
  await withDecision(scene.store, 'ocr');
  for (let n = 0; n < 6; n += 1) {
    scene.world.now += MINUTE;
    scene.enqueue('observe', { v: 1, fleet: 'ocr' });
    await scene.settle();
  }
  return scene;
}

test('the alert offers what fits as buttons, and nothing runs by itself unless it is allowed', async () => {
  const scene = await slowMinutes({ auto: [], perHour: 1 });
  const [alert] = [...scene.shown.entries()].filter(([key]) => key.startsWith('latency-'));
  match(alert?.[1] ?? '', /Raise the floor 1 h: \/muster remedy ocr raise-floor/);
  match(alert?.[1] ?? '', /Acknowledge: \/muster page ocr ack latency/);
  deepEqual(await scene.store.machines('remedy'), []);
  equal(scene.standIn.incidents().length, 1);
  await scene.close();
});

test('an allowed remedy runs by itself once an hour, with its message and audit', async () => {
  const scene = await slowMinutes({ auto: ['raise-floor'], perHour: 1 });
  const runs = (await scene.store.machines('remedy')).map(({ state }) => state as RemedyRun);
  deepEqual(
    runs.map(({ name, auto, status }) => [name, auto, status]),
    [['raise-floor', true, 'done']],
  );
  equal((await scene.store.fleet('ocr')).override?.kind, 'floor');
  const said = [...scene.shown.values()].find((text) => text.includes('raise-floor is done'));
  match(said ?? '', /runs it by itself, as the configuration allows/);
  const audit = await scene.store.audit(50);
  equal(
    audit.some(({ action, by }) => action === 'remedy' && by.id === 'muster'),
    true,
  );
  await scene.close();
});
