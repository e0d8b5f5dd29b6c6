/** The fleets of a simulated day. Each seed has policies of its own, so that every limit is met by some. */
import type { FleetConfig } from '../../config.js';
import { type Policy, type PolicyInput, policySchema } from '../../core/policy.js';
import { createRandom, type Random, seedFor } from '../random.js';

export const ZONES = ['zone-a', 'zone-b'];
export const CHANNEL = '#ml-ops';
export const NODE_BOOT_SECONDS = 90;
export const WORKER_START_SECONDS = 90;
export const WORKER_STOP_SECONDS = 20;

/** One fleet or two, with the limits that the seed gives them. */
export function fleetsOf(seed: number): FleetConfig[] {
  const random = createRandom(seedFor(seed, 'fleets'));
  const names = random.chance(0.4) ? ['face', 'ocr'] : ['face'];
  return names.map((name) => simulatedFleet(name, someKnobs(random), random.chance(0.3)));
}

/** A fleet over the simulated cluster; `fixed`: nobody can resize its node groups. */
export function simulatedFleet(name: string, knobs: Partial<PolicyInput> = {}, fixed = false): FleetConfig {
  const policy = policySchema.parse({
    mode: 'act',
    startupSeconds: NODE_BOOT_SECONDS + WORKER_START_SECONDS,
    // Slow requests, few of them: the same worker counts for less to compute.
    serviceSeconds: 6,
    serviceCv: 0.5,
    slo: { p95Seconds: 20, offHours: 'same' },
    zones: ZONES,
    slotsPerNode: 4,
    nodePricePerHour: 1,
    floor: 2,
    ceiling: 24,
    firstContactCycles: 1,
    ...knobs,
  });
  return {
    name,
    policy,
    orchestrator: {
      kind: 'nomad',
      targets: ZONES.map((zone) => ({ zone, job: `${name}-${zone}`, group: 'workers' })),
      workersPerAllocation: policy.workersPerAllocation,
      slotsPerNode: policy.slotsPerNode,
    },
    nodeGroups: fixed
      ? { kind: 'fixed' }
      : {
          kind: 'gce-mig',
          groups: ZONES.map((zone) => ({
            zone,
            project: 'simulation',
            gceZone: zone,
            group: `${name}-${zone}`,
          })),
        },
    demand: { kind: 'rabbitmq', vhost: '/', queue: name },
    latency: { kind: 'prometheus', p95: name },
    saturation: null,
    channel: CHANNEL,
    pagerdutyRoutingKey: null,
  };
}

/** Nodes that a zone of a fixed group has: a few more than half the ceiling needs. */
export const fixedNodes = ({ ceiling, slotsPerNode, zones }: Policy): number =>
  Math.ceil((0.75 * ceiling) / slotsPerNode / zones.length) + 1;

function someKnobs(random: Random): Partial<PolicyInput> {
  const ceiling = random.pick([10, 14, 20, 30]);
  const per = random.pick([1, 1, 1, 2, 4]);
  return {
    mode: random.chance(0.9) ? 'act' : 'advise',
    preset: random.pick(['thrifty', 'balanced', 'careful'] as const),
    floor: random.pick([1, 2, 4]),
    ceiling: Math.ceil(ceiling / per) * per,
    workersPerAllocation: per,
    stepUp: random.pick([null, null, 4, 8]),
    stepDown: random.pick([null, 2, 4]),
    budgetPerHour: random.chance(0.3) ? random.pick([4, 6, 8]) : null,
    schedule: random.chance(0.3)
      ? [{ cron: '30 9 * * *', durationSeconds: 5_400, timeZone: 'Asia/Kolkata', floor: 8 }]
      : [],
    cooldownSeconds: random.pick([0, 0, 600]),
    zoneLossTolerant: random.chance(0.2),
    onForeignChange: random.pick(['adopt', 'restore'] as const),
    firstContactCycles: random.pick([0, 1, 3]),
  };
}
