import { newerRecord } from './errors.js';

/** The newest schema version of stored records that this Muster reads and writes. */
const KNOWN_VERSION = 1;

/**
 * JSON as stored, or null. A record of a newer schema is no record to act on, and absent would be worse: it is an error
 * of class human, nothing is written over it, and a newer replica goes on.
 */
export function parseStored<T extends { v: number }>(json: string | null, tried: string): T | null {
  if (json === null) return null;
  const value = JSON.parse(json) as T;
  if (value.v > KNOWN_VERSION) throw newerRecord(tried, value.v);
  return value;
}
