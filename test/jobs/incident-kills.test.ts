/** A button pressed in PagerDuty while the bot is killed at each of its steps: one effect, one note, nothing lost. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { newPaged } from '../../src/core/paged.js';
import { createMemoryStore } from '../../src/simulation/memory-store.js';
import { withDecision } from '../support/fleet.js';
import { type Life, mortal } from '../support/mortal.js';
import { aPagingScene, type PagingScene } from '../support/paging.js';

const KEY = 'muster/ocr/latency/a1';
async function aScene(): Promise<{ scene: PagingScene; life: Life }> {
  let now = () => 0;
  const life = mortal(createMemoryStore({ now: () => now() }));
  const scene = await aPagingScene({ ports: { store: life.store } });
  now = () => scene.world.now;
  await withDecision(life.store, 'ocr');
  const since = scene.world.now - 180_000;
  const alert = { v: 1, rev: 1, phase: 'firing', id: 'a1', since, minutes: [], goodSince: null } as const;
  await life.store.setAlert('ocr', { ...alert, minutes: [], peakSeconds: 9 }, 0, [], []);
  const about = { fleet: 'ocr', dedupKey: KEY, summary: 'ocr is too slow', at: scene.world.now };
  await scene.ports.pager?.send({ v: 1, kind: 'trigger', severity: 'critical', details: {}, ...about }, null);
  return { scene, life };
}

/** Runs what waits, through a death; true when there was one. */
async function settleThroughDeath(scene: PagingScene, life: Life, n: number): Promise<boolean> {
  const death = life.death();
  life.dieAt(n);
  const isDead = (await Promise.race([scene.settle(), death])) === 'dead';
  life.beBorn();
  scene.takeUp();
  // The dead one's lease of the fleet has to end first.
  for (let minutes = 0; minutes < 3; minutes += 1) await scene.pass(61_000);
  return isDead;
}

for (const action of ['hold-scale-down', 'run-remedy'] as const) {
  test(`${action}: killed at any step and pressed through again, it has one effect and its note`, async () => {
    let steps = 0;
    for (let n = 1; n < 60; n += 1) {
      const { scene, life } = await aScene();
      try {
        const incident = scene.standIn.incidents().at(-1)!;
        const deliver = () =>
          scene.enqueue('pagerduty-action', {
            v: 1,
            id: 'm-1',
            action,
            incident: { id: incident.id, key: KEY },
            agent: 'PUASHA',
          });
        deliver();
        const hasDied = await settleThroughDeath(scene, life, n);
        deliver();
        await scene.settle();
        const state = await life.store.fleet('ocr');
        const remedies = await life.store.machines('remedy');
        const notes = scene.standIn
          .incidents()
          .at(-1)!
          .notes.map(({ text }) => text);
        const made = `killed at ${n}: ${notes.join(' | ')}`;
        if (action === 'hold-scale-down') {
          equal(state.freezes.length, 1, made);
          equal(notes.length, 1, made);
          match(notes[0]!, /Asha Rao set a freeze/, made);
        } else {
          equal(remedies.length, 1, made);
          equal(remedies[0]?.open, false, made);
          equal(notes.filter((text) => /^Remedy .* done/.test(text)).length, 1, made);
          equal(notes.length, 2, made);
        }
        ok(!notes.some((text) => text.startsWith('Refused')), made);
        if (!hasDied) break;
        steps = n;
      } finally {
        await scene.close();
      }
    }
    ok(steps > 4 && steps < 59, `${steps} places to die`);
  });
}

test('an incident that PagerDuty opens gets its note though the bot dies between the note and the mark', async () => {
  for (let n = 1; n < 20; n += 1) {
    const { scene, life } = await aScene();
    try {
      const { id } = scene.standIn.incidents().at(-1)!;
      const deliver = () =>
        scene.enqueue('pagerduty-event', {
          v: 1,
          id: 'e-1',
          type: 'incident.triggered',
          at: scene.world.now,
          incident: { id, key: KEY, title: 'ocr is too slow', url: null },
          agent: null,
        });
      deliver();
      const hasDied = await settleThroughDeath(scene, life, n);
      deliver();
      await scene.settle();
      const notes = scene.standIn
        .incidents()
        .at(-1)!
        .notes.map(({ text }) => text);
      equal(notes.length, 1, `killed at ${n}: ${notes.join(' | ')}`);
      match(notes[0]!, /fit/);
      const known = await life.store.machine('paged', 'ocr.latency.a1');
      deepEqual(
        { ...(known?.state as object), at: 0, since: 0, eventAt: 0 },
        {
          ...newPaged(KEY, 'ocr', 'ocr is too slow', 0),
          pagerId: id,
          eventAt: 0,
          events: ['e-1'],
          suggested: { pagerId: id, said: 'remedy ocr raise-floor', note: notes[0], click: null },
        },
      );
      if (!hasDied) return;
    } finally {
      await scene.close();
    }
  }
});
