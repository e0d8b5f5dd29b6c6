/** A verb answers from what it has when a peer is silent, and names the peer. */
import { OutsideError } from '../src/errors.js';

export type Tried<T> = { ok: true; value: T } | { ok: false; error: OutsideError };

/** Turns a peer's failure into a value; a mistake of Muster's own still throws. */
export async function patiently<T>(asked: Promise<T>): Promise<Tried<T>> {
  try {
    return { ok: true, value: await asked };
  } catch (error) {
    if (error instanceof OutsideError) return { ok: false, error };
    throw error;
  }
}

/** 'nomad does not answer (timeout): workers are shown as last known.' */
export function silence(error: OutsideError, consequence: string): string {
  return `⚠ ${error.peer} does not answer as it should (${error.why}): ${consequence}.`;
}
