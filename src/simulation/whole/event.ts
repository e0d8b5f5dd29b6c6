/** What the simulation can see happen, told at the very moment, below every fault: the invariants are made of these. */

import type { OutboxRow, PagerEvent } from '../../core/message.js';
import type { DecisionRecord, Freeze, Millis, Override } from '../../core/model.js';
import type { AuditLine } from '../../ports.js';

/** What a run of a job knew when it spoke: an act is judged by what its run could have read before it. */
export interface RunView {
  /** 'a3 converge', say. */
  name: string;
  /** When the newest call was issued; it may have reached its peer later. */
  issuedAt: Millis;
  /** Place in the order of events of the run's newest complete reading of a fleet's intent; 0 for none. */
  intentRead: number;
  /** The lease it holds and until when it could rely on it, when it has one. */
  lease: { fence: number; until: Millis } | null;
}

export type WholeEvent =
  /** A decision was stored, with the newest audit entry and what it saw, serialised. */
  | { kind: 'decision'; record: DecisionRecord; audit: AuditLine | null; seen: string }
  /** Something reached the cluster. `before` and `after`: what the zone was asked for, in workers or nodes. */
  | {
      kind: 'act';
      what: 'scale' | 'grow';
      fleet: string;
      zone: string;
      asked: number;
      /** Workers that were really there before a scale: a count between them and `before` is on paper only. */
      there?: number;
      before: number;
      after: number;
      decisionId: string;
      run: RunView;
    }
  | {
      kind: 'act';
      what: 'remove' | 'drain';
      fleet: string;
      zone: string;
      /** Names of the nodes, and how many workers ran on them. */
      nodes: string[];
      workers: number;
      decisionId: string;
      run: RunView;
    }
  /** A number was read, as it was at the moment `of`; null when nothing was told. */
  | { kind: 'reading'; fleet: string; what: 'demand' | 'latency'; of: Millis | null }
  | { kind: 'override'; override: Override }
  | { kind: 'override-ended'; fleet: string; id: string }
  | { kind: 'freeze'; freeze: Freeze }
  | { kind: 'freeze-ended'; fleet: string; id: string }
  /** A version of a message was put into the outbox. */
  | { kind: 'queued'; row: Pick<OutboxRow, 'channel' | 'key' | 'seq'> }
  /** A version that waited too long was told in a summary of several. */
  | { kind: 'folded'; row: Pick<OutboxRow, 'channel' | 'key' | 'seq'> }
  /** A lease was granted or renewed; `until`: how long its holder may rely on it. */
  | { kind: 'lease'; fleet: string; fence: number; until: Millis }
  | { kind: 'released'; fleet: string; fence: number }
  | Touch
  /** A rollout, a maintenance or a remedy was stored in this phase. */
  | {
      kind: 'machine';
      what: string;
      id: string;
      fleet: string;
      open: boolean;
      phase: string;
      /** How it ended, or why it is paused. */
      detail: string | null;
    }
  /** A message stands in the workspace in this version; `how` it came there. */
  | { kind: 'said'; how: 'post' | 'update'; channel: string; key: string; seq: number }
  | { kind: 'replied'; channel: string; key: string; index: number }
  | { kind: 'paged'; event: PagerEvent }
  /** Somebody else changed a count. */
  | { kind: 'foreign'; fleet: string; zone: string }
  /** The store, or the queue, could not be used until now. */
  | { kind: 'store-down' }
  | { kind: 'job-failed'; job: string; error: unknown; isFault: boolean }
  | { kind: 'complained'; message: string; error: unknown }
  | { kind: 'answered'; said: string; error: unknown; failed: boolean; peersFailing: boolean }
  | { kind: 'minute'; waiting: { channel: string; count: number }[] }
  | { kind: 'hour'; auditOk: boolean }
  /** After the quiet cycles that follow the last fault. */
  | {
      kind: 'quiet';
      quietSince: Millis;
      fleets: {
        name: string;
        status: string | null;
        /** A freeze kept what it began from being finished; nothing is wrong as long as the counts are right. */
        frozen: boolean;
        wantedSince: Millis | null;
        wanted: { zone: string; workers: number }[] | null;
        standing: { zone: string; workers: number; ready: number }[];
        alertFiring: boolean;
        lastCycle: Millis | null;
      }[];
      waiting: { channel: string; count: number }[];
      /** Rollouts, maintenances and remedies that are still open. */
      open: { what: string; id: string; phase: string }[];
      /** What the pager still has open; null: it was told only, never asked. */
      incidents: string[] | null;
    };

/** Something reached the cluster that is no decision's: a step of a rollout, of a node's maintenance or of a remedy. */
export interface Touch {
  kind: 'touch';
  what:
    | 'prepull'
    | 'end-prepull'
    | 'update'
    | 'release'
    | 'cordon'
    | 'uncordon'
    | 'drain'
    | 'remove'
    | 'grow'
    | 'stop-worker'
    | 'fail-deployment'
    | 'promote'
    | 'revert';
  fleet: string;
  /** null where it concerns all zones. */
  zone: string | null;
  /** Whose step: a rollout's id, the mark of a maintenance, 'remedy'; null where the call does not say. */
  by: string | null;
  /** The VM's id. */
  node: string | null;
  image: string | null;
  /** Workers of the fleet that serve, before and after it, and how many of them stand on the node. */
  before: number;
  after: number;
  onNode: number;
  /** The VMs on which workers of the fleet were told to stop by it. */
  stoppedOn: string[];
  /** Workers that the zone is asked for, before and after it. */
  countBefore: number;
  countAfter: number;
  run: RunView;
}

export type EventKind = WholeEvent['kind'];
