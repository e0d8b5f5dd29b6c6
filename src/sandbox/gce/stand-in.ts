/**
 * Google's instance-group API on loopback over the simulated cluster: get, listManagedInstances, resize, deleteInstances.
 * A VM that the zone does not grant is listed as CREATING with the error of its last attempt, as the cloud does it.
 */

import type { SimGroup, SimVm } from '../../simulation/cluster/state.js';
import type { Cluster } from '../../simulation/cluster.js';
import type { StandIn, WorldContext } from '../context.js';
import { type Asked, openLoopback, type Said } from '../loopback.js';

export interface GceStandInOptions {
  context: WorldContext;
  cluster: Cluster;
  /** null: any token will do, but there must be one. */
  token?: string | null;
  /** Asked after each change that was made: true cuts the connection instead of answering. */
  loseAnswer?: () => boolean;
}

const PATH =
  /^\/compute\/v1\/projects\/(?<project>[^/]+)\/zones\/(?<zone>[^/]+)\/instanceGroupManagers\/(?<group>[^/]+)(?:\/(?<act>[A-Za-z]+))?$/;

/** `url` ends in /compute/v1, as the real one. */
export async function createGceStandIn(options: GceStandInOptions): Promise<StandIn> {
  const { context, cluster } = options;
  const { url, close } = await openLoopback(
    async () => false,
    async (asked) => {
      cluster.advance(context.clock.now());
      const said = answer(options, asked);
      const isRead = asked.method === 'GET' || asked.path.endsWith('/listManagedInstances');
      if (isRead || said === 'cut') return said;
      context.record({
        target: 'gce',
        method: asked.method,
        path: asked.path + pathQuery(asked),
        decisionId: decisionOf(asked),
        status: said.status,
      });
      return said.status < 300 && options.loseAnswer?.() === true ? 'cut' : said;
    },
  );
  return { url: `${url}/compute/v1`, close, save: () => null };
}

function answer({ cluster, token = null }: GceStandInOptions, asked: Asked): Said {
  const sent = /^Bearer (.+)$/.exec(asked.headers.authorization ?? '')?.[1];
  if (sent === undefined || (token !== null && sent !== token)) {
    return failure(401, 'authError', 'Request had invalid authentication credentials.');
  }
  const found = PATH.exec(asked.path)?.groups;
  if (found === undefined) return failure(404, 'notFound', 'Not Found');
  const { project = '', zone = '', group: name = '', act = '' } = found;
  const where = { project, zone };
  const group = cluster.group(name);
  if (group === null) {
    const resource = `projects/${project}/zones/${zone}/instanceGroupManagers/${name}`;
    return failure(404, 'notFound', `The resource '${resource}' was not found`);
  }
  if (asked.method === 'GET' && act === '') return { status: 200, body: manager(cluster, group) };
  if (asked.method !== 'POST') return failure(404, 'notFound', 'Not Found');
  if (act === 'listManagedInstances') {
    return { status: 200, body: { managedInstances: instances(cluster, group, where) } };
  }
  if (act === 'resize') return resize(cluster, group, asked, where);
  if (act === 'deleteInstances') return remove(cluster, group, asked, where);
  return failure(404, 'notFound', 'Not Found');
}

function resize(cluster: Cluster, group: SimGroup, asked: Asked, where: Where): Said {
  const size = asked.query.get('size') ?? '';
  if (!/^\d+$/.test(size)) {
    return failure(400, 'invalid', `Invalid value for field 'size': '${size}'. Must be a number >= 0`);
  }
  cluster.resize(group.name, Number(size));
  return { status: 200, body: operation(cluster, 'compute.instanceGroupManagers.resize', group, where) };
}

function remove(cluster: Cluster, group: SimGroup, asked: Asked, where: Where): Said {
  let body: { instances?: string[]; skipInstancesOnValidationError?: boolean };
  try {
    body = JSON.parse(asked.body) as typeof body;
  } catch {
    return failure(400, 'parseError', 'Parse Error');
  }
  const names = (body.instances ?? []).map((one) => one.split('/').at(-1) ?? one);
  const known = cluster.vms(group.name).filter((vm) => vm.state !== 'gone');
  const stranger = names.find((name) => !known.some((vm) => vm.name === name));
  if (stranger !== undefined && body.skipInstancesOnValidationError !== true) {
    return failure(400, 'invalid', `The instance '${stranger}' is not a member of ${group.name}.`);
  }
  cluster.deleteInstances(group.name, names);
  const kind = 'compute.instanceGroupManagers.deleteInstances';
  return { status: 200, body: operation(cluster, kind, group, where) };
}

interface Where {
  project: string;
  zone: string;
}

function manager(cluster: Cluster, group: SimGroup): Record<string, unknown> {
  const vms = cluster.vms(group.name);
  const many = (state: SimVm['state']) => vms.filter((vm) => vm.state === state).length;
  return {
    kind: 'compute#instanceGroupManager',
    name: group.name,
    targetSize: group.size,
    status: { isStable: many('booting') + many('deleting') === 0 && group.size <= group.maxSize },
    currentActions: {
      none: many('ready') + many('down'),
      creating: many('booting') + Math.max(0, group.size - group.maxSize),
      deleting: many('deleting'),
    },
  };
}

function instances(cluster: Cluster, group: SimGroup, where: Where): Record<string, unknown>[] {
  const link = (name: string) =>
    `https://www.googleapis.com/compute/v1/projects/${where.project}/zones/${where.zone}/instances/${name}`;
  const real = cluster
    .vms(group.name)
    .filter((vm) => vm.state !== 'gone')
    .map((vm) => ({
      id: String(vm.createIndex),
      instance: link(vm.name),
      instanceStatus:
        vm.state === 'ready' ? 'RUNNING' : vm.state === 'deleting' ? 'STOPPING' : instanceState(vm),
      currentAction: vm.state === 'booting' ? 'CREATING' : vm.state === 'deleting' ? 'DELETING' : 'NONE',
    }));
  const lacking = Math.max(0, group.size - group.maxSize);
  const missing = Array.from({ length: lacking }, (_, n) => ({
    id: '0',
    instance: link(`${group.name}-none${n}`),
    currentAction: 'CREATING',
    lastAttempt: {
      errors: {
        errors: [
          {
            code: 'ZONE_RESOURCE_POOL_EXHAUSTED',
            message: `The zone '${where.zone}' does not have enough resources available to fulfill the request.`,
          },
        ],
      },
    },
  }));
  return [...real, ...missing];
}

function instanceState(vm: SimVm): string {
  return vm.state === 'down' ? 'TERMINATED' : 'PROVISIONING';
}

function operation(cluster: Cluster, kind: string, group: SimGroup, where: Where): Record<string, unknown> {
  return {
    kind: 'compute#operation',
    name: `operation-${cluster.state.index}`,
    operationType: kind,
    status: 'DONE',
    progress: 100,
    insertTime: new Date(cluster.now).toISOString(),
    targetLink: `https://www.googleapis.com/compute/v1/projects/${where.project}/zones/${where.zone}/instanceGroupManagers/${group.name}`,
  };
}

function failure(code: number, reason: string, message: string): Said {
  const error = { code, message, errors: [{ message, domain: 'global', reason }] };
  return { status: code, body: { error } };
}

/** The decision that a change belongs to: the request reason, which Google keeps in its audit log. */
function decisionOf(asked: Asked): string | null {
  const reason = asked.headers['x-goog-request-reason'];
  return /^muster (\S+)$/.exec(typeof reason === 'string' ? reason : '')?.[1] ?? null;
}

function pathQuery(asked: Asked): string {
  const size = asked.query.get('size');
  return size === null ? '' : `?size=${size}`;
}
