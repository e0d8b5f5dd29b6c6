/** Gathers what remedies depend on. A peer that does not answer leaves its part unknown. */
import type { FleetConfig } from './config.js';
import { HEALTH, type HealthState, isFresh } from './core/health/state.js';
import { isOut, MAINTENANCE, type MaintenanceState } from './core/maintenance/state.js';
import type { Freeze, Millis, ZoneSeen } from './core/model.js';
import { heldBelow, openOverride } from './core/override.js';
import type { Symptoms } from './core/remedies/remedy.js';
import { canGoBack } from './core/rollout/ask.js';
import type { RolloutState } from './core/rollout/state.js';
import { OutsideError } from './errors.js';
import type { DeadLetters, FleetState, OrchestratorReader, StoreReader } from './ports.js';

export interface SymptomSources {
  store: StoreReader;
  orchestrator: OrchestratorReader;
  deadLetters?: Pick<DeadLetters, 'count'> | null;
}

/** Everything, asked afresh. */
export async function symptomsOf(
  fleet: FleetConfig,
  now: Millis,
  sources: SymptomSources,
): Promise<Symptoms> {
  const { orchestrator, deadLetters, store } = sources;
  const [state, zones, nodes, workers, letters, maintained] = await Promise.all([
    store.fleet(fleet.name),
    known(orchestrator.zones(fleet.orchestrator)),
    known(orchestrator.nodes(fleet.orchestrator)),
    known(orchestrator.workers(fleet.orchestrator)),
    deadLetters ? known(deadLetters.count(fleet.demand)) : null,
    nodesOut(fleet.name, store),
  ]);
  const light = await lightSymptoms(fleet, now, state, zones, store);
  return { ...light, nodes, maintained, workers, deadLetters: letters };
}

/** What the minute's look sees, asked again between two of them. */
export async function glance(
  fleet: FleetConfig,
  now: Millis,
  state: FleetState,
  sources: SymptomSources,
): Promise<Symptoms> {
  const zones = await known(sources.orchestrator.zones(fleet.orchestrator));
  return lightSymptoms(fleet, now, state, zones, sources.store);
}

/** What is there every minute anyway. */
export async function lightSymptoms(
  fleet: FleetConfig,
  now: Millis,
  state: FleetState,
  zones: ZoneSeen[] | null,
  store: StoreReader,
): Promise<Symptoms> {
  const [alert, rollouts, health] = await Promise.all([
    store.alert(fleet.name),
    store.machines('rollout'),
    storedHealth(fleet, now, store),
  ]);
  const newest = rollouts.find((one) => one.fleet === fleet.name);
  const rollout = newest?.state as RolloutState | undefined;
  const isOpen = ({ until }: Pick<Freeze, 'until'>): boolean => until > now;
  const override = openOverride(state.override, now);
  return {
    fleet: fleet.name,
    now,
    zones,
    nodes: null,
    maintained: [],
    workers: null,
    desired: state.memory?.desired ?? null,
    ceiling: fleet.policy.ceiling,
    override,
    heldBelow: heldBelow(override, state.latest),
    freezes: state.freezes.filter(isOpen),
    alertSince: alert?.phase === 'firing' ? alert.since : null,
    rollout:
      newest === undefined || rollout === undefined
        ? null
        : {
            image: rollout.image,
            at: rollout.at,
            open: newest.open,
            ended: newest.open ? null : newest.at,
            canGoBack: canGoBack(rollout, now),
          },
    health,
    deadLetters: null,
  };
}

/** What the newest look at the workers' health found; null: nobody asks them, or the look is too old to say anything of now. */
export async function storedHealth(
  fleet: FleetConfig,
  now: Millis,
  store: Pick<StoreReader, 'machine'>,
): Promise<HealthState | null> {
  if (!fleet.health) return null;
  const stored = await store.machine(HEALTH, fleet.name);
  const health = (stored?.state as HealthState | undefined) ?? null;
  return health !== null && isFresh(health, now) ? health : null;
}

/** By the store, which knows it before the node shows it; a node that a person fenced is not among them. */
export async function nodesOut(fleet: string, store: Pick<StoreReader, 'machines'>): Promise<string[]> {
  const all = (await store.machines(MAINTENANCE)).filter((one) => one.open && one.fleet === fleet);
  return all
    .map(({ state }) => state as MaintenanceState)
    .filter(isOut)
    .map(({ node }) => node.id);
}

async function known<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof OutsideError) return null;
    throw error;
  }
}
