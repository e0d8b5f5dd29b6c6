import { announce } from './announce.js';
import { converge } from './converge.js';
import { evaluate } from './evaluate.js';
import type { Job } from './job.js';
import { observe } from './observe.js';
import { tick } from './tick.js';
import { watchdog } from './watchdog.js';

/** Every job there is. */
export const jobs = [tick, observe, evaluate, converge, announce, watchdog] as unknown as Job<unknown>[];
