/**
 * PagerDuty's memory: alerts that open, are acknowledged and end, their notes, and changes.
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

export interface Note {
  by: string;
  text: string;
  at: Millis;
}

export interface Incident {
  id: string;
  dedupKey: string;
  status: 'triggered' | 'acknowledged' | 'resolved';
  summary: string;
  severity: string;
  at: Millis;
  number: number;
  /** Who moved it last, by name; null: the integration did. */
  by: string | null;
  links: { href: string; text: string }[];
  notes: Note[];
}

export interface Change {
  id: string;
  summary: string;
  source: string | null;
  at: Millis;
  details: unknown;
}

/** What happened to an incident, for the webhooks. `agent` is the id of the user who did it; null: the integration. */
export interface Happened {
  what: 'triggered' | 'acknowledged' | 'resolved' | 'annotated';
  incident: Incident;
  agent: string | null;
}

export type Moved = 'done' | 'same' | 'over';

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
  incident(id: string): Incident | null;
  changes(): Change[];
  trigger(
    routingKey: string,
    dedupKey: string,
    summary: string,
    severity: string,
    at: Millis,
    links?: Incident['links'],
  ): void;
  /** Of no effect when the alert is not open. */
  move(routingKey: string, dedupKey: string, to: 'acknowledged' | 'resolved'): void;
  /** By a person. 'over': it is resolved. */
  moveById(
    id: string,
    to: 'acknowledged' | 'resolved',
    by: { id: string; name: string },
  ): Moved | 'no-incident';
  /** False when there is no such incident. */
  note(id: string, note: Note, agent: string): boolean;
  change(change: Omit<Change, 'id'>): void;
  save(): Saved;
}

export function createAlerts(saved: unknown, tell: (happened: Happened) => void = () => {}): Alerts {
  const known = isSaved(saved) ? saved : { incidents: [], changes: [] };
  const incidents: Kept[] = known.incidents.map((one, index) => ({
    // Saves of before there were notes.
    ...{ ...EMPTY, number: index + 1 },
    ...one,
  }));
  const changes: Change[] = [...known.changes];
  const open = (routingKey: string, dedupKey: string): Kept | undefined =>
    incidents.findLast(
      (one) => one.routingKey === routingKey && one.dedupKey === dedupKey && one.status !== 'resolved',
    );
  const shift = (one: Kept, to: 'acknowledged' | 'resolved', by: { id: string; name: string } | null) => {
    if (one.status === to) return;
    one.status = to;
    one.by = by?.name ?? null;
    tell({ what: to, incident: shown(one), agent: by?.id ?? null });
  };
  return {
    incidents: () => incidents.map(shown),
    incident: (id) => {
      const found = incidents.find((one) => one.id === id);
      return found === undefined ? null : shown(found);
    },
    changes: () => [...changes],
    trigger: (routingKey, dedupKey, summary, severity, at, links = []) => {
      if (open(routingKey, dedupKey) !== undefined) return;
      const number = (incidents.at(-1)?.number ?? 0) + 1;
      const told = { dedupKey, summary, severity, at, number, links };
      keep(incidents, { ...EMPTY, notes: [], id: newId('Q'), status: 'triggered', ...told, routingKey });
      tell({ what: 'triggered', incident: shown(incidents.at(-1)!), agent: null });
    },
    move: (routingKey, dedupKey, to) => {
      const alert = open(routingKey, dedupKey);
      if (alert !== undefined) shift(alert, to, null);
    },
    moveById: (id, to, by) => {
      const found = incidents.find((one) => one.id === id);
      if (found === undefined) return 'no-incident';
      if (found.status === 'resolved') return 'over';
      if (found.status === to) return 'same';
      shift(found, to, by);
      return 'done';
    },
    note: (id, note, agent) => {
      const found = incidents.find((one) => one.id === id);
      if (found === undefined) return false;
      found.notes = [...found.notes, note].slice(-MOST_NOTES);
      tell({ what: 'annotated', incident: shown(found), agent });
      return true;
    },
    change: (change) => keep(changes, { id: newId('C'), ...change }),
    save: () => ({ v: 1, incidents: [...incidents], changes: [...changes] }),
  };
}

/** The service's key in a save, so that a restart can still end what was opened before; null: nothing was. */
export const routingKeyIn = (saved: unknown): string | null =>
  isSaved(saved) ? (saved.incidents.at(-1)?.routingKey ?? null) : null;

/** PagerDuty's own limit of notes is far higher; a page need not show them all. */
const MOST_NOTES = 50;
const EMPTY = { by: null, links: [], notes: [] };

const shown = ({ routingKey: _secret, ...incident }: Kept): Incident => ({
  ...incident,
  notes: [...incident.notes],
});

function keep<T>(list: T[], item: T): void {
  list.push(item);
  if (list.length > KEPT) list.splice(0, list.length - KEPT);
}

const newId = (letter: string): string => `${letter}${randomBytes(7).toString('hex').toUpperCase()}`;

function isSaved(saved: unknown): saved is Saved {
  return typeof saved === 'object' && saved !== null && (saved as { v?: unknown }).v === 1;
}
