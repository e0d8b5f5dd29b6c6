/**
 * POST /maintenance/notice: a watcher on a VM, or anything else that knows of the cloud's plans, reports
 * `{node, event, deadline}`. A report is proved by a shared secret, put on the queue and answered with 202 at once; what
 * cannot be queued is answered with 503, and the watcher reports again.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Clock, Hook, Log, Queue } from '../../ports.js';

export const NOTICE_PATH = '/maintenance/notice';
export const NOTICE_HEADER = 'x-muster-maintenance';

const BODY_BYTES = 16 * 1024;

/** Seconds since 1970, or a time with its zone; absent where the reporter does not know. */
const hour = z
  .union([
    z
      .number()
      .positive()
      .max(1e11)
      .transform((seconds) => seconds * 1_000),
    z.iso.datetime({ offset: true }).transform((text) => Date.parse(text)),
  ])
  .nullish();

const reportShape = z.object({
  node: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/, 'must be the name of a VM or the id of a node'),
  /** NONE takes a notice back. */
  event: z.string().regex(/^[A-Za-z0-9_ -]{1,80}$/, 'must be a word such as TERMINATE_ON_HOST_MAINTENANCE'),
  deadline: hour,
});

export function createNoticeRoute(options: {
  secret: string;
  enqueue: Queue['enqueue'];
  clock: Pick<Clock, 'now'>;
  /** Why this process does nothing for now; null: it works. */
  rests(): string | null;
  log: Log;
}): Hook {
  const { log } = options;
  const take: Hook['take'] = async (headers, raw) => {
    const given = headers[NOTICE_HEADER];
    if (typeof given !== 'string' || !isSame(given, options.secret)) {
      log.warn({ peer: 'watcher' }, 'refused a maintenance notice: its secret is not ours');
      return [401, { error: `the header ${NOTICE_HEADER} does not hold the secret` }];
    }
    if (raw === null) return [413, { error: `a report has ${BODY_BYTES} bytes at most` }];
    const parsed = reportShape.safeParse(json(raw));
    if (!parsed.success) {
      const wrong = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`);
      return [400, { error: wrong.join('; ') }];
    }
    // Its hour counts from now: whoever's clock is wrong leaves it to another one, or to the next report.
    const resting = options.rests();
    if (resting !== null) return [503, { error: resting }];
    const { node, event, deadline } = parsed.data;
    const data = {
      v: 1,
      node: nameOf(node),
      event,
      deadlineAt: deadline ?? null,
      heardAt: options.clock.now(),
    };
    await options.enqueue('notice', data, { dedupe: `notice-${data.node}` });
    return [202, { ok: true }];
  };
  return { peer: 'watcher', path: NOTICE_PATH, mostBytes: BODY_BYTES, take };
}

/** A host name's first label is the VM's name. */
const nameOf = (node: string): string => (/^[0-9a-f-]{36}$/.test(node) ? node : (node.split('.')[0] ?? node));

/** Takes the same time whatever was sent. */
function isSame(given: string, expected: string): boolean {
  const [a, b] = [given, expected].map((text) => createHmac('sha256', 'compare').update(text).digest());
  return timingSafeEqual(a as Buffer, b as Buffer);
}

function json(raw: Buffer): unknown {
  try {
    return JSON.parse(raw.toString('utf8'));
  } catch {
    return null;
  }
}
