/** “Run the fitting remedy” does what a note of the incident has named, and nothing that nobody has read of. */
import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import type { ZoneSeen } from '../../src/core/model.js';
import { type Paged, pagedId } from '../../src/core/paged.js';
import { someZones } from '../support/fleet.js';
import { anIncident } from '../support/paged-incident.js';

const MINUTE = 60_000;

/** A slow fleet with an incident; then somebody deploys with canaries, and to promote them fits first. */
async function aSlowFleet() {
  let zones: ZoneSeen[] = someZones();
  const promoted: string[] = [];
  const day = await anIncident({
    orchestrator: {
      zones: async () => zones,
      promote: async (_target, zone) => {
        promoted.push(zone);
        return { kind: 'done' };
      },
    },
  });
  const override = async () => (await day.scene.store.fleet('ocr')).override;
  return {
    ...{ ...day, promoted, override },
    deployed() {
      const since = day.scene.world.now - MINUTE;
      const canaries = { healthy: 1, asked: 1 };
      const blocked = {
        kind: 'deployment' as const,
        id: 'dep-1',
        since,
        detail: 'needs promotion',
        canaries,
      };
      zones = zones.map((zone) => (zone.zone === 'a' ? { ...zone, blocked } : zone));
    },
    starting() {
      zones = zones.map((zone) => ({ ...zone, starting: 1 }));
    },
  };
}

test('the button runs the remedy that the note names, also when another one has come before it', async (t) => {
  const day = await aSlowFleet();
  t.after(day.scene.close);
  match(day.notes().at(-1) ?? '', /Fitting remedy: raise-floor/);
  day.deployed();
  await day.click('run-remedy');
  deepEqual([(await day.override())?.kind, day.promoted], ['floor', []]);
});

test('when that remedy fits no more nothing is done: a note names what fits now, and the next click runs it', async (t) => {
  const day = await aSlowFleet();
  t.after(day.scene.close);
  day.starting();
  day.deployed();
  await day.click('run-remedy', 'm-1');
  const named =
    /Nothing was done: “remedy ocr raise-floor”, which the last note named, does not fit any more\. Fitting remedy: promote/;
  match(day.notes().at(-1) ?? '', named);
  const count = day.notes().length;
  await day.click('run-remedy', 'm-1');
  equal(day.notes().length, count, 'the same click again says nothing new');
  deepEqual([await day.override(), day.promoted], [null, []]);
  await day.click('run-remedy', 'm-2');
  deepEqual([await day.override(), day.promoted], [null, ['a']]);
});

test('an incident whose note was written before Muster kept what it names: the first one that fits is run', async (t) => {
  const day = await aSlowFleet();
  t.after(day.scene.close);
  const id = pagedId(day.incident().dedupKey);
  const stored = (await day.scene.store.machine('paged', id))!;
  const { suggested: _named, ...old } = stored.state as Paged;
  await day.scene.store.saveMachine({ ...stored, state: old }, { outbox: [], pager: [] });
  day.deployed();
  await day.click('run-remedy');
  deepEqual(day.promoted, ['a']);
});
