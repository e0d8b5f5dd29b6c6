/**
 * What every stand-in gets from the world: the Muster clock, the faults that people and tests set, and a place to record
 * the mutating requests it received. Stand-ins speak their peer's wire protocol on loopback and know nothing else.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Millis } from '../core/model.js';
import type { Clock } from '../ports.js';

export type FaultTarget = 'slack' | 'pagerduty' | 'nomad' | 'rabbitmq' | 'prometheus' | 'redis' | 'workers';
export type FaultKind = 'down' | 'slow' | 'error' | 'ratelimit' | 'stale' | 'nostats';

export interface Fault {
  id: string;
  target: FaultTarget;
  kind: FaultKind;
  until: Millis;
}

/** A mutating request that a stand-in received: GET /_sandbox/state shows these. */
export interface Call {
  at: Millis;
  target: FaultTarget | 'gce';
  method: string;
  path: string;
  decisionId: string | null;
  status: number;
}

export interface WorldContext {
  clock: Clock;
  /** The open fault of a target, if any. */
  fault(target: FaultTarget): Fault | null;
  record(call: Omit<Call, 'at'>): void;
}

/** A running stand-in. `save` and `restore` take plain JSON, so that the world can go on after a restart. */
export interface StandIn {
  url: string;
  close(): Promise<void>;
  save(): unknown;
}

/**
 * The faults that look alike for every HTTP peer. True: the request is dealt with.
 * down: the connection is cut; slow: the answer hangs for 30 s of machine time, then the connection is cut; error: 500.
 * ratelimit, stale and nostats mean something else to each peer, so each handles them itself. What `isChange` takes for a
 * mutating request is recorded also when it is answered with an error; its body is not read.
 */
export async function commonFault(
  context: WorldContext,
  faultTarget: FaultTarget,
  request: IncomingMessage,
  response: ServerResponse,
  isChange: (method: string, path: string) => boolean = () => false,
): Promise<boolean> {
  const fault = context.fault(faultTarget);
  if (fault === null) return false;
  if (fault.kind === 'down') {
    request.socket.destroy();
    return true;
  }
  if (fault.kind === 'slow') {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, 30_000);
      timer.unref();
      request.socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
    });
    request.socket.destroy();
    return true;
  }
  if (fault.kind === 'error') {
    response.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' });
    response.end('simulated failure');
    const { method = 'GET', url = '/' } = request;
    const path = url.split('?')[0]!;
    if (isChange(method, path))
      context.record({ target: faultTarget, method, path, decisionId: null, status: 500 });
    return true;
  }
  return false;
}
