/**
 * Where a fleet's allocations listen. A listing does not say, so each allocation is read once: its ports never change
 * while it lives. What could not be read in time is read at the next look.
 */
import { OutsideError } from '../../errors.js';
import type { OrchestratorTarget, WorkerAddress, WorkerAddresses, WorkerSeen } from '../../ports.js';
import { createNomadClient, type NomadOptions } from './client.js';
import { human } from './errors.js';
import { deploymentOf } from './held.js';
import { readAllocations } from './plan.js';
import { type AllocatedNetworks, type Allocation, addressedShape } from './shapes.js';
import { holdsItsNode, workerOf } from './workers.js';

/** Read at once: the client's own pool is shared with what decides. */
const AT_ONCE = 4;

/** Of all fleets together. */
const MOST_KNOWN = 10_000;

type Place = { host: string; port: number | null };

export function createNomadAddresses(options: NomadOptions): WorkerAddresses {
  const client = createNomadClient(options);
  const known = new Map<string, Place | null>();

  const find = async (id: string, label: string): Promise<void> => {
    const whole = await client.find(`/v1/allocation/${encodeURIComponent(id)}`, addressedShape);
    known.set(keyOf(id, label), whole === null ? null : placeOf(whole.AllocatedResources ?? null, label));
  };
  const findAll = async (ids: string[], label: string): Promise<void> => {
    const until = Date.now() + options.timeoutMs;
    const left = [...ids];
    const work = async (): Promise<void> => {
      for (let id = left.shift(); id !== undefined && Date.now() < until; id = left.shift()) {
        try {
          await find(id, label);
        } catch (error) {
          // One that cannot be read now is unknown now.
          if (!(error instanceof OutsideError)) throw error;
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  };

  /** Ids are never used again, so what is known may be dropped at any time. */
  const forget = (inUse: number): void => {
    if (known.size > MOST_KNOWN + 2 * inUse) known.clear();
  };

  return {
    async addresses(target, label) {
      const placed = await Promise.all(
        placesOf(target).map(async ({ zone, job, group }) => {
          const [allocations, deployment] = await Promise.all([
            readAllocations(client, job),
            deploymentOf(client, job),
          ]);
          return ofGroup(allocations, group)
            .map((one) => workerOf(one, zone, deployment, target.workersPerAllocation))
            .filter(({ state }) => state === 'ready');
        }),
      );
      const ready = placed.flat();
      if (label === null) return ready.map((one) => addressOf(one, null));
      forget(ready.length);
      await findAll(
        ready.map(({ id }) => id).filter((id) => !known.has(keyOf(id, label))),
        label,
      );
      return ready.map((one) => addressOf(one, known.get(keyOf(one.id, label)) ?? null));
    },
  };
}

function addressOf({ id, zone, nodeId, workers }: WorkerSeen, place: Place | null): WorkerAddress {
  return { id, zone, nodeId, workers, host: place?.host ?? null, port: place?.port ?? null };
}

/** The port of that label, with its own address; without such a port the address of the first network. */
function placeOf(resources: AllocatedNetworks | null, label: string): Place | null {
  const named = resources?.Shared?.Ports?.find((port) => port.Label === label && (port.HostIP ?? '') !== '');
  if (named !== undefined) return { host: named.HostIP ?? '', port: named.Value };
  const networks = [
    ...(resources?.Shared?.Networks ?? []),
    ...Object.values(resources?.Tasks ?? {}).flatMap((task) => task.Networks ?? []),
  ].filter(({ IP }) => (IP ?? '') !== '');
  for (const { IP, DynamicPorts, ReservedPorts } of networks) {
    const port = [...(DynamicPorts ?? []), ...(ReservedPorts ?? [])].find((one) => one.Label === label);
    if (port !== undefined) return { host: IP ?? '', port: port.Value };
  }
  const [first] = networks;
  return first === undefined ? null : { host: first.IP ?? '', port: null };
}

const keyOf = (id: string, label: string): string => `${id}/${label}`;

const ofGroup = (allocations: Allocation[], group: string): Allocation[] =>
  allocations
    .filter((one) => one.TaskGroup === group && holdsItsNode(one))
    .sort((a, b) => a.CreateIndex - b.CreateIndex);

function placesOf(target: OrchestratorTarget) {
  if (target.kind === 'nomad') return target.targets;
  throw human(`read a target of kind ${target.kind}`, 'this adapter speaks to Nomad only');
}
