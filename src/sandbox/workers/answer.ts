/** What workers say of themselves, as it goes out: over HTTP, or in a file. */
import type { SlotHealth } from '../../core/health/state.js';

/** Where the workers of this sandbox are asked, for a fleet's `health.url`. */
export const HEALTH_URL = 'http://{address}:{port}/{worker}/health';
/** Where they write it instead, for a fleet's `health.file`. */
export const HEALTH_FILE = 'alloc/health.json';

export function shown(slots: SlotHealth[]): object {
  const all = slots.map(({ lastSuccessAt, ...rest }) => ({
    ...rest,
    lastSuccessAt: lastSuccessAt === null ? null : new Date(lastSuccessAt).toISOString(),
  }));
  const [first] = all;
  return all.length === 1 && first !== undefined ? first : { slots: all };
}
