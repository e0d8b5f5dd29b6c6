import type { FleetConfig } from '../src/config.js';
import type { Freeze } from '../src/core/model.js';
import { cycleMs, cycleStart } from '../src/core/policy.js';
import { openFreezes } from '../src/core/views/intent.js';
import { type FleetNow, statusMessage } from '../src/core/views/status.js';
import { storedHealth } from '../src/symptoms.js';
import { knownFleet } from './arguments.js';
import { type CommandContext, defineVerb } from './command.js';
import { patiently, silence } from './peers.js';

/** More than this many fleets make a table that nobody reads on a phone. */
const SHOWN = 20;

export const status = defineVerb<string | null>({
  name: 'status',
  usage: '[fleet]',
  summary: 'Shows overrides and freezes, then each fleet: workers, demand, latency, next cycle, cost.',
  examples: ['status', 'status face-match'],
  changes: false,
  parse: (words, context) => (words.length === 0 ? null : knownFleet(words[0], context, 'status [fleet]')),
  async run(name, context) {
    const chosen = context.fleets.filter((fleet) => name === null || fleet.name === name);
    const shown = chosen.slice(0, SHOWN);
    const silent = new Set<string>();
    const freezes = new Map<string, Freeze>();
    const fleets = await Promise.all(shown.map((fleet) => fleetNow(fleet, context, silent, freezes)));
    const message = statusMessage({
      now: context.now,
      fleets,
      freezes: openFreezes([...freezes.values()], context.now),
      silent: [...silent],
      more: chosen.length - shown.length,
      command: context.command,
    });
    return { visibility: 'caller', message };
  },
});

export async function fleetNow(
  fleet: FleetConfig,
  context: CommandContext,
  silent: Set<string>,
  freezes: Map<string, Freeze>,
): Promise<FleetNow> {
  const { name, policy } = fleet;
  const { now } = context;
  const [state, zones, health] = await Promise.all([
    patiently(context.reader.fleet(name)),
    patiently(context.orchestrator.zones(fleet.orchestrator)),
    patiently(storedHealth(fleet, now, context.reader)),
  ]);
  if (!state.ok) silent.add(silence(state.error, 'overrides, freezes and decisions are not known'));
  if (!zones.ok) silent.add(silence(zones.error, 'workers are shown as last known'));
  const known = state.ok ? state.value : null;
  for (const freeze of known?.freezes ?? []) freezes.set(freeze.id, freeze);
  const override = known?.override ?? null;
  return {
    name,
    policy,
    zones: zones.ok ? zones.value : null,
    ...(fleet.health ? { health: health.ok ? health.value : null } : {}),
    sample: known?.memory?.recent.at(-1) ?? null,
    desired: known?.desired ?? null,
    override: override !== null && override.until > now ? override : null,
    latest: known?.latest ?? null,
    nextCycle: cycleStart(now, policy) + cycleMs(policy),
  };
}
