import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { AlertState } from '../../src/core/incident.js';
import type { RemedyRun } from '../../src/core/remedies/run.js';
import { withDecision } from '../support/fleet.js';
import { anIncident } from '../support/paged-incident.js';
import { aPagingScene, type PagingScene } from '../support/paging.js';

let scene: PagingScene;
const stopped: string[] = [];
const firing = (id: string, at: number): AlertState => ({
  v: 1,
  rev: 1,
  phase: 'firing',
  id,
  since: at - 180_000,
  minutes: [],
  goodSince: null,
  peakSeconds: 9,
});

before(async () => {
  scene = await aPagingScene({
    orchestrator: {
      workers: async () => [{ id: 'aaaa1111-0000', zone: 'a', nodeId: 'n', state: 'ready', workers: 1 }],
      stopWorker: async (_target, id) => void stopped.push(id),
    },
  });
  await withDecision(scene.store, 'ocr');
  await scene.store.setAlert(
    'ocr',
    firing('a1', scene.world.now),
    0,
    [],
    [
      {
        v: 1,
        kind: 'trigger',
        fleet: 'ocr',
        dedupKey: 'muster/ocr/latency/a1',
        summary: 'ocr is too slow',
        severity: 'critical',
        details: {},
        at: scene.world.now,
      },
    ],
  );
  scene.enqueue('announce', { v: 1, channel: 'pagerduty' });
  await scene.settle();
});
after(() => scene.close());

const incident = () => scene.standIn.incidents().at(-1)!;
const notes = () => incident().notes.map(({ text }) => text);
let clicks = 0;
const press = (action: string, agent: string | null, id = `m-${++clicks}`) => {
  scene.world.now += 1_000;
  const about = { id: incident().id, key: incident().dedupKey };
  scene.enqueue('pagerduty-action', { v: 1, id, action, incident: about, agent });
  return scene.settle();
};

test('a new incident gets a note that names the fitting remedy', async () => {
  const { id, dedupKey, summary } = incident();
  scene.enqueue('pagerduty-event', {
    v: 1,
    id: 'e-1',
    type: 'incident.triggered',
    at: scene.world.now,
    incident: { id, key: dedupKey, title: summary, url: 'https://p.example/Q' },
    agent: null,
  });
  await scene.settle();
  match(notes()[0] ?? '', /Fitting remedy: raise-floor, because it is too slow/);
});

test('Hold scale-down freezes the cuts of that fleet for an hour, in the name of the clicker, with a note', async () => {
  await press('hold-scale-down', 'PUASHA', 'm-hold');
  const { freezes } = await scene.store.fleet('ocr');
  deepEqual(
    freezes.map(({ fleet, kind, by, until }) => [fleet, kind, by.id, until - scene.world.now]),
    [['ocr', 'down', 'slack:U0ASHA', 3_600_000]],
  );
  match(notes().at(-1) ?? '', /Asha Rao/);
  const count = notes().length;
  await press('hold-scale-down', 'PUASHA', 'm-hold');
  equal(notes().length, count, 'the same click again says nothing new');
  equal((await scene.store.fleet('ocr')).freezes.length, 1);
});

test('a second hold of the hour replaces the one that would end sooner', async () => {
  const [first] = (await scene.store.fleet('ocr')).freezes;
  scene.world.now += 20 * 60_000;
  await press('hold-scale-down', 'PURAVI');
  const { freezes } = await scene.store.fleet('ocr');
  deepEqual(
    freezes.map(({ by, until }) => [by.name, until - scene.world.now]),
    [['Ravi Menon', 3_600_000]],
  );
  ok((first?.until ?? 0) < (freezes[0]?.until ?? 0));
});

test('Run the fitting remedy raises the floor, and the outcome is written back', async () => {
  await press('run-remedy', 'PURAVI');
  const { override } = await scene.store.fleet('ocr');
  deepEqual([override?.kind, override?.by.name], ['floor', 'Ravi Menon']);
  match(notes().at(-1) ?? '', /Remedy raise-floor done, asked for by Ravi Menon/);
  const [machine] = await scene.store.machines('remedy');
  equal((machine?.state as RemedyRun | undefined)?.status, 'done');
});

test('Add diagnostics writes the numbers', async () => {
  await press('add-diagnostics', 'PUMEERA');
  match(notes().at(-1) ?? '', /Diagnostics of ocr.*a: 2 ready of 2.*override by Ravi Menon/s);
});

test('somebody without a Slack account is refused with a note, and nothing changes', async () => {
  await press('hold-scale-down', 'PUNADIA');
  match(notes().at(-1) ?? '', /Refused, and nothing was done: Nadia Khan .* no member’s account in Slack/);
  await press('run-remedy', null);
  match(notes().at(-1) ?? '', /PagerDuty does not say who clicked/);
  equal((await scene.store.machines('remedy')).length, 1);
});

test('a remedy by hand: dry run does nothing, then one worker is stopped and the message says so', async () => {
  match(await scene.say('remedy ocr'), /Remedies for ocr/);
  match(await scene.say('remedy ocr recycle-worker aaaa --dry-run'), /aaaa1111/);
  deepEqual(stopped, []);
  await scene.say('remedy ocr recycle-worker aaaa');
  deepEqual(stopped, ['aaaa1111-0000']);
  match([...scene.shown.values()].at(-1) ?? '', /recycle-worker is done/);
  match(await scene.say('remedy ocr recycle-worker bbbb'), /no running worker/);
  match(await scene.say('remedy ocr dance'), /no remedy “dance”/);
});

test('while somebody else holds the fleet a remedy waits, and goes on when it is free', async () => {
  const lease = (await scene.store.lease('ocr', 'a rollout', 60_000))!;
  await scene.say('remedy ocr recycle-worker aaaa');
  equal(stopped.length, 1);
  await scene.store.release(lease);
  await scene.pass(10_000);
  equal(stopped.length, 2);
});

test('Hold scale-down under a freeze that ends sooner holds from its end on', async (t) => {
  const day = await anIncident();
  t.after(day.scene.close);
  await day.scene.say('freeze ocr for 5m because a quick look');
  await day.click('hold-scale-down');
  const { now } = day.scene.world;
  const { freezes } = await day.scene.store.fleet('ocr');
  deepEqual(freezes.map(({ kind, until }) => [kind, Math.ceil((until - now) / 60_000)]).sort(), [
    ['all', 5],
    ['down', 60],
  ]);
  match(day.notes().at(-1) ?? '', /Ravi Menon/);
  doesNotMatch(day.notes().at(-1) ?? '', /Refused/);
  await day.click('hold-scale-down');
  equal((await day.scene.store.fleet('ocr')).freezes.length, 2, 'the hour begins anew, and the freeze stays');
});
