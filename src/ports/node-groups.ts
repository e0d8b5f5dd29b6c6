/** The VMs that workers stand on. */

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
