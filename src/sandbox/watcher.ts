/**
 * Stands in for the watchers that run on the VMs: tells a bot of each notice of the simulated cloud, again until one of
 * them takes it. It speaks the same HTTP as deploy/watcher does.
 */
import { randomBytes } from 'node:crypto';
import { NOTICE_HEADER, NOTICE_PATH } from '../adapters/http/maintenance-route.js';
import type { SimVm } from '../simulation/cluster/state.js';
import type { Cluster } from '../simulation/cluster.js';
import { ControlError } from './control.js';

export interface MaintenanceAsk {
  /** A VM's name or its node's id; absent: the busiest of the fleet, or of all. */
  node?: string | undefined;
  fleet?: string | undefined;
  inSeconds: number;
  /** How long the VM stays away; null: for ever. */
  downSeconds: number | null;
}

export interface CloudWatcher {
  /** What the bots know watchers by. */
  secret: string;
  announce(ask: MaintenanceAsk): { node: string; zone: string; at: number };
  withdraw(node: string): void;
  /** Called each turn; tells what was not told yet. */
  turn(): void;
}

const EVENT = 'TERMINATE_ON_HOST_MAINTENANCE';
/** Machine time. */
const TIMEOUT_MS = 3_000;
const AGAIN_MS = 1_000;

export function createCloudWatcher(options: { cluster: Cluster; bots(): { url: string }[] }): CloudWatcher {
  const { cluster } = options;
  const secret = randomBytes(24).toString('base64url');
  /** Notices that were taken back and not told yet. */
  const withdrawn = new Set<string>();
  let busyUntil = 0;
  let turns = 0;

  const tell = async (report: object): Promise<boolean> => {
    const bots = options.bots();
    const bot = bots[turns++ % Math.max(1, bots.length)];
    if (bot === undefined) return false;
    try {
      const answer = await fetch(bot.url + NOTICE_PATH, {
        method: 'POST',
        headers: { 'content-type': 'application/json', [NOTICE_HEADER]: secret },
        body: JSON.stringify(report),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await answer.arrayBuffer();
      return answer.status === 202;
    } catch {
      return false;
    }
  };
  const tellAll = async (): Promise<void> => {
    for (const node of withdrawn) if (await tell({ node, event: 'NONE' })) withdrawn.delete(node);
    for (const vm of cluster.state.vms) {
      const { maintenance } = vm;
      if (maintenance === undefined || maintenance.told || vm.state !== 'ready') continue;
      const deadline = new Date(maintenance.at).toISOString();
      if (await tell({ node: vm.name, event: EVENT, deadline })) cluster.toldMaintenance(vm.id);
    }
  };

  return {
    secret,
    announce({ node, fleet, inSeconds, downSeconds }) {
      const vm = chosen(cluster, node, fleet);
      if (vm === null) throw new ControlError(404, 'not-found', 'There is no such node that runs.');
      cluster.maintain(vm.id, { inSeconds, downSeconds });
      return { node: vm.name, zone: vm.zone, at: vm.maintenance?.at ?? cluster.now };
    },
    withdraw(node) {
      const vm = chosen(cluster, node, undefined);
      if (vm?.maintenance === undefined)
        throw new ControlError(404, 'not-found', 'There is no notice for that node.');
      if (vm.maintenance.told) withdrawn.add(vm.name);
      cluster.maintain(vm.id, null);
    },
    turn() {
      if (Date.now() < busyUntil) return;
      busyUntil = Number.POSITIVE_INFINITY;
      void tellAll().finally(() => {
        busyUntil = Date.now() + AGAIN_MS;
      });
    },
  };
}

/** The named one; else the fullest that has no notice yet. */
function chosen(cluster: Cluster, node: string | undefined, fleet: string | undefined): SimVm | null {
  const ready = cluster.state.vms.filter((vm) => vm.state === 'ready' && vm.registered);
  if (node !== undefined) return ready.find((vm) => vm.name === node || vm.id === node) ?? null;
  const load = (vm: SimVm): number =>
    cluster.state.allocations.filter((one) => one.vm === vm.id && one.desired === 'run').length;
  const free = ready.filter(
    (vm) => vm.maintenance === undefined && (fleet === undefined || cluster.group(vm.group)?.fleet === fleet),
  );
  return free.sort((a, b) => load(b) - load(a) || (a.name < b.name ? -1 : 1))[0] ?? null;
}
