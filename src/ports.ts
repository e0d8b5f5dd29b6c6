/**
 * The outside world as a page of small interfaces. Readers and actors are apart: commands get readers, Store and Queue
 * only; jobs get actors through perform.ts. Every method may throw an OutsideError and nothing else.
 */
export type * from './ports/chat.js';
export type * from './ports/jobs.js';
export type * from './ports/metrics.js';
export type * from './ports/node-groups.js';
export type * from './ports/orchestrator.js';
export type * from './ports/pager.js';
export type * from './ports/rollouts.js';
export type * from './ports/store.js';
