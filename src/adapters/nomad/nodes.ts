/**
 * Which nodes belong to which zone of a fleet. A node belongs to the job whose datacenters, node pool and constraints
 * (of the job and the group; equality and sets, the rest is taken as met) it satisfies.
 * Its own zone is its meta `zone`, else its attribute platform.gce.zone, else its datacenter; where that is a zone of
 * the target, it must be the job's. Meta and attributes are read once per node and again after an hour.
 */
import type { NodeSeen } from '../../core/model.js';
import type { NomadClient } from './client.js';
import {
  type Constraint,
  type Job,
  type NodeDetail,
  type NodeStub,
  nodeShape,
  nodesShape,
} from './shapes.js';

export interface KnownNode {
  stub: NodeStub;
  attributes: Record<string, string>;
  meta: Record<string, string>;
}

export interface NodeBook {
  /** The nodes of each zone's job, in Nomad's order. */
  of(jobs: { zone: string; group: string; job: Job }[]): Promise<Map<string, KnownNode[]>>;
}

const DETAILS_KEPT_MS = 3_600_000;
export const DECISION_META = 'muster_decision';

export function createNodeBook(client: NomadClient): NodeBook {
  const details = new Map<string, { at: number; detail: Promise<NodeDetail | null> }>();
  let listing: Promise<NodeStub[]> | null = null;

  /** Fleets that are observed at the same moment share one listing. */
  const list = (): Promise<NodeStub[]> => {
    listing ??= client.get('/v1/nodes', nodesShape).finally(() => {
      listing = null;
    });
    return listing;
  };
  const detailOf = (id: string): Promise<NodeDetail | null> => {
    const known = details.get(id);
    if (known !== undefined && Date.now() - known.at < DETAILS_KEPT_MS) return known.detail;
    const detail = client.find(`/v1/node/${id}`, nodeShape);
    details.set(id, { at: Date.now(), detail });
    detail.catch(() => details.delete(id));
    return detail;
  };

  return {
    async of(jobs) {
      const stubs = await list();
      const listed = new Set(stubs.map((one) => one.ID));
      for (const id of details.keys()) if (!listed.has(id)) details.delete(id);
      const zones = new Set(jobs.map((one) => one.zone));
      const byZone = new Map<string, KnownNode[]>(jobs.map((one) => [one.zone, []]));
      const candidates = stubs.filter((stub) =>
        jobs.some(({ job, group }) => mayRun(job, group, bare(stub))),
      );
      const known = await Promise.all(
        candidates.map(async (stub) => {
          const detail = await detailOf(stub.ID);
          return { stub, attributes: detail?.Attributes ?? {}, meta: detail?.Meta ?? {} };
        }),
      );
      for (const node of known) {
        const own = zoneOf(node);
        for (const { zone, group, job } of jobs) {
          if (zones.has(own) && own !== zone) continue;
          if (mayRun(job, group, node)) byZone.get(zone)?.push(node);
        }
      }
      return byZone;
    },
  };
}

export function zoneOf(node: KnownNode): string {
  return node.meta.zone ?? node.attributes['platform.gce.zone'] ?? node.stub.Datacenter;
}

/** Not up: a node went down that nobody had drained, and none is ready. A zone without nodes can still get some. */
export function isUp(nodes: KnownNode[]): boolean {
  if (nodes.some(({ stub }) => stub.Status === 'ready')) return true;
  return !nodes.some(({ stub }) => isGone(stub) && stub.SchedulingEligibility === 'eligible');
}

export function seenAs(node: KnownNode, zone: string, workers: number): NodeSeen {
  const { stub } = node;
  const mark = stub.LastDrain?.Meta?.[DECISION_META];
  const drained =
    stub.SchedulingEligibility !== 'eligible' && !stub.Drain && stub.LastDrain?.Status === 'complete';
  return {
    id: stub.ID,
    // The cloud's name: the host name's first label, as the metadata server gives it.
    name: (node.attributes['unique.platform.gce.hostname'] ?? stub.Name).split('.')[0] ?? stub.Name,
    zone,
    status: stub.Status === 'ready' ? 'ready' : !isGone(stub) ? 'starting' : drained ? 'leaving' : 'down',
    eligible: stub.SchedulingEligibility === 'eligible' && !stub.Drain,
    workers,
    ...healthOf(stub),
    // A node that was made eligible again takes work: its old mark says nothing any more.
    drain:
      mark === undefined || stub.SchedulingEligibility === 'eligible'
        ? null
        : { decisionId: mark, done: !stub.Drain && stub.LastDrain?.Status === 'complete' },
  };
}

/** A driver that is there and not healthy; what was not detected is not expected to be. */
function healthOf(stub: NodeStub): { healthy?: boolean } {
  const drivers = Object.values(stub.Drivers ?? {}).filter((one) => one.Detected === true);
  if (drivers.length === 0) return {};
  return { healthy: stub.Status === 'ready' && drivers.every((one) => one.Healthy !== false) };
}

function isGone(stub: NodeStub): boolean {
  return stub.Status === 'down' || stub.Status === 'disconnected';
}

interface Judged {
  stub: NodeStub;
  /** null: not read yet, so what needs them is taken as met. */
  attributes: Record<string, string> | null;
  meta: Record<string, string> | null;
}

const bare = (stub: NodeStub): Judged => ({ stub, attributes: null, meta: null });

function mayRun(job: Job, groupName: string, node: Judged): boolean {
  const centers = job.Datacenters ?? [];
  if (centers.length > 0 && !centers.some((one) => globMatches(one, node.stub.Datacenter))) return false;
  const pool = job.NodePool ?? '';
  if (pool !== '' && pool !== 'all' && (node.stub.NodePool ?? 'default') !== pool) return false;
  const group = job.TaskGroups.find((one) => one.Name === groupName);
  return [...(job.Constraints ?? []), ...(group?.Constraints ?? [])].every((one) => isMet(one, node));
}

function isMet(constraint: Constraint, node: Judged): boolean {
  const left = read(constraint.LTarget, node);
  const right = constraint.RTarget;
  if (left === 'unread') return true;
  switch (constraint.Operand) {
    case '=':
    case '==':
    case 'is':
      return left === right;
    case '!=':
    case 'not':
      return left !== right;
    case 'set_contains_any':
      return left !== null && right.split(',').some((one) => left.split(',').includes(one.trim()));
    case 'set_contains':
    case 'set_contains_all':
      return left !== null && right.split(',').every((one) => left.split(',').includes(one.trim()));
    case 'is_set':
      return left !== null;
    case 'is_not_set':
      return left === null;
    default:
      return true;
  }
}

function read(target: string, node: Judged): string | null {
  const name = /^\$\{(.+)\}$/.exec(target)?.[1];
  if (name === undefined) return target;
  if (name === 'node.class') return node.stub.NodeClass;
  if (name === 'node.datacenter') return node.stub.Datacenter;
  if (name === 'node.pool') return node.stub.NodePool ?? 'default';
  if (name === 'node.unique.id') return node.stub.ID;
  if (name === 'node.unique.name') return node.stub.Name;
  const [, table, key = ''] = /^(attr|meta)\.(.+)$/.exec(name) ?? [];
  const values = table === 'attr' ? node.attributes : table === 'meta' ? node.meta : null;
  return values === null ? 'unread' : (values[key] ?? null);
}

function globMatches(pattern: string, value: string): boolean {
  if (!pattern.includes('*')) return pattern === value;
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(value);
}
