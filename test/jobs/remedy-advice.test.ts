/** A fleet in advise mode: remedies leave it as it is, and say so. */
import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import { POLICY, SERVICE } from '../../src/sandbox/pagerduty/people.js';
import { aFleet, someZones } from '../support/fleet.js';
import { anIncident } from '../support/paged-incident.js';

test('no remedy touches a fleet in advise mode, asked for in Slack or in PagerDuty; what people set is kept', async (t) => {
  const failed: string[] = [];
  let isStuck = true;
  const fleet = {
    ...aFleet('ocr', { mode: 'advise' }),
    pagerduty: { service: SERVICE.id, escalationPolicy: POLICY.id },
  };
  const day = await anIncident({
    fleets: [fleet],
    orchestrator: {
      zones: async () => {
        const blocked = { kind: 'deployment' as const, id: 'dep-1', since: 0, detail: 'running' };
        return someZones().map((zone) => (isStuck ? { ...zone, blocked } : zone));
      },
      failDeployment: async (_target, zone) => void failed.push(zone),
    },
  });
  t.after(day.scene.close);
  const { store } = day.scene;
  match(day.notes().at(-1) ?? '', /Fitting remedy: unwedge/);
  match(await day.scene.say('remedy ocr unwedge'), /ocr is in advise mode: Muster changes nothing there/);
  match(await day.scene.say('remedy ocr unwedge --dry-run'), /is marked as failed/);
  await day.click('run-remedy');
  match(day.notes().at(-1) ?? '', /Refused: ocr is in advise mode: Muster changes nothing there/);
  deepEqual([failed, await store.machines('remedy')], [[], []]);
  isStuck = false;
  await day.scene.say('remedy ocr raise-floor');
  equal((await store.fleet('ocr')).override?.kind, 'floor');
});
