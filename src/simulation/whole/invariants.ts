/**
 * What must hold whatever goes wrong. Each invariant watches the events and answers with a sentence when it is broken;
 * it judges by the truth and the configured policy, never by what the bot says of itself.
 * docs/SIMULATION.md lists them; a test holds the list equal.
 */
import { decide } from '../../core/decide.js';
import { type DecisionRecord, type Millis, origin, target } from '../../core/model.js';
import { cycleMs, cycleStart, type Policy } from '../../core/policy.js';
import type { EventKind, WholeEvent } from './event.js';
import { openAt, type Truth } from './truth.js';

type Of<K extends EventKind> = Extract<WholeEvent, { kind: K }>;
/** A sentence when the invariant is broken by this event, else null. */
export type Watch = { [K in EventKind]?: (event: Of<K>) => string | null };

export interface Invariant {
  name: string;
  says: string;
  watch(truth: Truth): Watch;
}

const MINUTE = 60_000;
const SEEN_BYTES = 8_192;
/** Rows that may wait in one channel: a day's worth of a channel that is down. */
const OUTBOX_ROWS = 400;
/** How long after a cycle's start it may still be decided: the queue's repeats and the minute's second asking. */
const GRACE_MS = 5 * MINUTE;
/** A change may be under way so long without being stuck. */
const UNDER_WAY_MS = 12 * MINUTE;

export const invariants: readonly Invariant[] = [
  {
    name: 'ceiling',
    says: 'No decision raises a fleet beyond its ceiling.',
    watch: (truth) => ({
      decision: ({ record }) => {
        const { ceiling } = truth.policy(record.fleet);
        const to = target(record.decision);
        return isRaise(record) && to > ceiling ? `${told(record)}, the ceiling is ${ceiling}` : null;
      },
    }),
  },
  {
    name: 'budget',
    says: 'No decision raises a fleet beyond its budget per hour.',
    watch: (truth) => ({
      decision: ({ record }) => {
        const policy = truth.policy(record.fleet);
        if (!isRaise(record) || policy.budgetPerHour === null) return null;
        const cost = costOf(record.decision.placement, policy);
        return cost > policy.budgetPerHour
          ? `${told(record)} costs ${cost} an hour, the budget is ${policy.budgetPerHour}`
          : null;
      },
    }),
  },
  {
    name: 'floor',
    says: 'No decision cuts a fleet below its floor, but for its budget.',
    watch: (truth) => ({
      decision: ({ record }) => {
        const { floor, budgetPerHour } = truth.policy(record.fleet);
        const to = target(record.decision);
        return isCut(record) && to < floor && budgetPerHour === null
          ? `${told(record)}, the floor is ${floor}`
          : null;
      },
    }),
  },
  {
    name: 'step',
    says: 'No decision changes a fleet by more than its step, but for a pin, the ceiling or the budget.',
    watch: (truth) => ({ decision: ({ record }) => beyondStep(record, truth) }),
  },
  {
    name: 'no-cut-in-the-dark',
    says: 'While demand or latency is stale or unknown, nothing is cut but to a person’s count, the ceiling or the budget.',
    watch: (truth) => darkWatch(truth),
  },
  {
    name: 'guard-only-raises',
    says: 'Between cycles the guard never cuts.',
    watch: () => ({
      decision: ({ record }) => (record.trigger === 'guard' && isCut(record) ? told(record) : null),
    }),
  },
  {
    name: 'freeze-decisions',
    says: 'During a freeze no decision changes a fleet; during a freeze of cuts none cuts.',
    watch: (truth) => ({
      decision: ({ record }) => {
        if (record.decision.kind === 'hold') return null;
        const open = openAt(truth.freezes(record.fleet), record.at, truth.order() - 1);
        const freeze = open.find(({ kind }) => kind === 'all' || isCut(record));
        return freeze === undefined ? null : `${told(record)} during the freeze ${freeze.id}`;
      },
    }),
  },
  {
    name: 'freeze-acts',
    says: 'Nothing reaches the cluster against a freeze that was stored before its run read what people want.',
    watch: (truth) => ({
      act: (event) => {
        const { run, fleet } = event;
        const open = openAt(truth.freezes(fleet), run.issuedAt, run.intentRead);
        const record = truth.decision(event.decisionId)?.value;
        const cuts = record !== undefined && isCut(record);
        const freeze = open.find(({ kind }) => kind === 'all' || cuts);
        return freeze === undefined ? null : `${acted(event)} during the freeze ${freeze.id}`;
      },
    }),
  },
  {
    name: 'one-decision-a-cycle',
    says: 'A fleet has at most one decision of a cycle.',
    watch: (truth) => {
      const decided = new Set<string>();
      return {
        decision: ({ record }) => {
          if (record.trigger !== 'cycle') return null;
          const key = `${record.fleet} ${cycleStart(record.cycle, truth.policy(record.fleet))}`;
          if (decided.has(key)) return `${told(record)} is the second of its cycle`;
          decided.add(key);
          return null;
        },
      };
    },
  },
  {
    name: 'no-two-cycles-without',
    says: 'Never two cycles go by without a decision while the store can be used.',
    watch: (truth) => gapWatch(truth),
  },
  {
    name: 'decision-before-act',
    says: 'Whatever reaches the cluster names a decision that was stored before, for this fleet, to be carried out.',
    watch: (truth) => ({
      act: (event) => {
        const known = truth.decision(event.decisionId);
        if (known === null) return `${acted(event)} names a decision that nobody stored`;
        if (known.value.fleet !== event.fleet) return `${acted(event)} names a decision of another fleet`;
        return known.value.status === 'planned'
          ? null
          : `${acted(event)} names one that was ${known.value.status}`;
      },
    }),
  },
  {
    name: 'audit-entry',
    says: 'Every decision is stored together with its audit entry.',
    watch: () => ({
      decision: ({ record, audit }) =>
        audit?.action === 'decision' && audit.ids?.decision === record.id
          ? null
          : `${told(record)} came without its entry`,
    }),
  },
  {
    name: 'audit-chain',
    says: 'The audit chain verifies.',
    watch: () => ({ hour: ({ auditOk }) => (auditOk ? null : 'a link does not fit') }),
  },
  {
    name: 'absolute',
    says: 'A scale asks for the count its decision placed in the zone or, where that does not fit, for less; the count never passes it.',
    watch: (truth) => ({ act: (event) => notAbsolute(event, truth) }),
  },
  {
    name: 'once',
    says: 'A decision changes a zone to the same count at most once, unless somebody else changed it meanwhile.',
    watch: () => {
      const done = new Set<string>();
      const starts = (event: { fleet: string; zone: string }): string => `${event.fleet}/${event.zone}/`;
      return {
        foreign: (event) => {
          for (const key of done) if (key.startsWith(starts(event))) done.delete(key);
          return null;
        },
        act: (event) => {
          if (event.what !== 'scale' || event.before === event.after) return null;
          const key = `${starts(event)}${event.decisionId}/${event.after}`;
          if (done.has(key)) return `${acted(event)} a second time`;
          done.add(key);
          return null;
        },
      };
    },
  },
  {
    name: 'newest-decision',
    says: 'A run carries out the newest decision that it could know of.',
    watch: (truth) => ({
      act: (event) => {
        const newest = truth.latestChange(event.fleet);
        if (newest === null || newest.since > event.run.intentRead) return null;
        return newest.value.id === event.decisionId
          ? null
          : `${acted(event)} while ${newest.value.id} was known to be newer`;
      },
    }),
  },
  {
    name: 'one-writer',
    says: 'A run acts only while it can rely on the fleet’s lease.',
    watch: (truth) => {
      const fences = new Map<string, number>();
      return {
        lease: ({ fleet, fence }) => {
          fences.set(fleet, fence);
          return null;
        },
        act: (event) => {
          const { lease, issuedAt } = event.run;
          if (lease === null) return `${acted(event)} without a lease`;
          const newest = fences.get(event.fleet) ?? 0;
          const late = truth.now() - issuedAt;
          return lease.until < issuedAt && newest > lease.fence
            ? `${acted(event)} with lease ${lease.fence}, which had ended ${(issuedAt - lease.until) / 1_000} s before (${newest} is out, ${late / 1_000} s under way)`
            : null;
        },
      };
    },
  },
  {
    name: 'zones-even',
    says: 'A change places at most one allocation more in one zone than in another, as long as both are up.',
    watch: (truth) => ({
      decision: ({ record }) => {
        const { decision, seen } = record;
        if (decision.kind === 'hold' || seen.zones === null || seen.zones.some(({ up }) => !up)) return null;
        const counts = decision.placement.map(({ workers }) => workers);
        const apart = Math.max(...counts) - Math.min(...counts);
        return apart > truth.policy(record.fleet).workersPerAllocation
          ? `${told(record)} places ${counts.join(' and ')}`
          : null;
      },
    }),
  },
  {
    name: 'expired-override',
    says: 'A minute after its end, or once it was taken back, an override shapes no decision.',
    watch: (truth) => ({ decision: ({ record }) => expiredOverride(record, truth) }),
  },
  {
    name: 'replay',
    says: 'A stored decision, decided again from its record, is the same.',
    watch: () => ({
      decision: ({ record }) => {
        const copy = JSON.parse(JSON.stringify(record)) as DecisionRecord;
        const again = JSON.stringify(decide(copy.seen, copy.policy));
        return again === JSON.stringify(copy.decision) ? null : `${told(record)} is ${again} the second time`;
      },
    }),
  },
  {
    name: 'seen-size',
    says: 'What a decision saw is at most 8 KB, serialised.',
    watch: () => ({
      decision: ({ record, seenBytes }) =>
        seenBytes <= SEEN_BYTES ? null : `${told(record)} saw ${seenBytes} bytes`,
    }),
  },
  {
    name: 'advise-touches-nothing',
    says: 'A fleet in advise mode is never touched.',
    watch: (truth) => ({
      act: (event) => (truth.policy(event.fleet).mode === 'act' ? null : acted(event)),
    }),
  },
  {
    name: 'advice-once',
    says: 'In advise mode the guard does not repeat its advice until it asks for more.',
    watch: () => {
      const newest = new Map<string, number | null>();
      return {
        decision: ({ record }) => {
          const before = newest.get(record.fleet) ?? null;
          const to = target(record.decision);
          newest.set(record.fleet, record.status === 'advised' ? to : null);
          return record.status === 'advised' && record.trigger === 'guard' && before !== null && to <= before
            ? `${told(record)} again`
            : null;
        },
      };
    },
  },
  {
    name: 'nodes-asked',
    says: 'A node group grows to what the decision’s workers fill, besides nodes that take no work.',
    watch: (truth) => ({
      act: (event) => {
        if (event.what !== 'grow') return null;
        const workers = placedIn(truth.decision(event.decisionId)?.value, event.zone);
        const unusable = truth.world.cluster
          .vms(`${event.fleet}-${event.zone}`)
          .filter((vm) => !vm.eligible || vm.state !== 'ready').length;
        const most = Math.ceil(workers / truth.policy(event.fleet).slotsPerNode) + unusable;
        return event.asked <= Math.max(most, event.before) ? null : `${acted(event)}, ${most} would do`;
      },
    }),
  },
  {
    name: 'empty-nodes-only',
    says: 'Only nodes without workers are drained and removed.',
    watch: () => ({
      act: (event) =>
        (event.what === 'remove' || event.what === 'drain') && event.workers > 0
          ? `${acted(event)} with ${event.workers} workers on it`
          : null,
    }),
  },
  {
    name: 'one-message-a-key',
    says: 'A message is posted once, its versions come in order, and each reply of its thread once.',
    watch: () => {
      const newest = new Map<string, number>();
      const replies = new Set<string>();
      return {
        said: ({ how, channel, key, seq }) => {
          const before = newest.get(`${channel} ${key}`);
          newest.set(`${channel} ${key}`, seq);
          if (how === 'post') return before === undefined ? null : `${key} was posted twice`;
          return before !== undefined && before > seq ? `${key} went back from ${before} to ${seq}` : null;
        },
        replied: ({ channel, key, index }) => {
          const reply = `${channel} ${key} ${index}`;
          if (replies.has(reply)) return `reply ${index} of ${key} was posted twice`;
          replies.add(reply);
          return null;
        },
      };
    },
  },
  {
    name: 'newest-version-stands',
    says: 'After the faults every message stands in its newest version, or was told in the summary of late ones.',
    watch: () => {
      const wanted = new Map<string, number>();
      const standing = new Map<string, number>();
      return {
        queued: ({ row: { channel, key, seq } }) => {
          const id = `${channel} ${key}`;
          wanted.set(id, Math.max(seq, wanted.get(id) ?? 0));
          return null;
        },
        said: ({ channel, key, seq }) => {
          standing.set(`${channel} ${key}`, seq);
          return null;
        },
        folded: ({ row: { channel, key, seq } }) => {
          standing.set(`${channel} ${key}`, seq);
          return null;
        },
        quiet: () => {
          const old = [...wanted].filter(([id, seq]) => standing.get(id) !== seq).map(([id]) => id);
          return old.length === 0 ? null : `old or missing: ${old.slice(0, 5).join(', ')}`;
        },
      };
    },
  },
  {
    name: 'pages-end',
    says: 'A page is resolved, or what it says is still true.',
    watch: () => {
      const open = new Set<string>();
      return {
        paged: ({ event }) => {
          if (event.kind === 'change') return null;
          if (event.kind === 'trigger') open.add(event.dedupKey);
          else if (event.kind === 'resolve') open.delete(event.dedupKey);
          return null;
        },
        quiet: ({ fleets }) => {
          const isTrue = (key: string): boolean =>
            fleets.some(({ name, alertFiring }) => alertFiring && key.startsWith(`muster/${name}/latency/`));
          const left = [...open].filter((key) => !isTrue(key));
          return left.length === 0 ? null : `${left.join(', ')} stayed open`;
        },
      };
    },
  },
  {
    name: 'outbox-bounded',
    says: 'What waits to be said stays bounded.',
    watch: () => ({
      minute: ({ waiting }) => {
        const long = waiting.find(({ count }) => count > OUTBOX_ROWS);
        return long === undefined ? null : `${long.count} rows wait for ${long.channel}`;
      },
    }),
  },
  {
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
  },
  {
    name: 'lives-on',
    says: 'After the faults: a decision each cycle, each fleet where its decision wants it, nothing left to say.',
    watch: (truth) => ({ quiet: (event) => stuck(event, truth) }),
  },
];

/* ---- leaves ---- */

const isRaise = ({ decision }: DecisionRecord): boolean =>
  decision.kind === 'scale' && decision.to > decision.from;
const isCut = ({ decision }: DecisionRecord): boolean =>
  decision.kind === 'scale' && decision.to < decision.from;

const told = (record: DecisionRecord): string =>
  `${record.id} (${record.trigger}) ${record.decision.kind} ${origin(record.decision)} -> ${target(record.decision)} [${record.decision.reasons.map(({ code }) => code).join(' ')}]`;

const acted = (event: Of<'act'>): string =>
  'asked' in event
    ? `${event.run.name}: ${event.what} ${event.fleet} ${event.zone} to ${event.asked} (${event.before} -> ${event.after}) for ${event.decisionId}`
    : `${event.run.name}: ${event.what} ${event.nodes.join(', ')} for ${event.decisionId}`;

const words = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message).split('\n').slice(0, 4).join(' | ') : String(error);

const costOf = (placement: { workers: number }[], policy: Policy): number =>
  placement.reduce((sum, { workers }) => sum + Math.ceil(workers / policy.slotsPerNode), 0) *
  policy.nodePricePerHour;

const placedIn = (record: DecisionRecord | undefined, zone: string): number =>
  record?.decision.placement.find((one) => one.zone === zone)?.workers ?? 0;

/** Limits that may cut faster than the step and in the dark: a person's word, the ceiling, the budget. */
function lowestForced(record: DecisionRecord, truth: Truth): number {
  const policy = truth.policy(record.fleet);
  const from = origin(record.decision);
  const open = openAt(truth.overrides(record.fleet), record.at, truth.order() - 1);
  const people = open.filter(({ kind }) => kind !== 'floor').map(({ workers }) => workers);
  const paid =
    policy.budgetPerHour === null ? Infinity : mostPaid(policy, upZones(record), policy.budgetPerHour);
  return Math.min(from, policy.ceiling, paid, ...people);
}

const upZones = (record: DecisionRecord): number =>
  Math.max(1, record.seen.zones?.filter(({ up }) => up).length ?? 1);

/** The largest count, evenly over so many zones, that the budget pays for. */
function mostPaid(policy: Policy, zones: number, budgetPerHour: number): number {
  for (let workers = policy.ceiling; workers > 0; workers -= 1) {
    const each = Array.from({ length: zones }, (_, zone) => ({
      workers: Math.floor((workers + zone) / zones),
    }));
    if (costOf(each, policy) <= budgetPerHour) return workers;
  }
  return 0;
}

function beyondStep(record: DecisionRecord, truth: Truth): string | null {
  const { stepUp, stepDown, workersPerAllocation, floor } = truth.policy(record.fleet);
  const from = origin(record.decision);
  const to = target(record.decision);
  const open = openAt(truth.overrides(record.fleet), record.at, truth.order() - 1);
  if (open.some(({ kind }) => kind === 'pin')) return null;
  // Whole allocations may round a step up by less than one of them.
  const round = workersPerAllocation - 1;
  const most = (step: number): number => Math.max(step, workersPerAllocation) + round;
  if (isRaise(record) && stepUp !== null && to - from > most(stepUp))
    return `${told(record)}, the step is ${stepUp}`;
  const { ceiling } = truth.policy(record.fleet);
  const paid = lowestForced(record, truth);
  if (isCut(record) && stepDown !== null && from - to > most(stepDown) && to !== ceiling && to > paid)
    return `${told(record)}, the step is ${stepDown}, the floor ${floor}`;
  return null;
}

/** A number counts as known while what it says is not older than the policy allows, and a minute for the job itself. */
function darkWatch(truth: Truth): Watch {
  const lit = new Map<string, Millis>();
  return {
    reading: ({ fleet, what, of }) => {
      if (of !== null) lit.set(`${fleet} ${what}`, of);
      return null;
    },
    decision: ({ record }) => {
      if (!isCut(record)) return null;
      const policy = truth.policy(record.fleet);
      const patience = policy.staleSeconds * 1_000 + MINUTE;
      const dark = ['demand', 'latency'].find((what) => {
        const last = lit.get(`${record.fleet} ${what}`) ?? -Infinity;
        return record.at - last > patience;
      });
      if (dark === undefined || target(record.decision) >= lowestForced(record, truth)) return null;
      const last = lit.get(`${record.fleet} ${dark}`);
      const ago = last === undefined ? 'for ever' : `for ${Math.round((record.at - last) / 1_000)} s`;
      return `${told(record)}, the ${dark} was dark ${ago}`;
    },
  };
}

function gapWatch(truth: Truth): Watch {
  const last = new Map<string, Millis>();
  return {
    decision: ({ record }) => {
      if (record.trigger === 'cycle') last.set(record.fleet, record.at);
      return null;
    },
    minute: () => {
      for (const fleet of truth.fleets()) {
        const since = Math.max(last.get(fleet) ?? truth.start, truth.storeHealthySince());
        const gap = truth.now() - since;
        if (gap > 2 * cycleMs(truth.policy(fleet)) + GRACE_MS)
          return `${fleet}: no decision for ${Math.round(gap / MINUTE)} minutes`;
      }
      return null;
    },
  };
}

function notAbsolute(event: Of<'act'>, truth: Truth): string | null {
  if (event.what !== 'scale') return null;
  const per = truth.policy(event.fleet).workersPerAllocation;
  const placed = Math.ceil(placedIn(truth.decision(event.decisionId)?.value, event.zone) / per) * per;
  const { before, after, asked } = event;
  const within = after >= Math.min(before, asked) && after <= Math.max(before, Math.ceil(asked / per) * per);
  if (!within) return `${acted(event)} passed what it asked for`;
  return asked === placed || (asked < placed && asked > before)
    ? null
    : `${acted(event)}, but the decision placed ${placed} there`;
}

function expiredOverride(record: DecisionRecord, truth: Truth): string | null {
  const used = [
    record.seen.override?.id,
    ...record.decision.reasons.map((reason) =>
      'id' in reason && reason.code !== 'frozen' ? reason.id : undefined,
    ),
  ].filter((id) => id !== undefined);
  for (const id of used) {
    const known = truth.overrides(record.fleet).find(({ value }) => value.id === id);
    if (known === undefined) return `${told(record)} obeys the override ${id}, which nobody typed`;
    if (record.at > known.value.until + MINUTE)
      return `${told(record)} obeys ${id} ${Math.round((record.at - known.value.until) / 1_000)} s after its end`;
    if (known.ended !== null) return `${told(record)} obeys ${id}, which had been ended`;
  }
  return null;
}

function stuck({ fleets, waiting, quietSince }: Of<'quiet'>, truth: Truth): string | null {
  const wrong: string[] = [];
  for (const { name, status, wantedSince, wanted, standing, lastCycle } of fleets) {
    const policy = truth.policy(name);
    if (lastCycle === null || truth.now() - lastCycle > cycleMs(policy) + GRACE_MS)
      wrong.push(`${name}: the newest cycle is undecided`);
    if (wanted === null || policy.mode === 'advise') continue;
    // The guard may have asked for more just now.
    if (wantedSince !== null && truth.now() - wantedSince < UNDER_WAY_MS) continue;
    if (status !== null && status !== 'ready') wrong.push(`${name}: its desired state is ${status}`);
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
