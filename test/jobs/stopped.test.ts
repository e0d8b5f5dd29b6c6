/** Decisions stop: PagerDuty is told, people take it from Slack or there, and it ends with the next decision. */
import { deepEqual, doesNotMatch, equal, match } from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import type { DecisionRecord } from '../../src/core/model.js';
import { withDecision } from '../support/fleet.js';
import { aPagingScene, type PagingScene } from '../support/paging.js';

const MINUTE = 60_000;
let scene: PagingScene;
let first: DecisionRecord;
beforeEach(async () => {
  scene = await aPagingScene();
  first = await withDecision(scene.store, 'ocr');
});
afterEach(() => scene.close());

const incident = () => scene.standIn.incidents().at(-1);
const message = () => [...scene.shown].find(([key]) => key.startsWith('watchdog-ocr'))?.[1] ?? '';
const watch = (ms: number) => {
  scene.enqueue('watchdog', { v: 1 });
  return scene.pass(ms);
};
const decideAgain = async () => {
  const { memory, version } = await scene.store.fleet('ocr');
  const { now: at } = scene.world;
  await scene.store.commitDecision({
    record: { ...first, id: 'd-again', at, cycle: at },
    memory: { ...memory!, rev: memory!.rev + 1 },
    expectRev: memory!.rev,
    expectVersion: version,
    desired: null,
    audit: { at, by: { id: 'muster', name: 'Muster' }, action: 'decision', fleet: 'ocr' },
    outbox: [],
    pager: [],
  });
};

test('silence is paged once, taken and ended from its message without any webhook', async () => {
  await watch(75 * MINUTE);
  deepEqual([incident()?.status, incident()?.dedupKey], ['triggered', 'muster/ocr/decisions']);
  match(incident()?.links[0]?.href ?? '', /slack\.example/);
  match(message(), /evaluations have stopped.*page ocr ack decisions.*page ocr resolve decisions/s);
  await scene.say('page ocr ack decisions');
  deepEqual([incident()?.status, incident()?.by], ['acknowledged', 'Asha Rao']);
  match(message(), /acknowledged by Asha Rao/);
  doesNotMatch(message(), /ack decisions/);
  await watch(11 * MINUTE);
  equal(scene.standIn.incidents().length, 1, 'said again under the same key');
  match(message(), /acknowledged by Asha Rao/, 'and whose it is stays with it');
});

test('the end of the silence ends the incident, though nobody else told PagerDuty', async () => {
  await watch(75 * MINUTE);
  await decideAgain();
  await watch(MINUTE);
  equal(incident()?.status, 'resolved');
  equal((await scene.store.machine('paged', 'ocr.decisions'))?.open, false);
  await watch(MINUTE);
  await watch(75 * MINUTE);
  equal(scene.standIn.incidents().length, 2, 'a new silence is a new incident');
  equal(incident()?.status, 'triggered');
});

test('taken in PagerDuty, the message in Slack says so in its place', async () => {
  await watch(75 * MINUTE);
  const { id, dedupKey, summary } = incident()!;
  scene.world.now += 1_000;
  scene.enqueue('pagerduty-event', {
    v: 1,
    id: 'e-1',
    type: 'incident.acknowledged',
    at: scene.world.now,
    incident: { id, key: dedupKey, title: summary, url: 'https://p.example/Q' },
    agent: { id: 'PURAVI', name: 'Ravi Menon' },
  });
  await scene.settle();
  match(message(), /evaluations have stopped.*acknowledged by Ravi Menon.*Resolve/s);
  equal([...scene.shown.keys()].filter((key) => key.startsWith('paged-')).length, 0, 'no second message');
});

test('an alert that a webhook brings up to date keeps its remedies', async () => {
  const { now } = scene.world;
  const since = now - 180_000;
  const alert = { v: 1, rev: 1, phase: 'firing', id: 'a1', since, goodSince: null, peakSeconds: 9 } as const;
  await scene.store.setAlert('ocr', { ...alert, minutes: [] }, 0, [], []);
  scene.world.now += 1_000;
  scene.enqueue('pagerduty-event', {
    v: 1,
    id: 'e-2',
    type: 'incident.acknowledged',
    at: scene.world.now,
    incident: { id: 'Q1', key: 'muster/ocr/latency/a1', title: 'ocr is too slow', url: null },
    agent: { id: 'PURAVI', name: 'Ravi Menon' },
  });
  await scene.settle();
  match(scene.shown.get('latency-a1') ?? '', /acknowledged by Ravi Menon.*remedy ocr raise-floor/s);
});
