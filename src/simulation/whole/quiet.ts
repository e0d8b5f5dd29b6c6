/** The end of a whole day: people take back what they asked for, some cycles go by, and it is seen whether all is well. */
import type { FleetConfig } from '../../config.js';
import { MAINTENANCE } from '../../core/maintenance/state.js';
import type { Millis } from '../../core/model.js';
import { cycleMs } from '../../core/policy.js';
import type { Store } from '../../ports.js';
import type { PagerDuty } from './full/pagerduty.js';
import { storedPhase } from './machines.js';
import { type Typed, tidyingUp } from './people.js';
import type { Time } from './time.js';
import type { Truth } from './truth.js';

const MINUTE = 60_000;

export async function tidyUp(
  fleets: FleetConfig[],
  since: Millis,
  say: (text: string, by: Typed['by']) => Promise<string>,
  time: Time,
): Promise<void> {
  for (const { text, by } of tidyingUp(fleets, since)) await say(text, by);
  const longest = Math.max(...fleets.map(({ policy }) => cycleMs(policy)));
  // Late in a cycle: what its decision began has ended by then.
  await time.passTo(Math.ceil(since / longest) * longest + 4 * longest - MINUTE / 2);
}

/** Tells how each fleet stands, to be judged. */
export async function tellQuiet(
  truth: Truth,
  store: Store,
  since: Millis,
  pagerduty: Pick<PagerDuty, 'open'> | null = null,
): Promise<void> {
  const fleets = await Promise.all(
    truth.fleets().map(async (name) => {
      const { desired, lastCycle } = await store.fleet(name);
      return {
        name,
        status: desired?.status ?? null,
        frozen: desired?.note?.startsWith('stopped by the freeze') === true,
        wantedSince: desired?.at ?? null,
        wanted: truth.latest(name)?.decision.placement ?? null,
        standing: truth.world
          .zones(name)
          .map((zone) => ({ zone: zone.zone, workers: zone.desired, ready: zone.ready })),
        alertFiring: (await store.alert(name))?.phase === 'firing',
        lastCycle,
      };
    }),
  );
  truth.tell({ kind: 'hour', auditOk: (await store.verifyAudit()).ok });
  const machines = await Promise.all(['rollout', MAINTENANCE, 'remedy'].map((kind) => store.machines(kind)));
  const open = machines.flat().flatMap((machine) => {
    const told = machine.open ? storedPhase(machine) : null;
    return told === null ? [] : [{ what: told.what, id: told.id, phase: told.phase }];
  });
  const incidents = pagerduty?.open().map(({ key }) => key) ?? null;
  const waiting = await store.waiting();
  truth.tell({ kind: 'quiet', quietSince: since, fleets, waiting, open, incidents });
}
