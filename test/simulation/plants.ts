/** Bugs to plant into the app: each breaks one law, as a slip in an adapter, the store or the policy would. */
import type { Ports } from '../../src/app.js';
import type { FleetConfig } from '../../src/config.js';
import type { Policy, PolicyInput } from '../../src/core/policy.js';
import { OutsideError } from '../../src/errors.js';
import type { DemandSeen } from '../../src/ports.js';
import type { Illness, Peer } from '../../src/simulation/whole/faults.js';
import type { WholeSpec } from '../../src/simulation/whole/run.js';

export interface Plant {
  bug: string;
  /** The invariants of which one must break. */
  caughtBy: string[];
  plant: NonNullable<WholeSpec['plant']>;
  /** The first seed that is tried. */
  seed: number;
  /** A fleet whose policy has what the bug breaks; the seed's own when absent. */
  knobs?: Partial<PolicyInput>;
  /** Hours of the day in which a peer is ill; the seed's plan when absent. */
  ill?: { peer: Peer; illness: Illness; hours: [number, number][] };
}

/** Darkness that falls again and again while the evening's demand falls. */
const EVENING: [number, number][] = [
  [18.6, 19.6],
  [20, 20.8],
  [21.2, 22],
  [22.3, 23],
];

export const plants: Plant[] = [
  {
    bug: 'trusts stale numbers as if they were new',
    seed: 1,
    knobs: { preset: 'thrifty' },
    ill: { peer: 'demand', illness: 'stale', hours: EVENING },
    caughtBy: ['no-cut-in-the-dark'],
    plant: {
      ports: (ports) => ({
        ...ports,
        demand: {
          demand: async (source) => ({ ...(await ports.demand.demand(source)), at: ports.clock.now() }),
        },
        gauge: {
          gauge: async (query) => {
            const seen = await ports.gauge.gauge(query);
            return seen === null ? null : { ...seen, at: ports.clock.now() };
          },
        },
      }),
    },
  },
  {
    bug: 'takes unknown for zero',
    seed: 1,
    knobs: { preset: 'thrifty' },
    ill: { peer: 'demand', illness: 'nostats', hours: EVENING },
    caughtBy: ['no-cut-in-the-dark'],
    plant: {
      ports: (ports) => ({
        ...ports,
        demand: {
          demand: async (source) => {
            const seen = await ports.demand.demand(source).catch((error: unknown): DemandSeen => {
              if (!(error instanceof OutsideError)) throw error;
              return NOTHING;
            });
            return {
              ...seen,
              at: seen.at ?? ports.clock.now(),
              requestsPerSecond: seen.requestsPerSecond ?? 0,
              backlog: seen.backlog ?? 0,
              oldestAgeSeconds: seen.oldestAgeSeconds ?? 0,
            };
          },
        },
      }),
    },
  },
  {
    bug: 'lets an override go beyond the ceiling',
    seed: 1,
    caughtBy: ['ceiling'],
    plant: { fleets: withPolicy({ ceiling: 100_000 }) },
  },
  {
    bug: 'forgets the step',
    seed: 1,
    knobs: { stepUp: 2, stepDown: 2 },
    caughtBy: ['step'],
    plant: { fleets: withPolicy({ stepUp: null, stepDown: null }) },
  },
  {
    bug: 'forgets the budget',
    seed: 1,
    knobs: { budgetPerHour: 2 },
    caughtBy: ['budget'],
    plant: { fleets: withPolicy({ budgetPerHour: null }) },
  },
  {
    bug: 'acts in advise mode',
    seed: 8,
    caughtBy: ['advise-touches-nothing'],
    plant: { fleets: withPolicy({ mode: 'act' }) },
  },
  {
    bug: 'adds two more where it should say how many there shall be',
    seed: 2,
    caughtBy: ['absolute', 'once'],
    plant: {
      ports: (ports) => ({
        ...ports,
        orchestrator: {
          ...ports.orchestrator,
          scale: async (target, zone, workers, why) => {
            const now = await ports.orchestrator.zones(target);
            const current = now.find((one) => one.zone === zone)?.desired ?? 0;
            await ports.orchestrator.scale(target, zone, workers, why);
            return ports.orchestrator.scale(target, zone, 2 * workers - current, why);
          },
        },
      }),
    },
  },
  {
    bug: 'acts without asking for the lease',
    seed: 2,
    caughtBy: ['one-writer'],
    plant: {
      ports: (ports) => ({
        ...ports,
        store: {
          ...ports.store,
          lease: async (fleet, holder) => ({ fleet, holder, fence: 1 }),
          renew: async () => true,
          release: async () => {},
        },
      }),
    },
  },
  {
    bug: 'does not see freezes',
    seed: 1,
    caughtBy: ['freeze-decisions', 'freeze-acts'],
    plant: {
      ports: (ports) => ({
        ...ports,
        store: {
          ...ports.store,
          fleet: async (name) => ({ ...(await ports.store.fleet(name)), freezes: [] }),
        },
      }),
    },
  },
  {
    bug: 'lets an override live on',
    seed: 6,
    caughtBy: ['expired-override'],
    plant: {
      ports: (ports) => ({
        ...ports,
        store: {
          ...ports.store,
          fleet: async (name) => {
            const state = await ports.store.fleet(name);
            const { override } = state;
            return { ...state, override: override && { ...override, until: override.until + 86_400_000 } };
          },
        },
      }),
    },
  },
  {
    bug: 'decides a cycle each time it is asked',
    seed: 1,
    caughtBy: ['one-decision-a-cycle', 'no-two-cycles-without'],
    plant: { ports: decidesAgain },
  },
  {
    bug: 'posts again when it does not know whether it posted',
    seed: 4,
    caughtBy: ['one-message-a-key'],
    plant: {
      ports: (ports) => ({ ...ports, chat: ports.chat && { ...ports.chat, find: async () => null } }),
    },
  },
  {
    bug: 'puts everything into one zone',
    seed: 3,
    caughtBy: ['zones-even'],
    plant: {
      ports: (ports) => ({
        ...ports,
        store: {
          ...ports.store,
          commitDecision: (commit) => {
            const { record, desired } = commit;
            const [first, ...others] = record.decision.placement;
            const all = record.decision.placement.reduce((sum, { workers }) => sum + workers, 0);
            const placement = [
              { zone: first!.zone, workers: all },
              ...others.map(({ zone }) => ({ zone, workers: 0 })),
            ];
            return ports.store.commitDecision({
              ...commit,
              record: { ...record, decision: { ...record.decision, placement } },
              desired: desired && { ...desired, placement },
            });
          },
        },
      }),
    },
  },
  {
    bug: 'removes nodes whatever runs on them',
    seed: 3,
    caughtBy: ['empty-nodes-only'],
    plant: {
      ports: (ports) => ({
        ...ports,
        orchestrator: {
          ...ports.orchestrator,
          nodes: async (target) =>
            (await ports.orchestrator.nodes(target)).map((node) => ({ ...node, workers: 0 })),
        },
      }),
    },
  },
];

const NOTHING: DemandSeen = {
  at: null,
  requestsPerSecond: null,
  backlog: null,
  oldestAgeSeconds: null,
  consumers: null,
};

function withPolicy(changes: Partial<Policy>): (fleets: FleetConfig[]) => FleetConfig[] {
  return (fleets) => fleets.map((fleet) => ({ ...fleet, policy: { ...fleet.policy, ...changes } }));
}

/** The store forgets which cycles are decided, and takes a second decision under another id. */
function decidesAgain(ports: Ports): Ports {
  let times = 0;
  return {
    ...ports,
    store: {
      ...ports.store,
      fleet: async (name) => ({ ...(await ports.store.fleet(name)), lastCycle: null }),
      commitDecision: async (commit) => {
        const first = await ports.store.commitDecision(commit);
        if (first !== 'duplicate') return first;
        times += 1;
        const { record } = commit;
        const again = { ...record, id: `${record.id}-${times}`, cycle: record.cycle + 1 };
        return ports.store.commitDecision({ ...commit, record: again });
      },
    },
  };
}
