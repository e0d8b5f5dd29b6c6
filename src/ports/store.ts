/** What Muster remembers. */
import type { AuditEntry, AuditLine } from '../core/audit.js';
import type { AlertState } from '../core/incident.js';
import type { Memory } from '../core/memory.js';
import type { OutboxRow, PagerEvent } from '../core/message.js';
import type {
  DecisionRecord,
  DecisionStatus,
  DecisionSummary,
  DesiredState,
  Freeze,
  Millis,
  Override,
  Sample,
} from '../core/model.js';
import type { ChatRef } from './chat.js';

export type { AuditEntry, AuditLine };

/** All that an evaluation needs, in one round trip. */
export interface FleetState {
  memory: Memory | null;
  desired: DesiredState | null;
  override: Override | null;
  /** Fleet and global, open or not: the caller asks for those open at now. */
  freezes: Freeze[];
  latest: DecisionSummary | null;
  /** Nominal start of the newest cycle that has a decision of trigger 'cycle'. */
  lastCycle: Millis | null;
  /** Grows with each change of intent (override, freeze) or desired state. */
  version: number;
  /** What the fleet's open machines hold: while there is any, nothing is cut. */
  holds: Hold[];
}

/** An open rollout or maintenance forbids cuts and may ask for workers on top of the need. */
export interface Hold {
  kind: string;
  id: string;
  /** Workers that it takes out of service meanwhile; they are asked for on top. */
  surge: number;
}

export type Committed = 'stored' | 'duplicate' | 'conflict';

export interface Lease {
  fleet: string;
  holder: string;
  /** Grows with each holder; each write under the lease carries it. */
  fence: number;
}

/**
 * Something that goes on for a while and outlives crashes: a rollout, a node's maintenance, a proposal. `state` is the
 * kind's own, plain JSON; `rev` is the compare-and-set number (0: not stored yet).
 */
export interface StoredMachine<S = unknown> {
  v: 1;
  kind: string;
  id: string;
  fleet: string;
  rev: number;
  /** False when it is finished: only the newest finished ones are kept. */
  open: boolean;
  /** Of the last change. */
  at: Millis;
  /** While it is open: the fleet is not cut, and so many workers are asked for on top. Absent: it holds nothing. */
  holds?: { surge: number };
  state: S;
}

export interface StoreReader {
  fleet(fleet: string): Promise<FleetState>;
  samples(fleet: string, from: Millis, to: Millis): Promise<Sample[]>;
  decision(fleet: string, id: string): Promise<DecisionRecord | null>;
  /** Newest first. */
  decisions(fleet: string, limit: number): Promise<DecisionSummary[]>;
  alert(fleet: string): Promise<AlertState | null>;
  /** Newest first. */
  machine(kind: string, id: string): Promise<StoredMachine | null>;
  /** Open and newest finished ones, newest change first. */
  machines(kind: string): Promise<StoredMachine[]>;
  /** Channels with something to send ('pagerduty' for events). */
  waiting(): Promise<{ channel: string; count: number; oldestAt: Millis }[]>;
  audit(limit: number): Promise<AuditLine[]>;
  /** Checks the hash chain from the newest checkpoint. */
  verifyAudit(): Promise<{ ok: boolean; entries: number; brokenAt: number | null }>;
  ping(): Promise<void>;
}

export interface Store extends StoreReader {
  /** Keeps the minute and the memory learnt from it; 'conflict' when memory.rev moved on, 'duplicate' when the minute is known. */
  keepSample(fleet: string, sample: Sample, memory: Memory, expectRev: number): Promise<Committed>;
  /**
   * One transaction: the decision (unique per fleet and cycle for trigger cycle; unique by id for all), memory, desired
   * state when it changes something, its audit entry, its outbox rows and pager events. 'conflict' when version or
   * memory.rev moved on.
   */
  commitDecision(commit: {
    record: DecisionRecord;
    memory: Memory;
    expectRev: number;
    expectVersion: number;
    desired: DesiredState | null;
    audit: AuditEntry;
    outbox: OutboxRow[];
    pager: PagerEvent[];
  }): Promise<Committed>;
  /** Progress of a decision, by the holder of the lease only ('conflict' when the fence is old). Also outbox rows and pager events. */
  progress(
    lease: Lease,
    change: {
      desired: DesiredState;
      status: DecisionStatus;
      audit?: AuditEntry;
      outbox: OutboxRow[];
      pager: PagerEvent[];
    },
  ): Promise<Committed>;
  /** null: somebody else holds it. The expiry runs on the machine clock. */
  lease(fleet: string, holder: string, ttlMs: number): Promise<Lease | null>;
  /** False when the lease was lost. */
  renew(lease: Lease, ttlMs: number): Promise<boolean>;
  release(lease: Lease): Promise<void>;

  /** Intent of people, with its audit entry, messages and change events in one transaction. `expectVersion` refuses a stale button. */
  setOverride(
    override: Override,
    audit: AuditEntry,
    outbox: OutboxRow[],
    pager: PagerEvent[],
    expectVersion?: number,
  ): Promise<Committed>;
  endOverride(
    fleet: string,
    id: string,
    audit: AuditEntry,
    outbox: OutboxRow[],
    pager: PagerEvent[],
  ): Promise<Committed>;
  /** `replaces`: the freeze of the same scope that this one ends, in the same transaction; 'conflict' when it has ended already. */
  setFreeze(
    freeze: Freeze,
    audit: AuditEntry,
    outbox: OutboxRow[],
    pager: PagerEvent[],
    replaces?: string,
  ): Promise<Committed>;
  endFreeze(
    fleet: string,
    id: string,
    audit: AuditEntry,
    outbox: OutboxRow[],
    pager: PagerEvent[],
  ): Promise<Committed>;
  setAlert(
    fleet: string,
    state: AlertState,
    expectRev: number,
    outbox: OutboxRow[],
    pager: PagerEvent[],
  ): Promise<Committed>;
  /**
   * One step of a machine, in one transaction with its audit entry, messages and pages. 'conflict' when the stored rev
   * is not `machine.rev`, or the lease's fence is old. Stored with rev + 1.
   */
  saveMachine(
    machine: StoredMachine,
    step: { lease?: Lease; audit?: AuditEntry; outbox: OutboxRow[]; pager: PagerEvent[] },
  ): Promise<Committed>;
  appendAudit(entry: AuditEntry): Promise<void>;

  /** True once per id within the time: the first caller only. Machine clock. */
  once(id: string, ttlMs: number): Promise<boolean>;
  /** Whether `once` was true for the id within its time; claims nothing. For what is noted only after it was done. */
  wasOnce(id: string): Promise<boolean>;
  /** What `once` let happen did surely not happen: the next caller is the first again. */
  undoOnce(id: string): Promise<void>;

  /* outbox: one list per channel */
  push(rows: OutboxRow[], pager: PagerEvent[]): Promise<void>;
  /** The next message of a channel: highest priority first, then oldest; older versions of its key are dropped. Not removed. */
  peek(channel: string): Promise<OutboxRow | null>;
  /** What waits in a channel, in the order in which it would be sent, from the n-th on; at most `limit`, without threads. */
  backlog(channel: string, from: number, limit: number): Promise<{ row: OutboxRow; wasPosted: boolean }[]>;
  /** Removes rows that a summary has told, at once; a newer version that came meanwhile stays. */
  fold(channel: string, rows: { key: string; seq: number }[]): Promise<void>;
  /** Removes what `peek` gave (and older versions of its key), remembers where it was posted. */
  sent(row: OutboxRow, ref: ChatRef, threadPosted: number): Promise<void>;
  /** Where a key was posted, and how many of its thread replies. */
  posted(channel: string, key: string): Promise<{ ref: ChatRef; seq: number; threadPosted: number } | null>;
  /** The oldest page; where none waits the oldest change event, which nobody is called for. Not removed. */
  peekPager(): Promise<PagerEvent | null>;
  sentPager(event: PagerEvent): Promise<void>;
}
