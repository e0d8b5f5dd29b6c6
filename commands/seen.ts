/** What a decision made this instant would see, from what is stored and what the orchestrator says. Nothing is written. */
import type { FleetConfig } from '../src/config.js';
import { emptyMemory } from '../src/core/learn.js';
import type { Missing, Seen } from '../src/core/model.js';
import { cycleStart } from '../src/core/policy.js';
import { openFreezes } from '../src/core/views/intent.js';
import type { OutsideError } from '../src/errors.js';
import type { FleetState } from '../src/ports.js';
import type { CommandContext } from './command.js';
import { patiently } from './peers.js';

export async function seenNow(
  fleet: FleetConfig,
  state: FleetState,
  context: Pick<CommandContext, 'now' | 'clock' | 'orchestrator'>,
): Promise<Seen> {
  const { now } = context;
  const zones = await patiently(context.orchestrator.zones(fleet.orchestrator));
  const memory = state.memory ?? emptyMemory();
  return {
    v: 1,
    fleet: fleet.name,
    now,
    cycle: cycleStart(now, fleet.policy),
    trigger: 'request',
    speed: context.clock.speed,
    sample: memory.recent.at(-1) ?? null,
    missing: zones.ok ? [] : [missingWorkers(zones.error)],
    zones: zones.ok ? zones.value : null,
    memory,
    override: state.override !== null && state.override.until > now ? state.override : null,
    freezes: openFreezes(state.freezes, now),
  };
}

function missingWorkers(error: OutsideError): Missing {
  const why = error.why === 'rate-limited' ? 'error' : error.why;
  return { what: 'workers', peer: error.peer, why };
}
