/** That the bot fails only for a reason and lives on when the faults are over. */
import { cycleMs } from '../../../core/policy.js';
import type { Truth } from '../truth.js';
import { GRACE_MS } from './cycles.js';
import type { Invariant, Of } from './invariant.js';

const MINUTE = 60_000;
/** A change may be under way so long without being stuck. */
const UNDER_WAY_MS = 12 * MINUTE;

export const failsForAReason: Invariant = {
  name: 'fails-for-a-reason',
  says: 'A job or a command fails only because a peer failed, and every command is answered.',
  watch: () => ({
    'job-failed': ({ job, error, isFault }) => (isFault ? null : `${job} failed: ${words(error)}`),
    complained: ({ message, error }) => `${message}: ${words(error)}`,
    answered: ({ said, error, failed, peersFailing }) => {
      if (error !== null) return `"${said}" threw ${words(error)}`;
      return failed && !peersFailing ? `"${said}" failed without a reason` : null;
    },
  }),
};

export const livesOn: Invariant = {
  name: 'lives-on',
  says: 'After the faults: a decision each cycle, each fleet where its decision wants it, nothing left to say.',
  watch: (truth) => ({ quiet: (event) => stuck(event, truth) }),
};

function stuck({ fleets, waiting, quietSince }: Of<'quiet'>, truth: Truth): string | null {
  const wrong: string[] = [];
  for (const { name, status, frozen, wantedSince, wanted, standing, lastCycle } of fleets) {
    const policy = truth.policy(name);
    if (lastCycle === null || truth.now() - lastCycle > cycleMs(policy) + GRACE_MS)
      wrong.push(`${name}: the newest cycle is undecided`);
    if (wanted === null || policy.mode === 'advise') continue;
    // The guard may have asked for more just now.
    if (wantedSince !== null && truth.now() - wantedSince < UNDER_WAY_MS) continue;
    if (status !== null && status !== 'ready' && !(status === 'failed' && frozen))
      wrong.push(`${name}: its desired state is ${status}`);
    const per = policy.workersPerAllocation;
    for (const { zone, workers } of wanted) {
      const count = Math.ceil(workers / per) * per;
      const there = standing.find((one) => one.zone === zone);
      if (there?.workers !== count) wrong.push(`${name} ${zone}: ${there?.workers} asked, ${count} decided`);
      if ((there?.ready ?? 0) < count) wrong.push(`${name} ${zone}: ${there?.ready} of ${count} ready`);
    }
  }
  for (const { channel, count } of waiting) wrong.push(`${count} rows wait for ${channel}`);
  return wrong.length === 0
    ? null
    : `${Math.round((truth.now() - quietSince) / MINUTE)} minutes after the last fault: ${wrong.join('; ')}`;
}

const words = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message).split('\n').slice(0, 4).join(' | ') : String(error);
