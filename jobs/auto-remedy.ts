/** What fits an alert: buttons for people, and, where the configuration lets it, a run by Muster itself. */
import type { JobContext } from '../src/app.js';
import type { FleetConfig } from '../src/config.js';
import type { Millis } from '../src/core/model.js';
import { type Fit, fitting, saidAs } from '../src/core/remedies/index.js';
import type { Symptoms } from '../src/core/remedies/remedy.js';
import { mayRunByItself, type RemedyRun } from '../src/core/remedies/run.js';
import type { FleetState } from '../src/ports.js';
import { lightSymptoms } from '../src/symptoms.js';
import { type Look, openFreezes } from './look.js';

/** `alertSince`: of the alert as it is being stored now. */
export async function fittingNow(
  fleet: FleetConfig,
  looked: Look,
  state: FleetState,
  alertSince: Millis | null,
  now: Millis,
  context: JobContext,
): Promise<Fit[]> {
  const seen: Symptoms = await lightSymptoms(fleet, now, state, looked.zones, context.store);
  return fitting({ ...seen, alertSince });
}

/** The first that fits and may, unless somebody stopped all changes: as a command in Muster's own name, with the same audit and the same message. */
export async function runByItself(fleet: FleetConfig, fits: Fit[], context: JobContext): Promise<void> {
  const { auto = [], perHour = 0 } = fleet.remedies ?? {};
  const [first] = fits.filter(({ remedy, doubtful }) => !doubtful && auto.includes(remedy.name));
  if (first === undefined || fleet.policy.mode !== 'act') return;
  const { freezes } = await context.store.fleet(fleet.name);
  if (openFreezes(freezes, context.clock.now()).some(({ kind }) => kind === 'all')) return;
  const stored = await context.store.machines('remedy');
  const runs = stored.filter((one) => one.fleet === fleet.name).map((one) => one.state as RemedyRun);
  const asked = { name: first.remedy.name, words: first.words };
  if (!mayRunByItself(asked, runs, perHour, context.clock.now())) return;
  const reply = await context.handle({
    text: saidAs(fleet.name, first),
    by: { id: 'muster', name: 'Muster' },
    where: 'muster',
  });
  context.log.info(
    { fleet: fleet.name, remedy: first.remedy.name, refused: reply.refused ?? null },
    `a remedy by itself: ${first.why}`,
  );
}
