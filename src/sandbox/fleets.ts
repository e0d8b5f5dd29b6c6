/**
 * The sandbox's configuration: what `npm start`, `muster decide` and `muster backtest` run with when nobody gives another.
 * Three fleets of an identity-check service in two zones, on GPU VMs with four slots. Pure: no address, no clock, no secret.
 */
import type { Config, FleetConfig } from '../config.js';
import { type AccessPolicy, accessSchema } from '../core/access.js';
import { type PolicyInput, policySchema } from '../core/policy.js';
import type { HealthSource, NodeGroupTarget, OrchestratorTarget } from '../ports.js';
import { POLICY, SERVICE } from './pagerduty/people.js';
import { deadLetterQueue } from './rabbitmq/dead-letters.js';
import { HEALTH_FILE, HEALTH_URL } from './workers/answer.js';

export const ZONES = ['asia-south1-a', 'asia-south1-b'] as const;
export const CHANNEL = '#ml-ops';
export const PROJECT = 'muster-sandbox';
/** Room for one worker each. */
export const SLOTS_PER_NODE = 4;
/** From resize until a VM takes work, and from placement until a worker serves: together the fleets' startup time. */
export const NODE_BOOT_SECONDS = 90;
export const WORKER_START_SECONDS = 90;
export const WORKER_STOP_SECONDS = 20;
/** Enough for the largest ceiling, spread over two zones. */
export const MAX_NODES_PER_ZONE = 125;
export const REQUESTS_PER_DAY = 2_000_000;
/** Monday, 07:50 in India, the start of a cycle: the morning rise is about to begin. */
export const SYNTHETIC_START_MS = Date.UTC(2026, 0, 5, 2, 20);

/** Answers come over loopback: one that takes longer is none. */
const patience = { timeoutSeconds: 0.5, stuckAfter: 20, stuckLeastSeconds: 120 };
const BY_HTTP: HealthSource = {
  ...{ kind: 'http', url: HEALTH_URL, port: 'health', portPerWorker: false },
  ...patience,
};
/** One of the fleets says by files how its workers are. */
const BY_FILE: HealthSource = { ...{ kind: 'file', path: HEALTH_FILE, staleSeconds: 60 }, ...patience };

const shared = {
  mode: 'act',
  startupSeconds: NODE_BOOT_SECONDS + WORKER_START_SECONDS,
  serviceCv: 0.5,
  slo: {
    p95Seconds: 3,
    availability: 0.99,
    hours: { from: '08:00', to: '22:00', timeZone: 'Asia/Kolkata' },
    // Identity checks come at night, too, only fewer: the objective stands at all hours.
    offHours: 'same',
  },
  zones: [...ZONES],
  slotsPerNode: SLOTS_PER_NODE,
  nodePricePerHour: 0.71,
} satisfies PolicyInput;

const policies: Record<string, PolicyInput> = {
  'face-match': { ...shared, serviceSeconds: 0.6, floor: 1, ceiling: 1_000 },
  liveness: { ...shared, serviceSeconds: 0.35, floor: 2, ceiling: 400 },
  ocr: { ...shared, serviceSeconds: 0.8, floor: 2, ceiling: 400 },
};

export function sandboxFleets(): FleetConfig[] {
  return Object.entries(policies).map(([name, input]) => {
    const policy = policySchema.parse(input);
    return {
      name,
      policy,
      orchestrator: orchestratorOf(name),
      nodeGroups: nodeGroupsOf(name),
      demand: { kind: 'rabbitmq', vhost: '/', queue: name, deadLetterQueue: deadLetterQueue(name) },
      latency: { kind: 'prometheus', p95: p95Query(name) },
      saturation: null,
      health: name === 'ocr' ? BY_FILE : BY_HTTP,
      channel: CHANNEL,
      pagerdutyRoutingKey: null,
      pagerduty: { service: SERVICE.id, escalationPolicy: POLICY.id },
    };
  });
}

/** The fleet of that name, as the sandbox has it. */
export function sandboxFleet(name: string): FleetConfig | null {
  return sandboxFleets().find((fleet) => fleet.name === name) ?? null;
}

/** What a bot of the sandbox needs besides the fleets: where the stand-ins are, and how fast time runs. */
export type SandboxPeers = Pick<
  Config,
  'slack' | 'pagerduty' | 'nomad' | 'rabbitmq' | 'prometheus' | 'gce' | 'redis'
> & {
  clock: NonNullable<Config['clock']>;
};

/** A bot's whole configuration in the sandbox. Locks are short: a killed bot's work is taken over within seconds. */
export function sandboxConfig(peers: SandboxPeers): Config {
  return {
    environment: 'sandbox',
    fleets: sandboxFleets(),
    channel: CHANNEL,
    command: '/muster',
    http: { host: '127.0.0.1', port: 0 },
    peerTimeoutMs: 2_000,
    locks: { lockMs: 2_000, stalledMs: 1_000, leaseMs: 4_000 },
    heartbeatUrl: null,
    maintenanceSecret: null,
    maxOverrideSeconds: 86_400,
    access: sandboxAccess(),
    digest: { at: '09:00', timeZone: 'Asia/Kolkata' },
    logLevel: 'info',
    ...peers,
  };
}

/**
 * The invented people of the workspace by their groups. One click confirms what is risky, and only what is far below the
 * need is: whoever tries the sandbox tries it alone.
 */
const sandboxAccess = (): AccessPolicy =>
  accessSchema.parse({
    admins: ['U0ASHA'],
    groups: { 'ml-operators': 'operator', 'ml-approvers': 'approver' },
    secondPerson: false,
    riskyBelowNeed: 0.2,
  });

/** The name of a fleet's job and instance group in a zone. */
export const jobName = (fleet: string, zone: string): string => `${fleet}-${zone}`;

export const p95Query = (fleet: string): string =>
  `histogram_quantile(0.95, sum by (le) (rate(request_seconds_bucket{fleet="${fleet}"}[1m])))`;

function orchestratorOf(fleet: string): OrchestratorTarget {
  return {
    kind: 'nomad',
    targets: ZONES.map((zone) => ({ zone, job: jobName(fleet, zone), group: 'workers' })),
    workersPerAllocation: 1,
    slotsPerNode: SLOTS_PER_NODE,
  };
}

function nodeGroupsOf(fleet: string): NodeGroupTarget {
  return {
    kind: 'gce-mig',
    groups: ZONES.map((zone) => ({ zone, project: PROJECT, gceZone: zone, group: jobName(fleet, zone) })),
  };
}
