/**
 * The maintenance of one node: what is kept of it between steps, what a step sees, and what it asks to be done. Times are
 * the Muster clock's; counts are workers.
 */
import type { GroupNow } from '../converge.js';
import type { DecisionSummary, DesiredState, Millis, NodeSeen, Person, ZoneSeen } from '../model.js';
import type { Policy } from '../policy.js';

export type Phase =
  | 'waiting'
  | 'fencing'
  | 'surging'
  | 'draining'
  | 'away'
  | 'replacing'
  | 'checking'
  | 'returning'
  | 'calling-off'
  | 'shrinking'
  | 'over';

export type Outcome = 'back' | 'replaced' | 'withdrawn' | 'ignored' | 'gone';

/** What a person is asked to do, and by when it helps; null: there is no hour. */
export interface Asked {
  why:
    | 'capacity'
    | 'limits'
    | 'in-the-dark'
    | 'frozen'
    | 'never-returned'
    | 'unhealthy'
    | 'not-replaced'
    | 'hindered'
    | 'empty';
  /** The words of whoever refuses (the cloud, a freeze). */
  detail: string | null;
  by: Millis | null;
  at: Millis;
}

export interface MaintenanceState {
  v: 1;
  phase: Phase;
  phaseAt: Millis;
  node: { id: string; name: string; zone: string };
  /** The cloud's word for it, or why a person asked. */
  event: string;
  /** When the cloud stops the VM; null: a person asked, and the VM is replaced when it is empty. */
  deadlineAt: Millis | null;
  noticedAt: Millis;
  /** Workers on the node when it was fenced: what must stand in for it. */
  workers: number;
  wish: { kind: 'fix' | 'ignore'; by: Person; at: Millis } | null;
  /** The notice was taken back, or its event is over. */
  withdrawn: boolean;
  wentDown: boolean;
  readySince: Millis | null;
  /** The group's size to go back to when the VM is replaced. */
  groupSize: number | null;
  asked: Asked | null;
  /** A peer that does not do what must be done, since when; absent: all do. */
  hindered?: { since: Millis; detail: string };
  /** Why nothing moves just now; for people. */
  waitsFor: Wait | null;
  /** When each phase began, oldest first. */
  ticks: { phase: Phase; at: Millis }[];
  outcome: Outcome | null;
}

export type Wait =
  | 'later'
  | 'turn'
  | 'rollout'
  | 'frozen'
  | 'advice'
  | 'evaluation'
  | 'workers'
  | 'deployment'
  | 'drain'
  | 'stop'
  | 'boot'
  | 'person';

export interface MaintenanceSeen {
  /** null: the orchestrator has forgotten it. */
  node: NodeSeen | null;
  /** While the node is down or forgotten: another one that is up under its name, in its zone. */
  returned: NodeSeen | null;
  zones: ZoneSeen[];
  /** null: nobody can resize it, or the cloud is silent. */
  group: GroupNow | null;
  /** Why the cloud does not say what VMs there are; null: it does. */
  silent: string | null;
  desired: DesiredState | null;
  latest: DecisionSummary | null;
  /** Whether it may begin; only read while it waits. */
  turn: Turn;
  /** What forbids every change now. */
  stopped: { why: 'frozen' | 'advice'; detail: string } | null;
  /** True while nodes that nobody needs any more still stand there. */
  spare: boolean;
  policy: Policy;
}

export type Turn = 'go' | 'later' | 'turn' | 'rollout';

export type MaintenanceAction =
  | { do: 'cordon' }
  | { do: 'uncordon' }
  | { do: 'drain'; deadlineSeconds: number }
  /** Asks for a decision with what this maintenance holds. */
  | { do: 'evaluate' }
  | { do: 'remove'; name: string }
  | { do: 'grow'; size: number }
  | { do: 'shrink' };

export interface Advanced {
  state: MaintenanceState;
  actions: MaintenanceAction[];
}

const MINUTE = 60_000;
/** The cloud gives GPU VMs an hour: a notice that comes earlier waits until then. */
export const LEAD_MS = 60 * MINUTE;
/** Without capacity elsewhere the node serves until so long before its hour. */
export const RESERVE_MS = 10 * MINUTE;
/** A VM that is not back so long after it should have been stopped is replaced. */
export const RETURN_MS = 60 * MINUTE;

export function begun(
  node: MaintenanceState['node'],
  notice: { event: string; deadlineAt: Millis | null; wish: MaintenanceState['wish'] },
  now: Millis,
): MaintenanceState {
  return {
    v: 1,
    phase: 'waiting',
    phaseAt: now,
    node,
    ...notice,
    noticedAt: now,
    workers: 0,
    withdrawn: false,
    wentDown: false,
    readySince: null,
    groupSize: null,
    asked: null,
    waitsFor: null,
    ticks: [{ phase: 'waiting', at: now }],
    outcome: null,
  };
}

/** The drain mark and decision id of a maintenance; the loop leaves nodes with such a mark alone. */
export const markOf = (id: string): string => `maintenance-${id}`;
export const isMaintenanceMark = (decisionId: string): boolean => decisionId.startsWith('maintenance-');

/** The kind of machine in the store, and the name of the job. */
export const MAINTENANCE = 'maintenance';

export const isOpen = (state: MaintenanceState): boolean => state.phase !== 'over';

/** It takes its node out, or keeps it out. */
export const isOut = ({ phase }: MaintenanceState): boolean =>
  !['waiting', 'calling-off', 'shrinking', 'over'].includes(phase);

/** Nothing was moved yet, so that all can be called off without harm. */
export const isCancelable = ({ phase }: MaintenanceState): boolean =>
  phase === 'waiting' || phase === 'fencing' || phase === 'surging';

/** A person wanted it empty, it is, and nobody but a person does anything to it now. */
export const isEmptied = ({ phase, deadlineAt, wentDown, wish }: MaintenanceState): boolean =>
  phase === 'away' && deadlineAt === null && !wentDown && wish?.kind !== 'ignore';

/**
 * What it holds of its fleet: workers that stand in from the fence on. Once the node is empty, only those that found no
 * room elsewhere; when all did, the fleet is free again.
 */
export function holdOf(state: MaintenanceState, zones: ZoneSeen[]): { surge: number } | undefined {
  const { phase, workers } = state;
  if (phase === 'fencing' || phase === 'surging' || phase === 'draining') return { surge: workers };
  if (phase === 'away' || phase === 'replacing' || phase === 'checking') {
    const unplaced = zones.reduce((sum, zone) => sum + zone.desired - zone.ready - zone.starting, 0);
    const surge = Math.max(0, Math.min(workers, unplaced));
    return surge === 0 ? undefined : { surge };
  }
  return undefined;
}

/** How long the workers of a node need to move, one after the other. */
export const drainMs = (workers: number, policy: Policy): Millis =>
  Math.max(1, workers) * Math.max(60, policy.startupSeconds) * 1_000;

/** From the fence until the node is empty, with what may go wrong on the way. */
export const neededMs = (workers: number, policy: Policy): Millis =>
  (2 * policy.startupSeconds + 120) * 1_000 + drainMs(workers, policy) + RESERVE_MS;
