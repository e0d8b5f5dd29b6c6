/** Rollouts, judged by what runs where: the golden node first, counts kept, and an end that leaves nothing behind. */
import type { Millis } from '../../../core/model.js';
import { natureOf } from '../../cluster/images.js';
import { isLive, type SimAllocation } from '../../cluster/state.js';
import { touched } from '../lines.js';
import { serves } from '../touches.js';
import type { Truth } from '../truth.js';
import type { Invariant, Watch } from './invariant.js';

const MINUTE = 60_000;
/** Each minute is looked once. */
const COARSE_MS = 2 * MINUTE;

export const goldenFirst: Invariant = {
  name: 'golden-first',
  says: 'A rollout touches a second node only after its golden node’s workers had served for as long as was asked for.',
  watch: (truth) => goldenWatch(truth),
};

interface Trial {
  fleet: string;
  image: string;
  golden: string;
  /** Since when workers of the image serve; null: none does. */
  since: Millis | null;
  longest: Millis;
}

/** An image that served in the fleet before the rollout began is no trial: it is the way back. */
function goldenWatch(truth: Truth): Watch {
  const homes = new Map<string, Set<string>>();
  const trials = new Map<string, Trial>();
  const soaks = new Map<string, Millis>();
  const serving = (fleet: string): SimAllocation[] => {
    const { cluster } = truth.world;
    return cluster.state.allocations.filter(
      (one) => serves(one, truth.now()) && cluster.job(one.job)?.fleet === fleet,
    );
  };
  const look = (trial: Trial): void => {
    const here = serving(trial.fleet).some((one) => one.image === trial.image);
    trial.since = here ? (trial.since ?? truth.now()) : null;
    if (trial.since !== null) trial.longest = Math.max(trial.longest, truth.now() - trial.since);
  };
  /** Its zone went out, or its node: another one is the first to try the image. */
  const isLost = ({ golden, image, longest, fleet }: Trial): boolean =>
    longest < (soaks.get(`${fleet} ${image}`) ?? 0) - COARSE_MS &&
    truth.world.cluster.state.vms.find((vm) => vm.id === golden)?.state !== 'ready';
  return {
    answered: ({ said }) => {
      const [, fleet, image, minutes] = /^deploy (\S+) (\S+:\S+) --soak (\d+)m/.exec(said) ?? [];
      if (minutes !== undefined) soaks.set(`${fleet} ${image}`, Number(minutes) * MINUTE);
      return null;
    },
    minute: () => {
      for (const trial of trials.values()) look(trial);
      return null;
    },
    touch: (event) => {
      const { what, by, fleet, image } = event;
      if (by === null || image === null) return null;
      if (!homes.has(by)) homes.set(by, new Set(serving(fleet).map((one) => one.image)));
      if (what !== 'update' || homes.get(by)?.has(image)) return null;
      const key = `${by} ${image}`;
      for (const node of event.stoppedOn) {
        const trial = trials.get(key);
        if (trial?.golden === node) continue;
        if (trial !== undefined) look(trial);
        if (trial === undefined || isLost(trial)) {
          trials.set(key, { fleet, image, golden: node, since: null, longest: 0 });
          continue;
        }
        const soak = soaks.get(`${fleet} ${image}`) ?? 0;
        if (trial.longest < soak - COARSE_MS)
          return `${touched(event)}: ${image} had served for ${trial.longest / 1_000} s at most, ${soak / 1_000} s were asked for`;
      }
      return null;
    },
  };
}

export const countsKept: Invariant = {
  name: 'counts-kept',
  says: 'No step of a rollout, a maintenance or a remedy changes how many workers a zone is asked for.',
  watch: () => ({
    touch: (event) =>
      event.countBefore === event.countAfter
        ? null
        : `${touched(event)}: the count went from ${event.countBefore} to ${event.countAfter}`,
  }),
};

export const rolloutsEnd: Invariant = {
  name: 'rollouts-end',
  says: 'After the faults every rollout is over: one image in the whole fleet, a good one, no zone held and nothing to be pulled.',
  watch: (truth) => ({
    quiet: ({ open }) => {
      const { cluster } = truth.world;
      const wrong = open
        .filter(({ what }) => what === 'rollout')
        .map(({ id, phase }) => `${id} is still in ${phase}`);
      for (const fleet of truth.fleets()) {
        const jobs = cluster.state.jobs.filter((job) => job.fleet === fleet);
        const running = cluster.state.allocations.filter(
          (one) => isLive(one) && jobs.some((job) => job.id === one.job),
        );
        const images = [...new Set([...jobs, ...running].map(({ image }) => image))];
        if (images.length > 1) wrong.push(`${fleet} runs ${images.join(' and ')}`);
        const bad = images.find((image) => natureOf(image) !== 'good');
        if (bad !== undefined) wrong.push(`${fleet} runs the bad ${bad}`);
      }
      for (const { job, status } of cluster.state.deployments)
        if (status === 'paused') wrong.push(`${job} is held`);
      for (const { job, image } of cluster.state.prepulls) wrong.push(`${job} pulls ${image}`);
      return wrong.length === 0 ? null : wrong.join('; ');
    },
  }),
};
