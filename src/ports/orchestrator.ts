/** Who places workers, and what workers say of themselves. */
import type { SlotHealth } from '../core/health/state.js';
import type { Blocked, Canaries, NodeSeen, ZoneSeen } from '../core/model.js';

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
