import type { AlertState } from '../core/incident.js';
import type { Memory } from '../core/memory.js';
import {
  type DecisionRecord,
  type DecisionStatus,
  type DecisionSummary,
  type DesiredState,
  type Freeze,
  type Override,
  type Sample,
  summarize,
} from '../core/model.js';
import { CLOCK_TOLERANCE_MS } from '../core/policy.js';
import { RETENTION } from '../core/retention.js';
import type { Committed, Lease, Store } from '../ports.js';
import { frozen, kept } from './kept.js';
import { createMemoryAudit } from './memory-audit.js';
import { MemoryMachines } from './memory-machines.js';
import { MemoryOutbox } from './memory-outbox.js';

/** What the store knows of one fleet. */
interface Fleet {
  memory: Memory | null;
  desired: DesiredState | null;
  override: Override | null;
  freezes: Map<string, Freeze>;
  alert: AlertState | null;
  version: number;
  samples: Sample[];
  records: Map<string, DecisionRecord>;
  summaries: DecisionSummary[];
  cycles: Set<number>;
  /** The newest of them. */
  lastCycle: number | null;
  fence: number;
  lease: { fence: number; until: number } | null;
}

/**
 * The Store in memory: the simulator's and the tests' twin of the Redis store; one contract suite holds them equal.
 * `machine` is the clock of leases and `once` (machine milliseconds): a simulation passes its own.
 */
export function createMemoryStore(machine: { now(): number }): Store {
  const fleets = new Map<string, Fleet>();
  const everywhere = { freezes: new Map<string, Freeze>(), version: 0 };
  const audit = createMemoryAudit();
  const outbox = new MemoryOutbox();
  const machines = new MemoryMachines();
  const seen = new Map<string, number>();
  /** When the first of them ends, or earlier. */
  let forgetAt = Infinity;

  const of = (name: string): Fleet => {
    const known = fleets.get(name);
    if (known) return known;
    const made = newFleet();
    fleets.set(name, made);
    return made;
  };
  const scope = (name: string) => (name === '*' ? everywhere : of(name));
  const version = (fleet: Fleet): number => fleet.version + everywhere.version;

  return {
    async fleet(name) {
      const fleet = of(name);
      return {
        memory: fleet.memory,
        desired: fleet.desired,
        override: fleet.override,
        freezes: [...fleet.freezes.values(), ...everywhere.freezes.values()],
        latest: fleet.summaries.at(-1) ?? null,
        lastCycle: fleet.lastCycle,
        version: version(fleet),
        holds: machines.holds(name),
      };
    },
    async samples(name, from, to) {
      return of(name).samples.filter(({ at }) => at >= from && at <= to);
    },
    async decision(name, id) {
      return of(name).records.get(id) ?? null;
    },
    async decisions(name, limit) {
      return limit < 1 ? [] : of(name).summaries.slice(-limit).reverse();
    },
    async alert(name) {
      return of(name).alert;
    },
    async audit(limit) {
      return limit < 1 ? [] : audit.newest(limit);
    },
    async verifyAudit() {
      return audit.verify();
    },
    async ping() {},

    async keepSample(name, sample, memory, expectRev) {
      const fleet = of(name);
      const newest = fleet.samples.at(-1);
      if (newest && newest.at >= sample.at) return 'duplicate';
      if ((fleet.memory?.rev ?? 0) !== expectRev) return 'conflict';
      fleet.memory = frozen(memory);
      fleet.samples.push(kept(sample));
      const first = fleet.samples.findIndex(({ at }) => at > sample.at - RETENTION.samplesMs);
      if (first > 0) fleet.samples = fleet.samples.slice(first);
      return 'stored';
    },
    async commitDecision(commit) {
      const { record, desired } = commit;
      const fleet = of(record.fleet);
      if (fleet.records.has(record.id)) return 'duplicate';
      if (record.trigger === 'cycle' && fleet.cycles.has(record.cycle)) return 'duplicate';
      if ((fleet.memory?.rev ?? 0) !== commit.expectRev) return 'conflict';
      if (version(fleet) !== commit.expectVersion) return 'conflict';
      fleet.memory = frozen(commit.memory);
      if (desired) replaceDesired(fleet, kept(desired));
      keepRecord(fleet, frozen({ ...record }));
      audit.append(commit.audit);
      outbox.push(kept(commit.outbox), kept(commit.pager));
      return 'stored';
    },
    async progress(lease, change) {
      const fleet = of(lease.fleet);
      if (fleet.fence !== lease.fence) return 'conflict';
      if (fleet.desired?.decisionId !== change.desired.decisionId) return 'conflict';
      fleet.desired = kept(change.desired);
      setStatus(fleet, change.desired.decisionId, change.status);
      if (change.audit) audit.append(change.audit);
      outbox.push(kept(change.outbox), kept(change.pager));
      return 'stored';
    },

    async lease(name, holder, ttlMs) {
      const fleet = of(name);
      if (fleet.lease && fleet.lease.until > machine.now()) return null;
      fleet.fence += 1;
      fleet.lease = { fence: fleet.fence, until: machine.now() + ttlMs };
      return { fleet: name, holder, fence: fleet.fence };
    },
    async renew(lease, ttlMs) {
      const fleet = of(lease.fleet);
      if (!holds(fleet, lease, machine.now())) return false;
      fleet.lease = { fence: lease.fence, until: machine.now() + ttlMs };
      return true;
    },
    async release(lease) {
      const fleet = of(lease.fleet);
      if (holds(fleet, lease, machine.now())) fleet.lease = null;
    },

    async setOverride(override, entry, rows, pager, expectVersion) {
      const fleet = of(override.fleet);
      if (fleet.override?.id === override.id) return 'duplicate';
      if (expectVersion !== undefined && version(fleet) !== expectVersion) return 'conflict';
      fleet.override = kept(override);
      fleet.version += 1;
      audit.append(entry);
      outbox.push(kept(rows), kept(pager));
      return 'stored';
    },
    async endOverride(name, id, entry, rows, pager) {
      const fleet = of(name);
      if (fleet.override === null) return 'duplicate';
      if (fleet.override.id !== id) return 'conflict';
      fleet.override = null;
      fleet.version += 1;
      audit.append(entry);
      outbox.push(kept(rows), kept(pager));
      return 'stored';
    },
    async setFreeze(freeze, entry, rows, pager, replaces) {
      const place = scope(freeze.fleet);
      if (place.freezes.has(freeze.id)) return 'duplicate';
      if (replaces !== undefined && !place.freezes.delete(replaces)) return 'conflict';
      place.freezes.set(freeze.id, kept(freeze));
      place.version += 1;
      audit.append(entry);
      outbox.push(kept(rows), kept(pager));
      return 'stored';
    },
    async endFreeze(name, id, entry, rows, pager) {
      const place = scope(name);
      if (!place.freezes.delete(id)) return 'duplicate';
      place.version += 1;
      audit.append(entry);
      outbox.push(kept(rows), kept(pager));
      return 'stored';
    },
    async setAlert(name, state, expectRev, rows, pager): Promise<Committed> {
      const fleet = of(name);
      if ((fleet.alert?.rev ?? 0) !== expectRev) return 'conflict';
      fleet.alert = frozen(state);
      outbox.push(kept(rows), kept(pager));
      return 'stored';
    },
    async machine(kind, id) {
      return machines.get(kind, id);
    },
    async machines(kind) {
      return machines.all(kind);
    },
    async saveMachine(machineState, { lease, audit: entry, outbox: rows, pager }): Promise<Committed> {
      if (lease !== undefined && of(machineState.fleet).fence !== lease.fence) return 'conflict';
      if (!machines.save(kept(machineState))) return 'conflict';
      if (entry !== undefined) audit.append(entry);
      outbox.push(kept(rows), kept(pager));
      return 'stored';
    },
    async appendAudit(entry) {
      audit.append(entry);
    },
    async once(id, ttlMs) {
      const now = machine.now();
      if (now >= forgetAt) {
        for (const [old, until] of seen) if (until <= now) seen.delete(old);
        forgetAt = Math.min(Infinity, ...seen.values());
      }
      if (seen.has(id)) return false;
      seen.set(id, now + ttlMs);
      forgetAt = Math.min(forgetAt, now + ttlMs);
      return true;
    },
    async wasOnce(id) {
      return (seen.get(id) ?? Number.NEGATIVE_INFINITY) > machine.now();
    },
    async undoOnce(id) {
      seen.delete(id);
    },
    async push(rows, pager) {
      outbox.push(kept(rows), kept(pager));
    },
    async waiting() {
      return outbox.waiting();
    },
    async peek(channel) {
      return outbox.peek(channel);
    },
    async backlog(channel, from, limit) {
      return outbox.backlog(channel, from, limit);
    },
    async fold(channel, rows) {
      outbox.fold(channel, rows);
    },
    async sent(row, ref, threadPosted) {
      outbox.sent(row, kept(ref), threadPosted);
    },
    async posted(channel, key) {
      return outbox.posted(channel, key);
    },
    async peekPager() {
      return outbox.peekPager();
    },
    async sentPager(event) {
      outbox.sentPager(event);
    },
  };
}

const newFleet = (): Fleet => ({
  memory: null,
  desired: null,
  override: null,
  freezes: new Map(),
  alert: null,
  version: 0,
  samples: [],
  records: new Map(),
  summaries: [],
  cycles: new Set(),
  lastCycle: null,
  fence: 0,
  lease: null,
});

const holds = (fleet: Fleet, lease: Lease, now: number): boolean =>
  fleet.lease !== null && fleet.lease.fence === lease.fence && fleet.lease.until > now;

/** A newer desired state ends the unfinished one before it. */
function replaceDesired(fleet: Fleet, desired: DesiredState): void {
  const before = fleet.desired;
  if (before && (before.status === 'planned' || before.status === 'applying'))
    setStatus(fleet, before.decisionId, 'superseded');
  fleet.desired = desired;
  fleet.version += 1;
}

function setStatus(fleet: Fleet, id: string, status: DecisionStatus): void {
  const record = fleet.records.get(id);
  if (record) fleet.records.set(id, frozen({ ...record, status }));
  const place = fleet.summaries.findLastIndex((candidate) => candidate.id === id);
  const summary = fleet.summaries[place];
  if (summary) fleet.summaries[place] = frozen({ ...summary, status });
}

function keepRecord(fleet: Fleet, record: DecisionRecord): void {
  fleet.records.set(record.id, record);
  if (record.trigger === 'cycle') {
    // A clock that ran ahead once must not keep the cycles until then from being decided.
    for (const cycle of fleet.cycles) if (cycle > record.at + CLOCK_TOLERANCE_MS) fleet.cycles.delete(cycle);
    fleet.cycles.add(record.cycle);
  }
  const oldest = fleet.records.keys().next().value;
  if (fleet.records.size > RETENTION.records && oldest !== undefined) fleet.records.delete(oldest);
  const first = fleet.cycles.values().next().value;
  if (fleet.cycles.size > RETENTION.cycles && first !== undefined) fleet.cycles.delete(first);
  fleet.lastCycle = fleet.cycles.size === 0 ? null : Math.max(...fleet.cycles);
  fleet.summaries.push(frozen(summarize(record)));
  const kept = fleet.summaries.findIndex(({ at }) => at > record.at - RETENTION.summariesMs);
  if (kept > 0) fleet.summaries = fleet.summaries.slice(kept);
}
