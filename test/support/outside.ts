import { ok } from 'node:assert/strict';
import { OutsideError } from '../../src/errors.js';

/** The OutsideError that a promise ends with; fails the test when it ends otherwise. */
export async function outsideError(promise: Promise<unknown>): Promise<OutsideError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  ok(error instanceof OutsideError, `expected an OutsideError, got ${String(error)}`);
  return error;
}
