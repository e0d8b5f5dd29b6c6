import type { FleetConfig } from './config.js';
/** Placeholder for the types that jobs need; the composition grows here. */
export interface JobContext {
  fleets: FleetConfig[];
  signal: AbortSignal;
}
