/** The watchers on the VMs: they report a notice of the cloud again and again, and its end once. */
import type { Queue } from '../../../ports.js';
import type { World } from '../world.js';

const MINUTE = 60_000;
/** A notice that was reported is reported again this often: a watcher does not know who took it. */
const AGAIN_MS = 10 * MINUTE;

export function createWatchers(world: World, enqueue: Queue['enqueue']): { turn(): Promise<void> } {
  const told = new Map<string, { name: string; at: number; told: number }>();
  const report = (node: string, event: string, deadlineAt: number | null): Promise<void> =>
    enqueue('notice', { v: 1, node, event, deadlineAt, heardAt: world.now() }, { dedupe: `notice-${node}` });
  return {
    async turn() {
      const { vms } = world.cluster.state;
      for (const vm of vms) {
        if (vm.state !== 'ready') continue;
        const known = told.get(vm.id);
        const { maintenance } = vm;
        if (maintenance === undefined) {
          if (known === undefined) continue;
          told.delete(vm.id);
          await report(vm.name, 'NONE', null);
        } else if (known?.at !== maintenance.at || world.now() - known.told >= AGAIN_MS) {
          told.set(vm.id, { name: vm.name, at: maintenance.at, told: world.now() });
          await report(vm.name, 'TERMINATE_ON_HOST_MAINTENANCE', maintenance.at);
        }
      }
      for (const id of told.keys()) if (!vms.some((vm) => vm.id === id)) told.delete(id);
    },
  };
}
