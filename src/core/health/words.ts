import type { Illness } from './state.js';

/** After the name of a worker: 'worker 1a2b3c4d has no model loaded'. */
export const ILLNESS_WORDS: Record<Illness, string> = {
  device: 'has a device that does not work',
  'no-model': 'has no model loaded',
  stuck: 'takes work and finishes none',
  silent: 'does not say how it is',
  waits: 'holds work for long',
};
