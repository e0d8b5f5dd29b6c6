/** A node that needs a person is paged; the page is taken from Slack like any other. */
import { deepEqual, match } from 'node:assert/strict';
import { test } from 'node:test';
import { maintenanceStep } from '../../jobs/maintenance-messages.js';
import { begun, MAINTENANCE, type MaintenanceState } from '../../src/core/maintenance/state.js';
import { aPagingScene } from '../support/paging.js';

test('the page of a maintenance links to its message, and is acknowledged from there', async () => {
  const scene = await aPagingScene();
  try {
    const { store, world, standIn } = scene;
    const now = world.now;
    const fleet = { ...scene.fleets[0]!, name: 'ocr' };
    const before = begun(
      { id: 'n1', name: 'gpu-1', zone: 'a' },
      { event: 'TERMINATE_ON_HOST_MAINTENANCE', deadlineAt: now + 3_600_000, wish: null },
      now,
    );
    const by = now + 3_000_000;
    const after: MaintenanceState = {
      ...before,
      asked: { why: 'capacity', detail: 'quota', by, at: now },
    };
    const step = maintenanceStep(fleet, 'gpu-1-x', before, after, now);
    const machine = { v: 1, kind: MAINTENANCE, id: 'gpu-1-x', fleet: 'ocr', open: true, at: now } as const;
    await store.saveMachine({ ...machine, rev: 0, state: after }, step);
    scene.enqueue('announce', { v: 1, channel: '#ml-ops' });
    await scene.settle();
    scene.enqueue('announce', { v: 1, channel: 'pagerduty' });
    await scene.settle();
    const incident = () => standIn.incidents().at(-1)!;
    match(incident().summary, /gpu-1 \(ocr\) needs a person/);
    match(incident().links[0]?.href ?? '', /maintenance-gpu-1-x-capacity/);
    match(scene.shown.get('maintenance-gpu-1-x-capacity') ?? '', /page ocr ack maintenance/);
    await scene.say('page ocr ack maintenance');
    deepEqual([incident().status, incident().by], ['acknowledged', 'Asha Rao']);
    const notice = [...scene.shown].find(([key]) => key.startsWith('paged-ocr.maintenance'))?.[1];
    match(notice ?? '', /acknowledged by Asha Rao/);
  } finally {
    await scene.close();
  }
});
