/** A simulated VM as a Nomad node. Its class is the fleet; its meta says zone and slots; its name is the cloud's. */

import type { SimVm } from '../../simulation/cluster/state.js';
import type { Cluster } from '../../simulation/cluster.js';
import { goTime, ns, type Profile } from './wire.js';

export function nodeStub(cluster: Cluster, vm: SimVm, profile: Profile): Record<string, unknown> {
  return {
    Address: '127.0.0.1',
    CreateIndex: vm.createIndex,
    Datacenter: 'dc1',
    Drain: vm.drain !== null,
    Drivers: {
      docker: {
        Attributes: {},
        Detected: true,
        HealthDescription: 'Healthy',
        Healthy: vm.state === 'ready',
        UpdateTime: goTime(vm.stateAt),
      },
    },
    HostVolumes: null,
    ID: vm.id,
    LastDrain: lastDrain(vm),
    ModifyIndex: vm.modifyIndex,
    Name: vm.name,
    NodeClass: fleetOf(cluster, vm),
    ...(profile === '2.0' ? { NodePool: 'default' } : {}),
    SchedulingEligibility: vm.eligible ? 'eligible' : 'ineligible',
    Status: vm.state === 'ready' ? 'ready' : 'down',
    StatusDescription: '',
    Version: profile === '2.0' ? '2.0.5' : '1.1.2',
  };
}

export function nodeJson(cluster: Cluster, vm: SimVm, profile: Profile): Record<string, unknown> {
  const { Address, Version, ...common } = nodeStub(cluster, vm, profile);
  return {
    ...common,
    Attributes: {
      'kernel.name': 'linux',
      'nomad.version': String(Version),
      'platform.gce.zone': `asia-south1-${vm.zone}`,
      'unique.hostname': vm.name,
      'unique.platform.gce.hostname': `${vm.name}.asia-south1-${vm.zone}.c.sandbox.internal`,
    },
    CSIControllerPlugins: null,
    CSINodePlugins: null,
    ComputedClass: `v1:${fleetOf(cluster, vm)}`,
    DrainStrategy: drainStrategy(vm),
    Events: [
      {
        CreateIndex: 0,
        Details: null,
        Message: 'Node registered',
        Subsystem: 'Cluster',
        Timestamp: goTime(vm.createdAt),
      },
    ],
    HTTPAddr: `${String(Address)}:4646`,
    Links: null,
    Meta: { zone: vm.zone, fleet: fleetOf(cluster, vm), slots: String(slotsOf(cluster, vm)) },
    NodeResources: {
      Cpu: { CpuShares: 16_000 },
      Devices: null,
      Disk: { DiskMB: 100_000 },
      Memory: { MemoryMB: 65_536 },
    },
    Reserved: { CPU: 0, DiskMB: 0, MemoryMB: 0 },
    ReservedResources: { Cpu: { CpuShares: 0 }, Disk: { DiskMB: 0 }, Memory: { MemoryMB: 0 } },
    Resources: { CPU: 16_000, DiskMB: 100_000, MemoryMB: 65_536 },
    SecretID: '',
    StatusUpdatedAt: Math.floor(vm.stateAt / 1000),
    TLSEnabled: false,
  };
}

function lastDrain(vm: SimVm): Record<string, unknown> | null {
  const last = vm.lastDrain;
  if (last === null) return null;
  return {
    AccessorID: '',
    Meta: last.meta,
    StartedAt: goTime(last.startedAt),
    Status: last.status,
    UpdatedAt: goTime(last.updatedAt),
  };
}

function drainStrategy(vm: SimVm): Record<string, unknown> | null {
  if (vm.drain === null) return null;
  const startedAt = vm.lastDrain?.startedAt ?? vm.stateAt;
  const deadlineAt = vm.drain.deadlineAt;
  return {
    Deadline: deadlineAt === null ? 0 : ns(deadlineAt - startedAt),
    ForceDeadline: deadlineAt === null ? '0001-01-01T00:00:00Z' : goTime(deadlineAt),
    IgnoreSystemJobs: vm.drain.ignoreSystemJobs,
    StartedAt: goTime(startedAt),
  };
}

function fleetOf(cluster: Cluster, vm: SimVm): string {
  return cluster.group(vm.group)?.fleet ?? '';
}

function slotsOf(cluster: Cluster, vm: SimVm): number {
  return cluster.group(vm.group)?.slotsPerNode ?? 0;
}
