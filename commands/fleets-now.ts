/** Fleets as they are found just now. Where not all can be shown, those that somebody should look at come first. */
import type { FleetConfig } from '../src/config.js';
import type { Freeze } from '../src/core/model.js';
import { cycleMs, cycleStart, staleMs } from '../src/core/policy.js';
import { openFreezes } from '../src/core/views/intent.js';
import { type FleetNow, isLate } from '../src/core/views/status.js';
import type { FleetState } from '../src/ports.js';
import { storedHealth } from '../src/symptoms.js';
import type { CommandContext } from './command.js';
import { patiently, silence } from './peers.js';

export interface FleetsNow {
  fleets: FleetNow[];
  /** How many more there are. */
  more: number;
  /** Those open now, of every fleet; global ones once. */
  freezes: Freeze[];
  /** Sentences about peers that did not answer. */
  silent: string[];
}

export async function fleetsNow(
  chosen: FleetConfig[],
  most: number,
  context: CommandContext,
): Promise<FleetsNow> {
  const silent = new Set<string>();
  const freezes = new Map<string, Freeze>();
  const stored = await Promise.all(chosen.map((fleet) => storedNow(fleet, context, silent)));
  for (const { state } of stored) for (const freeze of state?.freezes ?? []) freezes.set(freeze.id, freeze);
  const urgent = stored.length > most ? [...stored].sort((a, b) => b.urgency - a.urgency) : stored;
  const shown = urgent.slice(0, most);
  const fleets = await Promise.all(shown.map(({ fleet, now }) => withWorkers(fleet, now, context, silent)));
  return {
    fleets,
    more: stored.length - shown.length,
    freezes: openFreezes([...freezes.values()], context.now),
    silent: [...silent],
  };
}

interface Stored {
  fleet: FleetConfig;
  state: FleetState | null;
  now: FleetNow;
  /** 2: somebody overrules it, 1: it is late, 0: neither. */
  urgency: number;
}

async function storedNow(fleet: FleetConfig, context: CommandContext, silent: Set<string>): Promise<Stored> {
  const { name, policy } = fleet;
  const { now } = context;
  const found = await patiently(context.reader.fleet(name));
  if (!found.ok) silent.add(silence(found.error, 'overrides, freezes and decisions are not known'));
  const state = found.ok ? found.value : null;
  const override = state?.override ?? null;
  const known: FleetNow = {
    name,
    policy,
    zones: null,
    sample: state?.memory?.recent.at(-1) ?? null,
    desired: state?.desired ?? null,
    override: override !== null && override.until > now ? override : null,
    latest: state?.latest ?? null,
    staleMs: staleMs(policy, context.clock.speed),
    nextCycle: cycleStart(now, policy) + cycleMs(policy),
  };
  return { fleet, state, now: known, urgency: known.override === null ? Number(isLate(known)) : 2 };
}

async function withWorkers(
  fleet: FleetConfig,
  known: FleetNow,
  context: CommandContext,
  silent: Set<string>,
): Promise<FleetNow> {
  const [zones, health] = await Promise.all([
    patiently(context.orchestrator.zones(fleet.orchestrator)),
    patiently(storedHealth(fleet, context.now, context.reader)),
  ]);
  if (!zones.ok) silent.add(silence(zones.error, 'workers are shown as last known'));
  return {
    ...known,
    zones: zones.ok ? zones.value : null,
    ...(fleet.health ? { health: health.ok ? health.value : null } : {}),
  };
}
