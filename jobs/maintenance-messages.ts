/** What one step of a node's maintenance says, pages and leaves in the audit trail. */
import type { FleetConfig } from '../src/config.js';
import type { MaintenanceState } from '../src/core/maintenance/state.js';
import type { OutboxRow, PagerEvent } from '../src/core/message.js';
import type { Millis } from '../src/core/model.js';
import { maintenanceKey } from '../src/core/paged.js';
import { maintenanceAsk, maintenanceMessage } from '../src/core/views/maintenance.js';
import type { AuditEntry } from '../src/ports.js';
import { row } from './messages.js';

/** Requests that no hour presses: the work has left already. */
const HARMLESS = new Set(['never-returned', 'unhealthy', 'not-replaced', 'empty']);

export interface Told {
  outbox: OutboxRow[];
  pager: PagerEvent[];
  audit?: AuditEntry;
}

/** `before` is null when the maintenance is new. */
export function maintenanceStep(
  fleet: FleetConfig,
  id: string,
  before: MaintenanceState | null,
  after: MaintenanceState,
  now: Millis,
): Told {
  const outbox: OutboxRow[] = [];
  const message = maintenanceMessage(fleet.name, after);
  const was = before === null ? null : maintenanceMessage(fleet.name, before);
  if (JSON.stringify(was) !== JSON.stringify(message)) {
    const priority = after.phase === 'over' || before === null ? 'notice' : 'progress';
    outbox.push(row(fleet.channel, `maintenance-${id}`, fleet.name, priority, now, message));
  }
  const { asked } = after;
  if (asked !== null && before?.asked?.why !== asked.why) {
    const ask = maintenanceAsk(fleet.name, after, asked);
    outbox.push(row(fleet.channel, `maintenance-${id}-${asked.why}`, fleet.name, 'alert', now, ask));
  }
  const audit = auditOf(fleet, id, before, after, now);
  return { outbox, pager: pagesOf(fleet, id, before, after, now), ...(audit === null ? {} : { audit }) };
}

function pagesOf(
  fleet: FleetConfig,
  id: string,
  before: MaintenanceState | null,
  after: MaintenanceState,
  now: Millis,
): PagerEvent[] {
  const { node, asked } = after;
  const details = {
    node: node.name,
    zone: node.zone,
    workers: after.workers,
    phase: after.phase,
    stopsAt: isoOf(after.deadlineAt),
    helpsUntil: isoOf(asked?.by ?? null),
    detail: asked?.detail ?? null,
  };
  const page = (kind: 'trigger' | 'resolve', summary: string): PagerEvent => ({
    v: 1,
    kind,
    fleet: fleet.name,
    dedupKey: maintenanceKey(fleet.name, id),
    summary,
    severity: asked !== null && HARMLESS.has(asked.why) ? 'warning' : 'error',
    details,
    at: now,
    ...(asked === null ? {} : { message: { channel: fleet.channel, key: `maintenance-${id}-${asked.why}` } }),
  });
  const change = (part: string, summary: string): PagerEvent => ({
    v: 1,
    kind: 'change',
    fleet: fleet.name,
    id: `maintenance-${id}-${part}`,
    summary,
    details,
    at: now,
  });
  const events: PagerEvent[] = [];
  if (before?.phase === 'waiting' && after.phase === 'fencing')
    events.push(change('begin', `${fleet.name}: ${node.name} is taken out for maintenance`));
  if (after.phase === 'over' && before?.phase !== 'over' && before?.phase !== 'waiting')
    events.push(change('end', maintenanceMessage(fleet.name, after).summary));
  if (asked !== null && before?.asked?.why !== asked.why)
    events.push(page('trigger', maintenanceAsk(fleet.name, after, asked).summary));
  if (asked === null && before?.asked != null)
    events.push(page('resolve', `${fleet.name}: ${node.name} needs nobody any more`));
  return events;
}

function auditOf(
  fleet: FleetConfig,
  id: string,
  before: MaintenanceState | null,
  after: MaintenanceState,
  now: Millis,
): AuditEntry | null {
  if (before?.phase === after.phase) return null;
  return {
    at: now,
    by: { id: 'muster', name: 'Muster' },
    action: `maintenance-${after.phase}`,
    fleet: fleet.name,
    ids: { maintenance: id, node: after.node.name },
    detail: { event: after.event, stopsAt: isoOf(after.deadlineAt), outcome: after.outcome },
  };
}

const isoOf = (at: Millis | null): string | null => (at === null ? null : new Date(at).toISOString());
