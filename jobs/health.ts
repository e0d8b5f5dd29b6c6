/**
 * Asks a fleet's workers how they are, once a minute, as part of `observe`: keeps what is known of them, tells people
 * when somebody is ill for long, and recycles where the configuration lets Muster. Who does not answer is unknown, and
 * counts as running.
 */
import type { JobContext } from '../src/app.js';
import type { FleetConfig } from '../src/config.js';
import { judgeHealth } from '../src/core/health/judge.js';
import { HEALTH, type HealthState } from '../src/core/health/state.js';
import { type HealthEvent, lasting, watchHealth } from '../src/core/health/watch.js';
import type { OutboxRow, PagerEvent } from '../src/core/message.js';
import type { Millis } from '../src/core/model.js';
import { healthKey, type Paged, pagedId } from '../src/core/paged.js';
import type { Policy } from '../src/core/policy.js';
import { type Fit, fitting } from '../src/core/remedies/index.js';
import { healthMessage } from '../src/core/views/health.js';
import { remedyButton } from '../src/core/views/remedy.js';
import { OutsideError } from '../src/errors.js';
import type { FleetState, HealthLimits, StoredMachine } from '../src/ports.js';
import { lightSymptoms } from '../src/symptoms.js';
import { announceAll } from './announce.js';
import { runByItself } from './auto-remedy.js';
import type { Look } from './look.js';
import { row } from './messages.js';

export interface HealthLook {
  stored: StoredMachine<HealthState> | null;
  state: HealthState;
  event: HealthEvent | null;
}

/** null: nobody asks, or nobody could be asked. Only the store's failure is thrown. */
export async function lookAtHealth(fleet: FleetConfig, context: JobContext): Promise<HealthLook | null> {
  const { health: source, orchestrator } = fleet;
  const { health: port, store } = context;
  if (!source || !port) return null;
  try {
    const [stored, addresses] = await Promise.all([
      store.machine(HEALTH, fleet.name) as Promise<StoredMachine<HealthState> | null>,
      port.addresses(orchestrator, source.kind === 'http' ? source.port : null),
    ]);
    const answers = await port.ask(source, addresses);
    const asked = addresses.map(({ id, zone, nodeId, workers }, n) => ({
      ...{ id, zone, nodeId, workers },
      slots: answers[n] ?? null,
    }));
    const before = stored?.state ?? null;
    const health = judgeHealth(asked, before, context.clock.now(), stuckMs(source, fleet.policy));
    return { stored, ...watchHealth(before, health, context.newId()) };
  } catch (error) {
    if (!(error instanceof OutsideError) || error.peer === 'redis') throw error;
    context.meter.peerFailed(error.peer, error.why);
    return null;
  }
}

/** How long a worker may hold work and finish none. The 95th percentile of a lognormal service time, generously. */
export function stuckMs({ stuckAfter, stuckLeastSeconds }: HealthLimits, policy: Policy): Millis {
  const p95Seconds = policy.serviceSeconds * (1 + 2 * policy.serviceCv);
  return 1_000 * Math.max(stuckLeastSeconds, stuckAfter * p95Seconds);
}

/** Stores what was found and says what there is to say; another replica that was faster has said it. */
export async function keepHealth(
  fleet: FleetConfig,
  found: HealthLook,
  looked: Look,
  fleetState: FleetState,
  context: JobContext,
): Promise<void> {
  const { stored, state, event } = found;
  const now = context.clock.now();
  const isIll = lasting(state).length > 0;
  const fits = isIll ? await fitsOf(fleet, state, looked, fleetState, now, context) : [];
  const alert = state.alert ?? stored?.state.alert ?? null;
  const told =
    event === null || alert === null
      ? { outbox: [], pager: [] }
      : tell(fleet, event, { ...state, alert }, fits, await pagedOf(fleet, alert.id, context), now);
  const machine: StoredMachine<HealthState> = {
    ...{ v: 1, kind: HEALTH, id: fleet.name, fleet: fleet.name, rev: stored?.rev ?? 0, at: now, state },
    open: state.alert !== null || state.ill.length > 0,
  };
  if ((await context.store.saveMachine(machine, told)) !== 'stored') return;
  await announceAll(told.outbox, told.pager, context);
  const recycling = fits.filter(({ remedy }) => remedy.name.startsWith('recycle-'));
  if (recycling.length > 0) await runByItself(fleet, recycling, context);
}

/** Which remedies fit, with workers and nodes asked for by now: only then is it told which node has nobody that serves. */
async function fitsOf(
  fleet: FleetConfig,
  health: HealthState,
  looked: Look,
  state: FleetState,
  now: Millis,
  context: JobContext,
): Promise<Fit[]> {
  const known = <T>(answer: Promise<T>): Promise<T | null> =>
    answer.catch((error: unknown) => {
      if (error instanceof OutsideError) return null;
      throw error;
    });
  const [light, workers, nodes] = await Promise.all([
    lightSymptoms(fleet, now, state, looked.zones, context.store),
    known(context.orchestrator.workers(fleet.orchestrator)),
    known(context.orchestrator.nodes(fleet.orchestrator)),
  ]);
  return fitting({ ...light, workers, nodes, health });
}

type Alerting = HealthState & { alert: NonNullable<HealthState['alert']> };

async function pagedOf(fleet: FleetConfig, alertId: string, context: JobContext): Promise<Paged | null> {
  const stored = await context.store.machine('paged', pagedId(healthKey(fleet.name, alertId)));
  return (stored?.state as Paged | undefined) ?? null;
}

/** The alert's message as it is now. `rank` 1: brought up to date in the same moment. */
export function healthRow(
  fleet: FleetConfig,
  event: HealthEvent,
  health: Alerting,
  known: { fits: Fit[]; paged: Paged | null; rank?: number },
  now: Millis,
): OutboxRow {
  const { id, since } = health.alert;
  const buttons = known.fits.map((fit) => remedyButton(fleet.name, fit));
  const message = healthMessage(event, { fleet: fleet.name, health, since, buttons, paged: known.paged });
  return row(fleet.channel, `health-${id}`, fleet.name, 'alert', now, message, { rank: known.rank ?? 0 });
}

function tell(
  fleet: FleetConfig,
  event: HealthEvent,
  health: Alerting,
  fits: Fit[],
  paged: Paged | null,
  now: Millis,
): { outbox: OutboxRow[]; pager: PagerEvent[] } {
  const { alert } = health;
  const own = healthRow(fleet, event, health, { fits, paged }, now);
  const { key, message } = own;
  const outbox = [own];
  if (event === 'updated') return { outbox, pager: [] };
  const page: PagerEvent = {
    v: 1,
    kind: event === 'fired' ? 'trigger' : 'resolve',
    fleet: fleet.name,
    dedupKey: healthKey(fleet.name, alert.id),
    summary: message.summary,
    severity: health.stalled === null ? 'warning' : 'critical',
    details: {
      asked: health.asked,
      answered: health.answered,
      degraded: health.degraded.reduce((sum, one) => sum + one.workers, 0),
      stalled: health.stalled?.busy ?? null,
      fittingRemedy: fits[0]?.remedy.name ?? null,
    },
    at: now,
    message: { channel: fleet.channel, key },
  };
  return { outbox, pager: [page] };
}
