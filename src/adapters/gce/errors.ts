import { z } from 'zod';
import { type OutsideClass, OutsideError, type OutsideWhy, retryAfterOf } from '../../errors.js';

const errorShape = z.object({
  error: z.object({
    message: z.string().nullish(),
    errors: z.array(z.object({ reason: z.string().nullish() })).nullish(),
  }),
});

/** An error of the Compute API: JSON with a reason; a front end may answer with something else. */
export function refusal(
  tried: string,
  status: number,
  text: string,
  retryAfter: string | null = null,
): OutsideError {
  let reason = '';
  let message = '';
  try {
    const { error } = errorShape.parse(JSON.parse(text));
    reason = error.errors?.[0]?.reason ?? '';
    message = (error.message ?? '').slice(0, 300);
  } catch {
    message = 'no reason given';
  }
  const detail = `${status}${reason === '' ? '' : ` ${reason}`}: ${message}`;
  const retryAfterMs = retryAfterOf(retryAfter);
  return new OutsideError('gce', tried, detail, {
    ...{ ...classify(status, reason), status },
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
  });
}

/** What an operation says went wrong: a quota needs people, an exhausted zone passes. */
export function operationFailed(tried: string, code: string, message: string): OutsideError {
  const needsPeople = code.includes('QUOTA') || code.includes('PERMISSION');
  return new OutsideError('gce', tried, `${code}: ${message.slice(0, 300)}`, {
    class: needsPeople ? 'human' : 'wait',
    why: 'refused',
  });
}

export function human(tried: string, detail: string): OutsideError {
  return new OutsideError('gce', tried, detail, { class: 'human', why: 'refused' });
}

function classify(status: number, reason: string): { class: OutsideClass; why: OutsideWhy } {
  if (status === 429 || /rateLimitExceeded/i.test(reason)) return { class: 'retry', why: 'rate-limited' };
  if (status === 409 || reason === 'resourceNotReady' || reason === 'resourceInUseByAnotherResource') {
    return { class: 'wait', why: 'refused' };
  }
  if (status === 412) return { class: 'refetch', why: 'refused' };
  if (status >= 500) return { class: 'retry', why: 'error' };
  return { class: 'human', why: 'refused' };
}
