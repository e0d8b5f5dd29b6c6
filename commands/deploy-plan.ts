/** `deploy … --dry-run`: the plan from what runs now; nothing is stored. */
import type { FleetConfig } from '../src/config.js';
import { assess } from '../src/core/assess.js';
import type { Message } from '../src/core/message.js';
import { cycleStart } from '../src/core/policy.js';
import { largestNode, readyNow, withoutImage } from '../src/core/rollout/look.js';
import type { RolloutSeen, RolloutState } from '../src/core/rollout/state.js';
import { chooseGolden, wayBack } from '../src/core/rollout/step.js';
import { openFreezes } from '../src/core/views/intent.js';
import { rolloutPlan } from '../src/core/views/rollout.js';
import type { CommandContext } from './command.js';

export async function dryRun(
  state: RolloutState,
  fleet: FleetConfig,
  context: CommandContext,
): Promise<Message> {
  const target = fleet.orchestrator;
  const rollouts = context.rollouts!;
  const [known, zones, nodes, images, lastHealthy] = await Promise.all([
    context.reader.fleet(fleet.name),
    context.orchestrator.zones(target),
    context.orchestrator.nodes(target),
    rollouts.images(target),
    rollouts.lastHealthy(target, state.image),
  ]);
  const need = known.memory === null ? null : needOf();
  const seen: RolloutSeen = {
    nodes,
    zones,
    images,
    lastHealthy,
    need,
    prepulled: [],
    recent: known.memory?.recent ?? [],
    missing: [],
    valleyAt: null,
    freezes: openFreezes(known.freezes, context.now),
    applying: false,
    log: null,
  };
  const old = withoutImage(seen, state.image);
  return rolloutPlan(state, {
    from: wayBack(state, seen),
    nodes: nodes
      .filter((node) => node.status === 'ready')
      .map(({ name, zone, workers }) => ({ name, zone, workers })),
    golden: chooseGolden(state, seen)?.name ?? null,
    ready: readyNow(seen),
    need,
    surge: Math.max(1, largestNode(old)) * state.batch,
  });

  function needOf(): number | null {
    const { memory } = known;
    if (memory === null) return null;
    const { now } = context;
    const total = zones.reduce((sum, zone) => sum + zone.desired, 0);
    const about = { now, cycle: cycleStart(now, fleet.policy), trigger: 'cycle' as const };
    const past = { sample: memory.recent.at(-1) ?? null, missing: [], zones, memory };
    const asked = { v: 1 as const, fleet: fleet.name, ...about, ...past, override: null, freezes: [] };
    return assess(asked, fleet.policy, total).need;
  }
}
