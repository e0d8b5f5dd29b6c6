/**
 * The outside world as a page of small interfaces. Readers and actors are apart: commands get readers, Store and Queue
 * only; jobs get actors through perform.ts. Every method may throw an OutsideError and nothing else.
 */

import type { Contact } from './core/access.js';
import type { ChartSpec } from './core/chart.js';
import type { SlotHealth } from './core/health/state.js';
import type { AlertState } from './core/incident.js';
import type { Memory } from './core/memory.js';
import type { OutboxRow, PagerEvent } from './core/message.js';
import type {
  Blocked,
  Canaries,
  DecisionRecord,
  DecisionStatus,
  DecisionSummary,
  DesiredState,
  Freeze,
  Millis,
  NodeSeen,
  Override,
  Person,
  Sample,
  ZoneSeen,
} from './core/model.js';
import type { FleetImages, PrepullSeen } from './core/rollout/images.js';
import type { Duty, PagerPerson } from './core/rota.js';

export interface Clock {
  /** Now, Muster clock. */
  now(): Millis;
  /** Muster milliseconds per machine millisecond; 1 in production. */
  readonly speed: number;
  /** Muster time; ends early when the signal aborts. */
  sleep(ms: Millis, signal?: AbortSignal): Promise<void>;
}

/* ---- orchestrator ---- */

/** Opaque outside the adapter that `kind` names; the configuration's schema makes it. */
export type OrchestratorTarget =
  | {
      kind: 'nomad';
      targets: { zone: string; job: string; group: string }[];
      workersPerAllocation: number;
      slotsPerNode: number;
    }
  | {
      kind: 'kubernetes';
      targets: { zone: string; deployment: string; namespace: string }[];
      workersPerAllocation: number;
      slotsPerNode: number;
    };

/** One worker as the orchestrator places it: a Nomad allocation, which may hold several of a fleet's workers. */
export interface WorkerSeen {
  /** The orchestrator's id. */
  id: string;
  zone: string;
  nodeId: string;
  state: 'ready' | 'starting' | 'draining';
  /** How many workers it holds. */
  workers: number;
}

/** Where a worker (an allocation, say) can be asked for its health. */
export interface WorkerAddress extends Pick<WorkerSeen, 'id' | 'zone' | 'nodeId' | 'workers'> {
  /** null: the orchestrator does not say, or not yet. */
  host: string | null;
  /** The number of its port of that label; null: it has none. */
  port: number | null;
}

/** Finds workers for those who want to speak to them. */
export interface WorkerAddresses {
  /** Those that are ready, zone by zone. `label` names the port; null: nobody wants to know where they listen. */
  addresses(target: OrchestratorTarget, label: string | null): Promise<WorkerAddress[]>;
}

/** Reads what workers leave beside themselves. */
export interface WorkerFiles {
  /**
   * The text of a JSON object in a file of the worker's own directory. Throws an OutsideError when there is none, when it is
   * larger or when it takes longer, machine time.
   */
  object(workerId: string, path: string, most: { bytes: number; timeoutMs: number }): Promise<string>;
}

/** Where and how a fleet's workers are asked how they are. */
export type HealthSource = HealthLimits &
  (
    | {
        kind: 'http';
        /** '{address}', '{port}' and '{worker}' (the orchestrator's id) are filled in. */
        url: string;
        /** Label of the port in the job. */
        port: string;
        /** The workers of one allocation answer each at a port of their own: the first at `port`, the next at the number after. */
        portPerWorker: boolean;
      }
    | {
        kind: 'file';
        /** In the worker's own directory; it says itself when it was written. */
        path: string;
        /** What was written longer ago is no answer, Muster time. */
        staleSeconds: number;
      }
  );

export interface HealthLimits {
  /** For one answer, machine time. */
  timeoutSeconds: number;
  /** How long a worker may hold work without finishing any: so many times the 95th percentile of the service time … */
  stuckAfter: number;
  /** … and so long at the least, seconds. */
  stuckLeastSeconds: number;
}

export interface WorkerHealth {
  /**
   * Asks all of them, and gives one answer a worker, in their order: its slots (null: unknown), or null when nothing usable came. Never
   * throws, and takes at most two timeouts in all, however many there are: who was not heard by then is null.
   */
  ask(source: HealthSource, workers: WorkerAddress[]): Promise<((SlotHealth | null)[] | null)[]>;
}

export interface OrchestratorReader {
  /** Every zone of the target, in workers. `since` bounds what counts as starting. */
  zones(target: OrchestratorTarget): Promise<ZoneSeen[]>;
  nodes(target: OrchestratorTarget): Promise<NodeSeen[]>;
  /** What is placed now and holds its node, zone by zone, oldest first. */
  workers(target: OrchestratorTarget): Promise<WorkerSeen[]>;
  /** Would `workers` fit in the zone now? `fits` is the largest count up to `workers` that does. */
  plan(
    target: OrchestratorTarget,
    zone: string,
    workers: number,
  ): Promise<{ fits: number; lacks: string | null; how: 'plan' | 'counted' }>;
}

export type ScaleResult =
  | { kind: 'done' /** In workers, after rounding up to whole allocations. */; workers: number }
  | { kind: 'blocked'; by: Blocked };

/** 'superseded': it is not the newest of the zone's job. */
export type PromoteResult =
  | { kind: 'done' }
  | { kind: 'superseded' }
  | { kind: 'unhealthy'; canaries: Canaries };

/** 'changed': somebody changed the job since. 'forgotten': that version is not kept. 'rollout': Muster's own holds the zone. */
export type RevertResult = { kind: 'done' | 'changed' | 'forgotten' | 'rollout' };

export interface OrchestratorActor {
  /** Absolute: the zone shall hold `workers`. Looks for a blocking deployment first; never scales past what fits. */
  scale(
    target: OrchestratorTarget,
    zone: string,
    workers: number,
    why: { decisionId: string; message: string },
  ): Promise<ScaleResult>;
  /** Take no new work and let work leave by the deadline. Repeating it is harmless. */
  drain(
    target: OrchestratorTarget,
    nodeId: string,
    why: { decisionId: string; deadlineSeconds: number },
  ): Promise<void>;
  /** Take no new work; what runs there stays. One that is gone is no error. */
  cordon(target: OrchestratorTarget, nodeId: string): Promise<void>;
  /** Take work again; a drain under way is called off. One that is gone is no error. */
  uncordon(target: OrchestratorTarget, nodeId: string): Promise<void>;
  /** The orchestrator puts another in its place; the count stays. One that is gone already is no error. */
  stopWorker(target: OrchestratorTarget, workerId: string): Promise<void>;
  /** Ends a deployment that holds the zone, as failed. One that is over already is no error; another job's is refused. */
  failDeployment(target: OrchestratorTarget, zone: string, deploymentId: string): Promise<void>;
  /** A deployment whose canaries are all healthy goes on to every worker. One that is promoted or over is no error. */
  promote(target: OrchestratorTarget, zone: string, deploymentId: string): Promise<PromoteResult>;
  /**
   * The zone's job shall run what its version `to` ran, which was proven then: no canaries first. Its count stays. Where it
   * does not run it yet, it must run what version `from` ran (null: anything).
   */
  revert(
    target: OrchestratorTarget,
    zone: string,
    versions: { from: number | null; to: number },
  ): Promise<RevertResult>;
}

/* ---- rollouts ---- */

export interface RolloutReader {
  images(target: OrchestratorTarget): Promise<FleetImages>;
  /** Nodes where the pre-pull of this image has begun; empty when it was never asked for. */
  prepulled(target: OrchestratorTarget, image: string): Promise<PrepullSeen[]>;
  /** The newest image other than `but` of which the orchestrator remembers that it was healthy. */
  lastHealthy(target: OrchestratorTarget, but: string): Promise<string | null>;
  /** The last lines that a worker wrote; null when there are none or they may not be read. */
  logTail(target: OrchestratorTarget, workerId: string, lines: number): Promise<string | null>;
}

export interface RolloutActor {
  /** Every node of the target shall hold the image ready. Repeating it is harmless. */
  prepull(target: OrchestratorTarget, image: string, why: { rolloutId: string }): Promise<void>;
  endPrepull(target: OrchestratorTarget): Promise<void>;
  /**
   * The workers of one node shall come up again with the image; at most `most` of them are told to stop by this call, one
   * at the least when the zone is not held yet. The zone is held by the rollout from then on; counts are preserved. A
   * repeat goes on where the last one stopped.
   */
  update(
    target: OrchestratorTarget,
    zone: string,
    nodeId: string,
    image: string,
    why: { rolloutId: string; most: number },
  ): Promise<
    { kind: 'done' /** Workers told to stop. */; replaced: number } | { kind: 'blocked'; by: Blocked }
  >;
  /** Workers that a held zone lacks are placed, as far as there is room; none when the new ones are not well. */
  refill(target: OrchestratorTarget, zone: string): Promise<void>;
  /**
   * Lets go of a zone whose workers are all of one image, and gives back what holding it had changed: a step a call, to be
   * repeated until the zone is not held any more.
   */
  release(target: OrchestratorTarget, zone: string): Promise<void>;
}

/* ---- node groups ---- */

export type NodeGroupTarget =
  | { kind: 'fixed' }
  | { kind: 'gce-mig'; groups: { zone: string; project: string; gceZone: string; group: string }[] };

export interface GroupSeen {
  zone: string;
  /** What the cloud was asked for; null for kind fixed. */
  size: number | null;
  instances: { name: string; status: 'running' | 'starting' | 'leaving' | 'failed' }[];
  /** The cloud's own words when it cannot deliver (quota, no capacity). */
  problem: string | null;
}

export interface NodeGroupsReader {
  list(target: NodeGroupTarget): Promise<GroupSeen[]>;
}

export interface NodeGroupsActor {
  /** Absolute size, growing only: a smaller size than now is refused. */
  grow(target: NodeGroupTarget, zone: string, size: number, why: { decisionId: string }): Promise<void>;
  /** Exactly these instances, by name; one that is gone already is no error. */
  remove(target: NodeGroupTarget, zone: string, names: string[], why: { decisionId: string }): Promise<void>;
}

/* ---- metrics ---- */

export type DemandSource =
  | { kind: 'rabbitmq'; vhost: string; queue: string; deadLetterQueue?: string }
  | { kind: 'prometheus'; rate: string; backlog?: string; oldestAge?: string };
export type LatencySource = { kind: 'prometheus'; p95: string };
export type SaturationSource = { kind: 'prometheus'; query: string };

/** Unknown is null. `at` is when the source measured, Muster clock; null when it does not say. */
export interface DemandSeen {
  at: Millis | null;
  requestsPerSecond: number | null;
  backlog: number | null;
  oldestAgeSeconds: number | null;
  consumers: number | null;
}

export interface DemandReader {
  demand(source: DemandSource): Promise<DemandSeen>;
}
/** Messages that nobody could deal with. */
export interface DeadLetters {
  /** null: the source names no dead-letter queue. */
  count(source: DemandSource): Promise<number | null>;
  /** Moves up to `most` back to where they came from; gives how many. At least once: one may come twice, none is lost. */
  requeue(source: DemandSource, most: number): Promise<number>;
}
export interface GaugeReader {
  /** The newest value of a query; null when the source has no data. */
  gauge(query: string): Promise<{ at: Millis; value: number } | null>;
}

/* ---- pager ---- */

export interface Pager {
  /** Idempotent by the event's key. */
  send(event: PagerEvent, routingKey: string | null): Promise<void>;
}

/** The pager's rota. */
export interface Rota {
  /** Every turn that touches the time; null: the fleet names no escalation policy. */
  duties(fleet: string, from: Millis, to: Millis): Promise<Duty[] | null>;
}

export interface IncidentSeen {
  /** The pager's own id. */
  id: string;
  /** The dedup key of the alert it was opened for; null when somebody opened it by hand. */
  key: string | null;
  status: 'triggered' | 'acknowledged' | 'resolved';
  title: string;
  /** Its page, for people. */
  url: string | null;
}

/** What the pager knows of incidents and people, and what may be done to an incident there. */
export interface Incidents {
  /** By the pager's id; null when there is none. */
  get(id: string): Promise<IncidentSeen | null>;
  /** The open one of this dedup key. */
  byKey(dedupKey: string): Promise<IncidentSeen | null>;
  /** In the name of this address; 'unknown-person': the pager knows no such person, and nothing was done. One that is there already is 'done'. */
  move(id: string, to: 'acknowledged' | 'resolved', email: string | null): Promise<'done' | 'unknown-person'>;
  note(id: string, text: string): Promise<void>;
  /** Whether the incident has a note of exactly these words. */
  hasNote(id: string, text: string): Promise<boolean>;
  person(id: string): Promise<PagerPerson | null>;
  personByEmail(email: string): Promise<PagerPerson | null>;
}

/* ---- hooks ---- */

/** A request by which a peer tells the bot something over HTTP, apart from the server that takes it. */
export interface Hook {
  peer: string;
  path: string;
  mostBytes: number;
  /** `body` is null when it is larger. Gives the answer's status and body; a throw is answered so that the peer comes again. */
  take(
    headers: Record<string, string | string[] | undefined>,
    body: Buffer | null,
  ): Promise<[status: number, body: object]>;
}

/* ---- chat ---- */

export interface ChatRef {
  channel: string;
  ts: string;
}

export interface Chat {
  post(row: OutboxRow): Promise<ChatRef>;
  update(ref: ChatRef, row: OutboxRow): Promise<void>;
  reply(ref: ChatRef, row: OutboxRow, index: number): Promise<ChatRef>;
  /** The message of this row's key that an earlier, unanswered post left behind, if any. */
  find(row: OutboxRow): Promise<ChatRef | null>;
  /** The message's address, for people; null when there is none. */
  permalink?(ref: ChatRef): Promise<string | null>;
}

/* ---- charts ---- */

export interface Charts {
  /** The picture as PNG, the same on every machine. */
  png(chart: ChartSpec): Promise<Uint8Array>;
}

/* ---- people ---- */

/** Who is on call right now, from the pager's rota. */
export interface OnCall {
  /** For the service of this fleet; null: for all. Empty: nobody. */
  now(fleet: string | null): Promise<Contact[]>;
}

/** The chat's own knowledge of people. */
export interface Directory {
  /** Members of these user groups by handle, as user ids; a handle that does not exist has none. */
  groups(handles: string[]): Promise<Record<string, string[]>>;
  /** A person by user id; the id stands for the name when it is not known. */
  contactOf(userId: string): Promise<Contact>;
  /** Whose address this is; null: nobody who may use the bot. */
  byEmail(email: string): Promise<Person | null>;
}

/* ---- checks ---- */

export interface CheckResult {
  /** 'Slack: token', 'Redis: persistence' … */
  what: string;
  ok: boolean;
  /** What was found, in words; it never holds a secret. */
  detail: string;
  /** What to do about it, when something is to be done. */
  fix?: string;
  /** Muster works without it, only less well. */
  optional?: boolean;
}

/** What `doctor` looks at outside. Never throws: a peer that does not answer is a result. */
export interface Checks {
  run(): Promise<CheckResult[]>;
}

/* ---- store ---- */

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

export interface AuditEntry {
  at: Millis;
  by: Person;
  /** 'decision', 'override', 'freeze', 'scale' … */
  action: string;
  fleet: string | null;
  /** The raw text somebody typed, when there is one. */
  said?: string;
  ids?: Record<string, string>;
  detail?: Record<string, unknown>;
}

export interface StoredAudit extends AuditEntry {
  seq: number;
  hash: string;
  previous: string;
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
  audit(limit: number): Promise<StoredAudit[]>;
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
  peekPager(): Promise<PagerEvent | null>;
  sentPager(event: PagerEvent): Promise<void>;
}

/* ---- queue ---- */

export interface Queue {
  /**
   * `dedupe`: at most one waiting and one active job of this kind and id; the newest data wins. `delayMs` is Muster
   * time; of several delayed runs of one id the earliest stays, and it keeps nobody from a run before it.
   * Resolves when stored; throws an OutsideError('redis') within a second when it cannot be.
   */
  enqueue(job: string, data: unknown, options?: { dedupe?: string; delayMs?: Millis }): Promise<void>;
}

/** A standing order: one run of `job` at each slot, a UTC multiple of `everyMs` plus `offsetMs` on the Muster clock. */
export interface Schedule {
  /** Unique; no ':'. */
  id: string;
  job: string;
  everyMs: Millis;
  offsetMs: Millis;
  data: unknown;
  /** As of `enqueue`; the schedule's id when absent. null: a slot's run waits for no other one, alive or killed. */
  dedupe?: string | null;
}

export interface JobHandler {
  /** Machine time; then `signal` aborts and the run fails. */
  deadlineMs: number;
  /** Runs that may fail before the job is given up; 3 when absent. A crash of the process is none. */
  attempts?: number;
  /** How many of this kind run at once in one process. */
  concurrency?: number;
  /** `slot`: the nominal Muster time of a scheduled run, whenever it got to run; null for others. */
  run(data: unknown, context: RunContext): Promise<void>;
}

export interface RunContext {
  /** Aborts at the deadline. */
  signal: AbortSignal;
  /** Aborts when little more than a third of the time is left: whoever still waits for a peer goes on without it. */
  soon?: AbortSignal;
  slot: Millis | null;
}

/** Jobs and their schedules, shared by all replicas. Every run may happen again, after a crash say. */
export interface JobRunner {
  queue: Queue;
  /** Makes these the only schedules of this process; what no replica has asked for lately ends. Any number may do the same. */
  schedule(all: Schedule[]): Promise<void>;
  /** Begins to run jobs of these kinds. */
  work(handlers: Record<string, JobHandler>, options: { concurrency: number }): Promise<void>;
  /** Lets running jobs finish for some seconds, then aborts them. Never hangs. */
  close(): Promise<void>;
}

export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/* ---- measures ---- */

export interface FleetGauges {
  desired: number;
  ready: number | null;
  /** Of the ready ones, those that say themselves that they do not serve, or are stuck. */
  notServing: number | null;
  starting: number | null;
  need: number | null;
  forecast: number | null;
  demand: number | null;
  costPerHour: number;
}

/** The bot's own measures; /metrics shows them. */
export interface Meter {
  decided(fleet: string, kind: 'scale' | 'hold', trigger: string, seconds: number, at: Millis): void;
  /** Gauges of one fleet; an absent one keeps its value, null is unknown (NaN). */
  fleet(fleet: string, values: Partial<FleetGauges>): void;
  peerFailed(peer: string, why: string): void;
  outbox(channel: string, waiting: number): void;
  job(name: string, outcome: 'done' | 'failed' | 'late', seconds: number): void;
}
