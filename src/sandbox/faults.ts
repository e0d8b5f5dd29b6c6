/** The faults that people and tests set on a stand-in, each until a time of the Muster clock. The newest of a target counts. */
import { randomUUID } from 'node:crypto';
import type { Millis } from '../core/model.js';
import type { Fault, FaultKind, FaultTarget } from './context.js';

export interface Faults {
  /** As the peer knows it: a kind that means nothing to it is an error there. */
  open(target: FaultTarget): Fault | null;
  all(): Fault[];
  start(target: FaultTarget, kind: FaultKind, seconds: number): Fault;
  /** False when there is no such fault, or it is over already. */
  end(id: string): boolean;
}

/** No fault outlives a simulated week: a forgotten one must not spoil a sandbox for ever. */
export const LONGEST_FAULT_SECONDS = 7 * 86_400;

const COMMON: FaultKind[] = ['down', 'slow', 'error'];
const KNOWN: Record<FaultTarget, FaultKind[]> = {
  slack: [...COMMON, 'ratelimit'],
  pagerduty: [...COMMON, 'ratelimit'],
  nomad: [...COMMON, 'ratelimit', 'stale'],
  rabbitmq: [...COMMON, 'stale', 'nostats'],
  prometheus: [...COMMON, 'ratelimit', 'stale', 'nostats'],
  redis: COMMON,
  workers: [...COMMON, 'stale', 'nostats'],
};

export function createFaults(now: () => Millis): Faults {
  let faults: Fault[] = [];
  const dropEnded = () => {
    const at = now();
    if (faults.some((fault) => fault.until <= at)) faults = faults.filter((fault) => fault.until > at);
  };
  return {
    open: (target) => {
      if (faults.length === 0) return null;
      dropEnded();
      const newest = faults.findLast((fault) => fault.target === target);
      if (newest === undefined) return null;
      return KNOWN[target].includes(newest.kind) ? newest : { ...newest, kind: 'error' };
    },
    all: () => {
      dropEnded();
      return [...faults];
    },
    start: (target, kind, seconds) => {
      const fault = { id: randomUUID(), target, kind, until: now() + seconds * 1_000 };
      faults.push(fault);
      return fault;
    },
    end: (id) => {
      dropEnded();
      const found = faults.some((fault) => fault.id === id);
      faults = faults.filter((fault) => fault.id !== id);
      return found;
    },
  };
}
