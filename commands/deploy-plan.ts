/** What a rollout would do, from what runs now; the rollout itself looks again at every step. */
import type { FleetConfig } from '../src/config.js';
import { assess } from '../src/core/assess.js';
import type { Seen } from '../src/core/model.js';
import { openFloor, type Plan, type Risk } from '../src/core/plan.js';
import { cycleStart } from '../src/core/policy.js';
import { largestNode, readyNow, sizeOf, withoutImage } from '../src/core/rollout/look.js';
import { orderOf } from '../src/core/rollout/order.js';
import type { RolloutSeen, RolloutState } from '../src/core/rollout/state.js';
import { wayBack } from '../src/core/rollout/step.js';
import { valleyOf } from '../src/core/rollout/valley.js';
import { openFreezes } from '../src/core/views/intent.js';
import { changeOf, type RolloutPlan, rolloutPlanParts } from '../src/core/views/rollout-plan.js';
import type { RolloutReader } from '../src/ports.js';
import type { CommandContext } from './command.js';

/** Every rollout is asked about: it replaces all workers. In advise mode none is begun, so there is nothing to confirm. */
export async function planRollout(
  state: RolloutState,
  fleet: FleetConfig,
  rollouts: RolloutReader,
  context: CommandContext,
): Promise<Plan> {
  const { now } = context;
  const { policy } = fleet;
  const { seen, known } = await look(state, fleet, rollouts, context);
  const need = known === null ? null : assess(known, policy, asked(seen)).need;
  const old = withoutImage(seen, state.image);
  const order = orderOf(state, seen);
  const rounds = 1 + Math.ceil(Math.max(0, order.length - 1) / state.batch);
  const plan: RolloutPlan = {
    image: state.image,
    from: wayBack(state, seen),
    nodes: order.map((id) => ({
      name: seen.nodes.find((node) => node.id === id)?.name ?? id,
      zone: old.find((one) => one.node === id)?.zone ?? '',
      workers: sizeOf(old.filter((one) => one.node === id)),
    })),
    soakSeconds: state.soakSeconds,
    batch: state.batch,
    ready: readyNow(seen),
    need,
    surge: Math.max(1, largestNode(old)) * state.batch,
    seconds: state.soakSeconds + rounds * policy.startupSeconds,
    valleyAt: known === null || need === null ? null : valleyOf(policy, known, need),
    freeze: seen.freezes.find(({ kind }) => kind === 'all') ?? null,
  };
  const change = changeOf(plan.from, plan.image);
  return {
    action: `Deploy ${fleet.name}: ${change}`,
    fleets: [fleet.name],
    falls: false,
    risks: policy.mode === 'advise' ? [] : risksOf(plan, openFloor(now, policy)),
    parts: rolloutPlanParts(plan),
    effect: null,
    numbers: {
      image: plan.image,
      from: plan.from,
      nodes: plan.nodes.length,
      ready: plan.ready,
      need,
      seconds: plan.seconds,
    },
  };
}

function risksOf({ nodes, ready, need }: RolloutPlan, floor: number): Risk[] {
  const workers = nodes.reduce((sum, node) => sum + node.workers, 0);
  const risks: Risk[] = [];
  if (workers > 0) risks.push({ code: 'restarts', workers, nodes: nodes.length });
  if (workers > 0 && floor > 0) risks.push({ code: 'restarts-at-peak', floor });
  if (workers > 0 && need !== null && ready <= need) risks.push({ code: 'no-room', ready, need });
  return risks;
}

const asked = (seen: RolloutSeen): number => seen.zones.reduce((sum, zone) => sum + zone.desired, 0);

async function look(
  state: RolloutState,
  fleet: FleetConfig,
  rollouts: RolloutReader,
  context: CommandContext,
): Promise<{ seen: RolloutSeen; known: Seen | null }> {
  const target = fleet.orchestrator;
  const { now } = context;
  const [{ memory, freezes }, zones, nodes, images, lastHealthy] = await Promise.all([
    context.reader.fleet(fleet.name),
    context.orchestrator.zones(target),
    context.orchestrator.nodes(target),
    rollouts.images(target),
    rollouts.lastHealthy(target, state.image),
  ]);
  const seen: RolloutSeen = {
    ...{ nodes, zones, images, lastHealthy, prepulled: [], missing: [], need: null, valleyAt: null },
    recent: memory?.recent ?? [],
    freezes: openFreezes(freezes, now),
    applying: false,
    log: null,
  };
  if (memory === null) return { seen, known: null };
  const about = { now, cycle: cycleStart(now, fleet.policy), trigger: 'cycle' as const };
  const past = { sample: memory.recent.at(-1) ?? null, missing: [], zones, memory };
  const known = { v: 1 as const, fleet: fleet.name, ...about, ...past, override: null, freezes: [] };
  return { seen, known };
}
