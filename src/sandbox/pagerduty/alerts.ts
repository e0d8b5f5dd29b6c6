/**
 * PagerDuty's memory: alerts that open, are acknowledged and end, and changes.
 *
 *            trigger                 acknowledge
 *   (none) ───────────> triggered ───────────────> acknowledged
 *      ^                    │  ^ trigger: stays         │  ^ trigger: stays
 *      │                    │ resolve                   │ resolve
 *      └─── next trigger ── resolved <──────────────────┘
 *
 * An alert is known by its routing key and dedup key together; a trigger after a resolve opens a new one.
 */
import { randomBytes } from 'node:crypto';
import type { Millis } from '../../core/model.js';

export interface Incident {
  id: string;
  dedupKey: string;
  status: 'triggered' | 'acknowledged' | 'resolved';
  summary: string;
  severity: string;
  at: Millis;
}

export interface Change {
  id: string;
  summary: string;
  source: string | null;
  at: Millis;
  details: unknown;
}

interface Kept extends Incident {
  routingKey: string;
}
interface Saved {
  v: 1;
  incidents: Kept[];
  changes: Change[];
}

/** The newest of each are kept. */
const KEPT = 500;

export interface Alerts {
  incidents(): Incident[];
  changes(): Change[];
  trigger(routingKey: string, dedupKey: string, summary: string, severity: string, at: Millis): void;
  /** Of no effect when the alert is not open. */
  move(routingKey: string, dedupKey: string, to: 'acknowledged' | 'resolved'): void;
  change(change: Omit<Change, 'id'>): void;
  save(): Saved;
}

export function createAlerts(saved: unknown): Alerts {
  const known = isSaved(saved) ? saved : { incidents: [], changes: [] };
  const incidents: Kept[] = [...known.incidents];
  const changes: Change[] = [...known.changes];
  const open = (routingKey: string, dedupKey: string): Kept | undefined =>
    incidents.findLast(
      (one) => one.routingKey === routingKey && one.dedupKey === dedupKey && one.status !== 'resolved',
    );
  return {
    incidents: () => incidents.map(({ routingKey: _secret, ...incident }) => incident),
    changes: () => [...changes],
    trigger: (routingKey, dedupKey, summary, severity, at) => {
      if (open(routingKey, dedupKey) !== undefined) return;
      keep(incidents, { id: newId('Q'), dedupKey, status: 'triggered', summary, severity, at, routingKey });
    },
    move: (routingKey, dedupKey, to) => {
      const alert = open(routingKey, dedupKey);
      if (alert !== undefined) alert.status = to;
    },
    change: (change) => keep(changes, { id: newId('C'), ...change }),
    save: () => ({ v: 1, incidents: [...incidents], changes: [...changes] }),
  };
}

function keep<T>(list: T[], item: T): void {
  list.push(item);
  if (list.length > KEPT) list.splice(0, list.length - KEPT);
}

const newId = (letter: string): string => `${letter}${randomBytes(7).toString('hex').toUpperCase()}`;

function isSaved(saved: unknown): saved is Saved {
  return typeof saved === 'object' && saved !== null && (saved as { v?: unknown }).v === 1;
}
