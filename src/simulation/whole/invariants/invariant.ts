/** What an invariant is. */
import type { EventKind, WholeEvent } from '../event.js';
import type { Truth } from '../truth.js';

export type Of<K extends EventKind> = Extract<WholeEvent, { kind: K }>;
/** A sentence when the invariant is broken by this event, else null. */
export type Watch = { [K in EventKind]?: (event: Of<K>) => string | null };

export interface Invariant {
  name: string;
  says: string;
  watch(truth: Truth): Watch;
}
