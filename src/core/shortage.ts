import { type Decision, type Millis, type Shortage, target } from './model.js';

/**
 * The shortage after a decision; null: there is none. One that began goes on while the need is unknown, and while the count
 * stays below it for whatever reason.
 */
export function shortageAfter(
  { id, at, decision }: { id: string; at: Millis; decision: Decision },
  open: Shortage | null,
): Shortage | null {
  if (decision.shortOf > 0) return open ?? { id, since: at };
  const { need } = decision.numbers;
  return open !== null && (need === null || target(decision) < need) ? open : null;
}
