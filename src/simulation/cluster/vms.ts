/** The cloud's half of the cluster: groups of VMs that boot, go down with their zone and are deleted. */
import { type ClusterState, nextId, nextIndex, type SimGroup, type SimVm } from './state.js';
import type { Timing } from './timing.js';

export const isPresent = (vm: SimVm): boolean => vm.state !== 'deleting' && vm.state !== 'gone';

export function vmsOf(state: ClusterState, group: string): SimVm[] {
  return state.vms.filter((vm) => vm.group === group);
}

/** Creates what the group's size asks for and the cloud grants; a zone that is out gets no new VM. */
export function fillGroups(state: ClusterState, timing: Timing): void {
  for (const group of state.groups) {
    if (state.zonesDown.includes(group.zone)) continue;
    const present = vmsOf(state, group.name).filter(isPresent).length;
    for (let n = present; n < Math.min(group.size, group.maxSize); n += 1) addVm(state, group, timing.bootMs);
  }
}

/** A new VM; with a boot time of 0 it is ready at once (the cluster's first nodes). */
export function addVm(state: ClusterState, group: SimGroup, bootMs: number): SimVm {
  const id = nextId(state);
  const vm: SimVm = {
    id,
    name: `${group.name}-${id.slice(0, 6)}`,
    group: group.name,
    zone: group.zone,
    state: bootMs > 0 ? 'booting' : 'ready',
    until: bootMs > 0 ? state.now + bootMs : null,
    registered: bootMs === 0,
    eligible: true,
    drain: null,
    lastDrain: null,
    createdAt: state.now,
    stateAt: state.now,
    createIndex: nextIndex(state),
    modifyIndex: state.index,
    images: [],
  };
  state.vms.push(vm);
  return vm;
}

/** Deletes these VMs and lowers the group's size by as many; names that are gone already are skipped. */
export function deleteVms(state: ClusterState, group: SimGroup, names: string[], timing: Timing): void {
  for (const vm of vmsOf(state, group.name)) {
    if (!names.includes(vm.name) || !isPresent(vm)) continue;
    group.size = Math.max(0, group.size - 1);
    setVm(state, vm, 'deleting', state.now + timing.deleteMs);
    loseAllocations(state, vm);
  }
}

/** A zone goes out with all that runs in it, or comes back: its VMs boot again. */
export function switchZone(state: ClusterState, zone: string, up: boolean, timing: Timing): void {
  const isUp = !state.zonesDown.includes(zone);
  if (isUp === up) return;
  state.zonesDown = up ? state.zonesDown.filter((one) => one !== zone) : [...state.zonesDown, zone].sort();
  for (const vm of state.vms) {
    if (vm.zone !== zone || !isPresent(vm)) continue;
    if (up && vm.maintenance !== undefined && vm.maintenance.at <= state.now) {
      if (vm.maintenance.downMs === null) continue;
      delete vm.maintenance;
    }
    if (up) setVm(state, vm, 'booting', state.now + timing.bootMs);
    else {
      setVm(state, vm, 'down', null);
      loseAllocations(state, vm);
    }
  }
}

/** What falls due for VMs now: boots end, deleted ones vanish, and Nomad forgets them after its garbage collection time. */
export function fireVms(state: ClusterState, timing: Timing): void {
  for (const vm of state.vms) {
    stopForMaintenance(state, vm);
    if (vm.until === null || vm.until > state.now) continue;
    if (vm.state === 'down') {
      delete vm.maintenance;
      if (state.zonesDown.includes(vm.zone)) setVm(state, vm, 'down', null);
      else setVm(state, vm, 'booting', state.now + timing.bootMs);
    } else if (vm.state === 'booting') {
      vm.registered = true;
      setVm(state, vm, 'ready', null);
    } else if (vm.state === 'deleting') setVm(state, vm, 'gone', state.now + timing.nodeForgottenMs);
  }
  const forgotten = (vm: SimVm) =>
    vm.state === 'gone' && (!vm.registered || (vm.until !== null && vm.until <= state.now));
  if (state.vms.some(forgotten)) state.vms = state.vms.filter((vm) => !forgotten(vm));
}

/** The hour of the notice: a GPU VM cannot move to another host, so it is stopped with all that still runs on it. */
function stopForMaintenance(state: ClusterState, vm: SimVm): void {
  const { maintenance } = vm;
  if (maintenance === undefined || maintenance.at > state.now) return;
  if (vm.state !== 'ready' && vm.state !== 'booting') return;
  setVm(state, vm, 'down', maintenance.downMs === null ? null : state.now + maintenance.downMs);
  loseAllocations(state, vm);
}

function setVm(state: ClusterState, vm: SimVm, to: SimVm['state'], until: number | null): void {
  vm.state = to;
  vm.until = until;
  vm.stateAt = state.now;
  vm.modifyIndex = nextIndex(state);
}

function loseAllocations(state: ClusterState, vm: SimVm): void {
  for (const one of state.allocations) {
    if (one.vm !== vm.id || (one.client !== 'pending' && one.client !== 'running')) continue;
    one.client = 'lost';
    if (one.desired === 'run') one.desiredDescription = 'alloc is lost since its node is down';
    one.desired = 'stop';
    one.stoppedAt = state.now;
    one.modifyIndex = nextIndex(state);
  }
}
