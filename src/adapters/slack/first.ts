/**
 * Is this request the first of its kind? The memory that all replicas share is asked, but nobody waits for it longer than
 * Slack waits for an acknowledgement: without its answer this process's own memory holds.
 */
import type { Log } from '../../ports.js';

/** Slack gives an acknowledgement three seconds and Muster takes one, in which a form asks twice. Machine time. */
export const PATIENCE_MS = 400;
/** A signature is valid from five minutes before to five minutes after its time. */
const REMEMBERED_MS = 600_000;

interface Shared {
  /** True for the first caller of an id within the time; shared by all replicas. */
  once(id: string, ttlMs: number): Promise<boolean>;
  log: Log;
}

const local = new Map<string, number>();

/** What changes something needs the store anyway, which decides by versions and ids of its own. */
export async function isFirst(id: string, { once, log }: Shared): Promise<boolean> {
  const now = Date.now();
  for (const [old, at] of local) {
    if (now - at < REMEMBERED_MS) break;
    local.delete(old);
  }
  if (local.has(id)) return false;
  local.set(id, now);
  try {
    const first = await withinPatience(once(id, REMEMBERED_MS));
    if (first !== null) return first;
    log.warn({ peer: 'slack' }, `the shared memory took longer than ${PATIENCE_MS} ms`);
  } catch (error) {
    log.warn({ peer: 'slack', error: String(error) }, 'replays are checked by this process alone for now');
  }
  return true;
}

/** null: no answer yet; the work goes on. */
export async function withinPatience<T>(work: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), PATIENCE_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
