/**
 * Images of 7 GB: a node takes minutes to pull one, and some are bad. How an image behaves stands in its tag: `bad…` runs
 * and never becomes healthy, `crash…` dies at its start, `missing…` is not in the registry, `hollow…` looks healthy to the
 * orchestrator and has no model loaded; everything else is good.
 */
import { createHash } from 'node:crypto';
import type { Millis } from '../../core/model.js';
import type { ClusterState, SimUpdate, SimVm } from './state.js';
import type { Timing } from './timing.js';

export type Nature = 'good' | 'unhealthy' | 'crashing' | 'missing' | 'hollow';

/** The largest moment there is; it outlives JSON, which infinity does not. */
export const NEVER: Millis = 8.64e15;

/** What a fleet's workers run before anybody deployed anything. */
export const firstImage = (fleet: string): string => `registry.example/${fleet}:1`;

/** What people wrote into a job: not what a rollout needs, so that it must be given back. */
export const FIRST_UPDATE: SimUpdate = {
  maxParallel: 2,
  canary: 1,
  autoPromote: true,
  autoRevert: true,
  stagger: 30_000_000_000,
};

export function natureOf(image: string): Nature {
  const tag = image.slice(image.lastIndexOf(':') + 1);
  if (tag.startsWith('bad')) return 'unhealthy';
  if (tag.startsWith('crash')) return 'crashing';
  if (tag.startsWith('hollow')) return 'hollow';
  return tag.startsWith('missing') ? 'missing' : 'good';
}

/** The last lines of a worker of that image. */
export function logOf(image: string): string {
  switch (natureOf(image)) {
    case 'unhealthy':
      return `loading model weights\nerror: CUDA error: no kernel image is available for execution on the device\nhealth: model not loaded (${image})`;
    case 'crashing':
      return `Traceback (most recent call last):\n  File "serve.py", line 12, in <module>\nImportError: libcudnn.so.9: cannot open shared object file`;
    case 'missing':
      return `Failed to pull ${image}: manifest unknown`;
    case 'hollow':
      return 'loading model weights\nwarning: weights not found, serving without a model';
    case 'good':
      return 'loading model weights\nmodel loaded\nhealth: ok';
  }
}

/** Nodes that came up hold their fleet's image; then every node pulls what is asked for. */
export function holdImages(state: ClusterState, timing: Timing): void {
  for (const vm of state.vms) {
    if (vm.state !== 'ready') continue;
    const own = state.jobs.find((job) => job.id === vm.group);
    if (vm.images.length === 0 && own !== undefined)
      vm.images.push({ image: own.image, presentAt: state.now });
    const asked = state.prepulls.find((one) => one.job === vm.group);
    if (asked !== undefined) pull(state, vm, asked.image, timing);
  }
}

/** When the node has it (now, if it is there); a failed pull has no moment and counts as never. */
export function pull(state: ClusterState, vm: SimVm, image: string, timing: Timing): Millis {
  const known = vm.images.find((one) => one.image === image);
  if (known !== undefined) return Math.max(state.now, known.presentAt ?? NEVER);
  // The first workers run from the first moment on: nothing is pulled for them.
  const first = vm.images.length === 0;
  const missing = natureOf(image) === 'missing';
  const presentAt = missing ? null : first ? state.now : state.now + pullMs(vm, image, timing);
  vm.images.push({ image, presentAt });
  return presentAt ?? NEVER;
}

/** From the placement until it is known to be unhealthy. */
export function failureMs(nature: Nature, pulling: Millis, timing: Timing): Millis {
  if (nature === 'missing') return 30_000;
  // Three starts, fifteen seconds apart.
  return pulling + (nature === 'crashing' ? 45_000 : timing.healthyDeadlineMs);
}

/** A cluster that was saved before there were images, or canaries. */
export function upgraded(state: ClusterState): ClusterState {
  state.prepulls ??= [];
  for (const job of state.jobs) {
    job.image ??= firstImage(job.fleet);
    job.update ??= { ...FIRST_UPDATE };
    job.held ??= null;
    job.sticky ??= false;
    const update = { ...job.update };
    const { version, image, count, submittedAt: at } = job;
    job.versions ??= [{ version, image, count, stable: true, at, update }];
    for (const one of job.versions) {
      one.update ??= update;
      one.count ??= job.count;
    }
  }
  for (const one of state.deployments) {
    one.desiredCanaries ??= 0;
    one.promoted ??= false;
    one.autoPromote ??= false;
    one.autoRevert ??= false;
    one.canaries ??= [];
  }
  for (const vm of state.vms) vm.images ??= [];
  for (const one of state.allocations) {
    one.image ??= state.jobs.find((job) => job.id === one.job)?.image ?? '';
    one.failsAt ??= null;
  }
  return state;
}

/** From 0.6 to 1.4 of the mean, the same each time for a node and an image. */
function pullMs(vm: SimVm, image: string, timing: Timing): Millis {
  const dice = createHash('sha256').update(`${vm.id}:${image}`).digest().readUInt32BE(0) / 2 ** 32;
  return Math.round(timing.pullMs * (0.6 + 0.8 * dice));
}
