/** What a decision leaves in the memory once it is stored. */
import type { Memory } from './memory.js';
import { type Decision, origin, type Seen, target } from './model.js';

/** A vote that a later and higher one outlives can never be the highest again, so few are kept. */
const MOST_VOTES = 16;
const MOST_RAISES = 12;

/** The memory after `decision` was made of `seen` and stored. In advise mode the caller stores no desired state, and nothing here says otherwise. */
export function remember(memory: Memory, seen: Seen, decision: Decision): Memory {
  const at = seen.now;
  const to = target(decision);
  const from = origin(decision);
  const raised = decision.kind === 'scale' && to > from;
  const cut = decision.kind === 'scale' && to < from;
  // What the guard asked for in a burst is no vote on the next cycle.
  const need = seen.trigger === 'guard' ? null : decision.numbers.need;
  return {
    ...memory,
    rev: memory.rev + 1,
    votes: need === null ? memory.votes : withVote(memory.votes, { at, need }),
    desired: seen.zones === null ? memory.desired : to,
    lastRaiseAt: raised ? at : memory.lastRaiseAt,
    lastRaiseFrom: raised ? from : memory.lastRaiseFrom,
    lastCutAt: cut ? at : memory.lastCutAt,
    raises: raised
      ? [...memory.raises, { at, count: to - from }].slice(-MOST_RAISES)
      : cut
        ? afterCut(memory.raises, from - to)
        : memory.raises,
  };
}

function withVote(votes: Memory['votes'], vote: Memory['votes'][number]): Memory['votes'] {
  return [...votes.filter((one) => one.need > vote.need), vote].slice(-MOST_VOTES);
}

/** A cut stops those that are not serving yet first. */
function afterCut(raises: Memory['raises'], cut: number): Memory['raises'] {
  let left = cut;
  const kept: Memory['raises'] = [];
  for (const raise of raises.toReversed()) {
    const gone = Math.min(left, raise.count);
    left -= gone;
    if (raise.count > gone) kept.unshift({ at: raise.at, count: raise.count - gone });
  }
  return kept;
}
