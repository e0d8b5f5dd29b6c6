/** A fleet that is too slow, and the incident that Muster opened for it in PagerDuty. */
import type { AlertState } from '../../src/core/incident.js';
import { withDecision } from './fleet.js';
import { aPagingScene, type PagingScene } from './paging.js';

export interface PagedIncident {
  scene: PagingScene;
  incident(): ReturnType<PagingScene['standIn']['incidents']>[number];
  notes(): string[];
  /** One of its buttons, by Ravi Menon. */
  click(action: string, id?: string): Promise<void>;
}

export async function anIncident(options: Parameters<typeof aPagingScene>[0] = {}): Promise<PagedIncident> {
  const scene = await aPagingScene(options);
  const { now } = scene.world;
  await withDecision(scene.store, 'ocr');
  const alert: AlertState = {
    ...{ v: 1, rev: 1, phase: 'firing', id: 'a1', since: now - 180_000 },
    ...{ minutes: [], goodSince: null, peakSeconds: 9 },
  };
  await scene.store.setAlert('ocr', alert, 0, [], []);
  await scene.ports.pager?.send(
    {
      ...{ v: 1, kind: 'trigger', fleet: 'ocr', dedupKey: 'muster/ocr/latency/a1' },
      ...{ summary: 'ocr is too slow', severity: 'critical', details: {}, at: now },
    },
    null,
  );
  const incident = () => scene.standIn.incidents().at(-1)!;
  let clicks = 0;
  const { id: pagerId, dedupKey, summary } = incident();
  scene.enqueue('pagerduty-event', {
    ...{ v: 1, id: 'e-1', type: 'incident.triggered', at: now, agent: null },
    incident: { id: pagerId, key: dedupKey, title: summary, url: null },
  });
  await scene.settle();
  return {
    ...{ scene, incident },
    notes: () => incident().notes.map(({ text }) => text),
    click(action, id = `click-${++clicks}`) {
      scene.world.now += 1_000;
      const about = { id: incident().id, key: incident().dedupKey };
      scene.enqueue('pagerduty-action', { v: 1, id, action, incident: about, agent: 'PURAVI' });
      return scene.settle();
    },
  };
}
