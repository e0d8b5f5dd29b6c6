/** A person's word over the loop's, until its end. */
import type { DecisionSummary, Millis, Override } from './model.js';
import type { Step } from './stabilize.js';

/** In force from when it is stored: the clock that it was typed by may be a little ahead. */
export const openOverride = (override: Override | null, now: Millis): Override | null =>
  override !== null && now < override.until ? override : null;

export function applyOverride(wanted: number, override: Override | null): Step {
  if (override === null) return { count: wanted };
  const { kind, workers, id } = override;
  if (kind === 'pin') return { count: workers, reason: { code: 'override-pin', workers, wanted, id } };
  if (kind === 'floor' && wanted < workers) {
    return { count: workers, reason: { code: 'override-floor', workers, wanted, id } };
  }
  if (kind === 'ceiling' && wanted > workers) {
    return { count: workers, reason: { code: 'override-ceiling', workers, wanted, id } };
  }
  return { count: wanted };
}

/** The override, when the newest decision had come out higher without it; null otherwise. */
export function heldBelow(
  override: Override | null,
  latest: Pick<DecisionSummary, 'reasons'> | null,
): Override | null {
  const isHeld = latest?.reasons.some(
    (reason) =>
      (reason.code === 'override-pin' || reason.code === 'override-ceiling') &&
      reason.id === override?.id &&
      reason.workers < reason.wanted,
  );
  return isHeld === true ? override : null;
}
