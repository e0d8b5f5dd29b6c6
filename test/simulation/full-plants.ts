/** Bugs to plant into full days: each breaks one promise of rollouts, maintenances, locks or incidents. */
import type { Ports } from '../../src/app.js';
import type { WholeSpec } from '../../src/simulation/whole/run.js';

export interface FullPlant {
  bug: string;
  caughtBy: string;
  plant: NonNullable<WholeSpec['plant']>;
  /** The first seed that is tried. */
  seed: number;
  /** 8 when absent. */
  hours?: number;
}

type Rollouts = NonNullable<Ports['rollouts']>;

const withRollouts = (change: (rollouts: Rollouts) => Partial<Rollouts>) => ({
  ports: (ports: Ports): Ports =>
    ports.rollouts === undefined
      ? ports
      : { ...ports, rollouts: { ...ports.rollouts, ...change(ports.rollouts) } },
});

export const fullPlants: FullPlant[] = [
  {
    bug: 'updates the neighbours of the golden node, too',
    seed: 9,
    caughtBy: 'golden-first',
    plant: withRollouts((rollouts) => ({
      async update(target, zone, node, image, why) {
        const done = await rollouts.update(target, zone, node, image, why);
        const { workers } = await rollouts.images(target);
        const other = workers.find((one) => one.zone === zone && one.node !== node && one.image !== image);
        if (other !== undefined && node !== '') await rollouts.update(target, zone, other.node, image, why);
        return done;
      },
    })),
  },
  {
    bug: 'takes a whole node at once, whatever is needed',
    seed: 3,
    caughtBy: 'capacity-kept',
    plant: withRollouts((rollouts) => ({
      update: (target, zone, node, image, why) =>
        rollouts.update(target, zone, node, image, { ...why, most: 1_000 }),
    })),
  },
  {
    bug: 'drains a node before others stand in',
    seed: 1,
    caughtBy: 'capacity-kept',
    plant: {
      ports: (ports) => ({
        ...ports,
        orchestrator: {
          ...ports.orchestrator,
          async cordon(target, node) {
            await ports.orchestrator.cordon(target, node);
            const why = { decisionId: 'maintenance-early', deadlineSeconds: 60 };
            await ports.orchestrator.drain(target, node, why);
          },
        },
      }),
    },
  },
  {
    bug: 'registers a job with a count of its own',
    seed: 2,
    caughtBy: 'counts-kept',
    plant: {
      ports: (ports, { world: { cluster } }) => {
        const { register } = cluster;
        cluster.register = (job, request) => register(job, { ...request, count: 1 });
        return ports;
      },
    },
  },
  {
    bug: 'lets go of no zone',
    seed: 2,
    hours: 2,
    caughtBy: 'rollouts-end',
    plant: withRollouts(() => ({ release: async () => {} })),
  },
  {
    bug: 'never lets a node take work again',
    seed: 1,
    hours: 4,
    caughtBy: 'maintenances-end',
    plant: {
      ports: (ports) => ({
        ...ports,
        orchestrator: { ...ports.orchestrator, uncordon: async () => {} },
      }),
    },
  },
  {
    bug: 'grants a lease that somebody holds',
    seed: 2,
    caughtBy: 'one-lock-holder',
    plant: {
      store: (store) => {
        let fence = 1_000_000;
        return {
          ...store,
          async lease(fleet, holder, ttlMs) {
            fence += 1;
            return (await store.lease(fleet, holder, ttlMs)) ?? { fleet, holder, fence };
          },
        };
      },
    },
  },
  {
    bug: 'forgets to tell the pager that it is over',
    seed: 2,
    hours: 4,
    caughtBy: 'incidents-end',
    plant: {
      ports: (ports) => ({
        ...ports,
        pager: {
          send: async (event, key) => {
            if (event.kind !== 'resolve') await ports.pager?.send(event, key);
          },
        },
      }),
    },
  },
];
