/** What differs between two plain values, leaf by leaf: 'fleets.ocr.policy.ceiling: 20 → 30'. */
export interface Difference {
  place: string;
  from: string;
  to: string;
}

const NOTHING = 'nothing';

export function differences(before: unknown, after: unknown, place = ''): Difference[] {
  if (Object.is(before, after)) return [];
  if (isTree(before) && isTree(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return names.flatMap((name) =>
      differences(before[name], after[name], place === '' ? name : `${place}.${name}`),
    );
  }
  const [from, to] = [written(before), written(after)];
  return from === to ? [] : [{ place, from, to }];
}

function written(value: unknown): string {
  if (value === undefined) return NOTHING;
  const text = JSON.stringify(value);
  return text.length <= 200 ? text : `${text.slice(0, 199)}…`;
}

/** Lists are compared whole: their places mean nothing by themselves. */
const isTree = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
