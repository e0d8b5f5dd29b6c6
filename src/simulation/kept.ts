/**
 * A value as a store would keep it: without members that are undefined, detached from what the caller goes on editing, and
 * frozen, so that every reader may have the same one. Whoever edits it in place fails at once. What is frozen already is
 * kept as it is.
 * Throws on a number that JSON cannot keep.
 */
export function kept<T>(value: T): T {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Error(`${value} cannot be stored`);
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  if (Array.isArray(value)) return Object.freeze(value.map(kept)) as T;
  const copy = { ...value } as Record<string, unknown>;
  for (const key in copy) {
    const member = copy[key];
    if (member === undefined) delete copy[key];
    else if (typeof member === 'object' || typeof member === 'number') copy[key] = kept(member);
  }
  return Object.freeze(copy) as T;
}

/** The same for what its maker hands over and edits no more: frozen in place, members that are undefined stay. */
export function frozen<T>(value: T): T {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Error(`${value} cannot be stored`);
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const key in value) frozen(value[key]);
  return Object.freeze(value);
}
