/**
 * The nouns of the whole program.
 * Times are milliseconds of the Muster clock since the Unix epoch; counts are workers unless a name says otherwise;
 * an unknown number is `null`, never 0.
 */

import type { Memory } from './memory.js';
import type { Policy } from './policy.js';
import type { Reason } from './reasons.js';

export type Millis = number;

/** One observation of a fleet. `at` ends the observed minute. */
export interface Sample {
  at: Millis;
  /** Mean arrivals per second over the 60 s before `at`. */
  requestsPerSecond: number | null;
  /** Messages waiting at `at`. */
  backlog: number | null;
  /** How long the first waiting message has waited at `at`, seconds. */
  oldestAgeSeconds: number | null;
  /** 95th percentile of response time over the 60 s before `at`, seconds. */
  p95Seconds: number | null;
  ready: number | null;
  starting: number | null;
  /** Optional voter, 0..1 (GPU utilisation, say). Absent when the fleet has no such source. */
  saturation?: number | null;
  /** Measured mean service time, seconds, when a source gives it. */
  serviceSeconds?: number | null;
}

/** Why a number is missing: the peer that did not give it and what happened. */
export interface Missing {
  what: 'demand' | 'backlog' | 'latency' | 'workers' | 'saturation';
  peer: string;
  /** Coarse class, so that messages need no parsing. */
  why: 'timeout' | 'unreachable' | 'refused' | 'error' | 'stale' | 'no-data';
}

/** A zone's count is refused by the orchestrator for now (a deployment is running, say). */
export interface Blocked {
  /**
   * 'rollout': Muster's own rollout holds the zone; it can be raised while the new workers are well, and not be cut.
   * 'bad-version': somebody's deployment failed and left good workers, which any change of the count would replace, too.
   */
  kind: 'deployment' | 'rollout' | 'bad-version' | 'frozen-by-operator' | 'owned-by-other';
  /** The peer's id of what blocks (a deployment id, a policy id). */
  id: string;
  since: Millis | null;
  detail: string;
  /** Of a deployment that somebody must promote; absent: there is nothing to promote. */
  canaries?: Canaries;
}

/** Workers of a new version that a deployment tries before it replaces any. */
export interface Canaries {
  healthy: number;
  asked: number;
}

/** One zone of a fleet as the orchestrator reports it, in workers. */
export interface ZoneSeen {
  zone: string;
  /** False when the failure domain cannot place or serve. */
  up: boolean;
  desired: number;
  ready: number;
  starting: number;
  draining: number;
  /** Asked for by a deployment that failed before it had placed them: nobody places them any more. Absent: none. */
  abandoned?: number;
  /** Of the ready ones, those that say themselves that they do not serve, or are known to be stuck; absent: none is known. */
  degraded?: number;
  blocked: Blocked | null;
  /** Its job's newest version, which somebody else deployed, does not get healthy; absent: none is known, or it is the first. */
  bad?: BadVersion;
}

export interface BadVersion extends RunsVersion {
  /** The newest earlier one that was healthy and runs something else. */
  before: RunsVersion;
}

/** A version of a zone's job; `image`: null where none is known. */
export interface RunsVersion {
  version: number;
  image: string | null;
}

export type OverrideKind = 'pin' | 'floor' | 'ceiling';

export interface Override {
  v: 1;
  id: string;
  fleet: string;
  kind: OverrideKind;
  workers: number;
  /** Who typed it (a display name and id, already escaped by no one: render with care). */
  by: Person;
  reason: string;
  at: Millis;
  until: Millis;
  /** Channels with a message of its own, which its end updates; elsewhere only the answer was seen. */
  postedIn?: string[];
}

export interface Freeze {
  v: 1;
  id: string;
  /** A fleet's name, or '*' for all. */
  fleet: string;
  /** 'all' stops every change, 'down' only cuts. */
  kind: 'all' | 'down';
  by: Person;
  reason: string;
  at: Millis;
  until: Millis;
  /** As of an override. */
  postedIn?: string[];
}

export interface Person {
  /** 'slack:U123', 'shell:root', 'muster' … */
  id: string;
  name: string;
  /** IANA zone of the reader, where known. */
  timeZone?: string;
}

export type Trigger = 'cycle' | 'guard' | 'request' | 'window';

/** Everything a decision may depend on, `now` included; stored with the decision, at most 8 KB serialised. */
export interface Seen {
  v: 1;
  fleet: string;
  now: Millis;
  /** Nominal start of the cycle this decision belongs to. */
  cycle: Millis;
  trigger: Trigger;
  /** Muster milliseconds per machine millisecond: 1 but in the sandbox. Absent: no time passes between reading and judging. */
  speed?: number;
  /** The newest sample, stale or not: `decide` judges its age. */
  sample: Sample | null;
  missing: Missing[];
  /** Who is asked for the numbers, so that a hold names it; absent in older records. */
  sources?: { demand: string; latency: string | null; saturation: string | null };
  /** null: the orchestrator could not be read. */
  zones: ZoneSeen[] | null;
  memory: Memory;
  override: Override | null;
  /** The freezes that are open at `now` (fleet and global). */
  freezes: Freeze[];
  /** True while a rollout or a node drain holds the fleet. */
  busy?: boolean;
  /** Workers that a rollout or a drain takes out of service meanwhile: asked for on top of the need. */
  surge?: number;
  /**
   * True while `converge` still carries out the last decision: the orchestrator's counts may differ from
   * `memory.desired` without anybody else having changed them, and `from` is what was last asked for.
   */
  applying?: boolean;
  /** The newest change, once `converge` is through with it; absent in older records. */
  last?: Pick<DesiredState, 'placement' | 'from'> & { status: 'ready' | 'failed' };
}

export interface Placement {
  zone: string;
  workers: number;
}

/** The numbers behind a decision, for `why`, threads and charts. Unknown is null. */
export interface Numbers {
  demand: number | null;
  /** Horizon [from, to] that the forecast covers. */
  horizonFrom: Millis;
  horizonTo: Millis;
  /** Expected peak rate within the horizon, requests per second. */
  forecast: number | null;
  /** Forecast with its margin: the rate the fleet is sized for. */
  sizedFor: number | null;
  /** Factor from `forecast` to `sizedFor`. */
  margin: number | null;
  /** Workers that `sizedFor` needs. */
  needForecast: number | null;
  /** Workers that the live demand needs. */
  needLive: number | null;
  /** Extra workers that clear the backlog in time. */
  drain: number;
  /** The need before limits. */
  need: number | null;
  backlog: number | null;
  oldestAgeSeconds: number | null;
  p95Seconds: number | null;
  ready: number | null;
  starting: number | null;
  nodesFrom: number;
  nodesTo: number;
  costPerHourFrom: number;
  costPerHourTo: number;
  /** Each forecaster's value and recent error (WAPE at this horizon), newest weights. */
  voters: { name: string; forecast: number | null; error: number | null; weight: number }[];
}

interface DecisionBase {
  placement: Placement[];
  numbers: Numbers;
  reasons: Reason[];
  /** How far a limit (ceiling, budget, freeze …) keeps the fleet below its need; 0 when it does not. */
  shortOf: number;
}

export type Decision =
  | (DecisionBase & { kind: 'scale'; from: number; to: number })
  | (DecisionBase & { kind: 'hold'; at: number });

/** The count a decision asks for. */
export function target(decision: Decision): number {
  return decision.kind === 'scale' ? decision.to : decision.at;
}

/** The count a decision started from. */
export function origin(decision: Decision): number {
  return decision.kind === 'scale' ? decision.from : decision.at;
}

export type DecisionStatus = 'held' | 'advised' | 'planned' | 'applying' | 'ready' | 'failed' | 'superseded';

/** A decision as stored: what was seen, under which policy, what was decided, how it went. */
export interface DecisionRecord {
  v: 1;
  id: string;
  fleet: string;
  cycle: Millis;
  at: Millis;
  trigger: Trigger;
  seen: Seen;
  policy: Policy;
  decision: Decision;
  status: DecisionStatus;
  /** Who asked, when a person did. */
  by?: Person;
  /** Raises of the guard before this one, oldest first, whose message it goes on in; absent: it begins one. */
  earlier?: string[];
  /** Open while limits keep the fleet below its need. */
  shortage?: Shortage;
}

/** Limits keep a fleet below its need: one alert, from the decision that found it first until the need is met. */
export interface Shortage {
  /** Of that decision. */
  id: string;
  since: Millis;
}

/** The short form that is kept for months. */
export interface DecisionSummary {
  id: string;
  fleet: string;
  cycle: Millis;
  at: Millis;
  kind: 'scale' | 'hold';
  trigger: Trigger;
  from: number;
  to: number;
  reasons: Reason[];
  status: DecisionStatus;
  /** How far limits keep the fleet below its need. */
  shortOf: number;
  shortage?: Shortage;
}

export function summarize(record: DecisionRecord): DecisionSummary {
  const { id, fleet, cycle, at, trigger, decision, status, shortage } = record;
  return {
    id,
    fleet,
    cycle,
    at,
    kind: decision.kind,
    trigger,
    from: origin(decision),
    to: target(decision),
    reasons: decision.reasons,
    status,
    shortOf: decision.shortOf,
    ...(shortage === undefined ? {} : { shortage }),
  };
}

/** What `converge` moves the cluster to. */
export interface DesiredState {
  v: 1;
  fleet: string;
  decisionId: string;
  at: Millis;
  placement: Placement[];
  /** Total before the decision, to know the direction. */
  from: number;
  status: 'planned' | 'applying' | 'ready' | 'failed';
  /** What converge last learnt, in a sentence for people (a lack of capacity, a blocking deployment). */
  note: string | null;
  /**
   * When converge last grew a group or scaled a job for it, or first took it up; patience with nodes and workers counts
   * from then. null: not taken up yet.
   */
  actedAt: Millis | null;
  /** A peer asked to be left alone until then; absent: none did. */
  restUntil?: Millis;
  /** When a later cycle had it carried out again; absent: never. */
  againAt?: Millis;
  /** Changes that did not get all the way, one after the other: the first one's id names their one alert. Absent: none. */
  lack?: { id: string; since: Millis; tries: number };
}

export interface NodeSeen {
  /** The orchestrator's id. */
  id: string;
  /** The cloud's name of the VM. */
  name: string;
  zone: string;
  status: 'ready' | 'starting' | 'down' | 'leaving';
  /** False when cordoned or draining. */
  eligible: boolean;
  /** Workers placed on it now (not stopped). */
  workers: number;
  /** False when the node's own checks (its drivers) say that it cannot run workers; absent: not known. */
  healthy?: boolean;
  /** Muster's own drain mark, when it has one. */
  drain: { decisionId: string; done: boolean } | null;
}
