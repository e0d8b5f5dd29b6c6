/**
 * A PagerDuty that talks back: incidents that people take and end there, webhooks that may come late and twice, buttons
 * on an incident. It knows what is open whatever the bot believes.
 */
import type { PagerEvent } from '../../../core/message.js';
import type { Millis, Person } from '../../../core/model.js';
import type { PagerPerson } from '../../../core/rota.js';
import type { Directory, IncidentSeen, Incidents, Pager, Queue } from '../../../ports.js';
import type { Random } from '../../random.js';
import { createPagerTwin, type PagerTwin } from '../chat.js';
import type { Truth } from '../truth.js';

export type Button = 'hold-scale-down' | 'run-remedy' | 'add-diagnostics';
export const BUTTONS: Button[] = ['hold-scale-down', 'run-remedy', 'add-diagnostics'];

export interface PagerDuty extends PagerTwin {
  incidents: Incidents;
  directory: Directory;
  /** Those not resolved, oldest first. */
  open(): { id: string; key: string; acknowledged: boolean }[];
  /** Written on incidents so far. */
  notes(): { id: string; text: string }[];
  /** Somebody on call does it there. */
  move(id: string, to: 'acknowledged' | 'resolved', by: string): Promise<void>;
  press(id: string, button: Button, by: string): Promise<void>;
}

interface Incident {
  id: string;
  key: string;
  status: IncidentSeen['status'];
  title: string;
  /** Webhooks of one incident come in order. */
  toldUntil: Millis;
}

/** Ids of people there; the last one has no account in the chat. */
export const ON_CALL = ['PASHA', 'PJONAS', 'PGUEST'];
const PEOPLE: PagerPerson[] = [
  { id: 'PASHA', name: 'Asha', email: 'asha@example.com', timeZone: 'Asia/Kolkata' },
  { id: 'PJONAS', name: 'Jonas', email: 'jonas@example.com', timeZone: 'Europe/Berlin' },
  { id: 'PGUEST', name: 'A guest', email: 'guest@example.net', timeZone: null },
];
const IN_CHAT: Record<string, Person> = {
  'asha@example.com': { id: 'slack:U1', name: 'Asha', timeZone: 'Asia/Kolkata' },
  'jonas@example.com': { id: 'slack:U2', name: 'Jonas', timeZone: 'Europe/Berlin' },
};

export function createPagerDuty(truth: Truth, random: Random, enqueue: Queue['enqueue']): PagerDuty {
  const twin = createPagerTwin(truth);
  const all: Incident[] = [];
  let ids = 0;
  const notes: { id: string; text: string }[] = [];
  const newId = (): string => {
    ids += 1;
    return `Q${ids}`;
  };
  const openOf = (key: string): Incident | undefined =>
    all.find((one) => one.key === key && one.status !== 'resolved');
  const byId = (id: string): Incident | undefined => all.find((one) => one.id === id);

  /** A webhook: mostly at once, sometimes late, sometimes twice. */
  const tell = async (incident: Incident, what: string, agent: PagerPerson | null): Promise<void> => {
    const id = newId();
    const late = random.chance(0.2) ? 1_000 * random.int(120) : 0;
    const due = Math.max(incident.toldUntil, truth.now() + late);
    incident.toldUntil = due;
    const data = {
      v: 1,
      ...{ id, type: `incident.${what}`, at: truth.now() },
      incident: {
        id: incident.id,
        key: random.chance(0.8) ? incident.key : null,
        title: incident.title,
        url: `https://pagerduty.example/incidents/${incident.id}`,
      },
      agent: agent === null ? null : { id: agent.id, name: agent.name },
    };
    for (let time = random.chance(0.1) ? 2 : 1; time > 0; time -= 1)
      await enqueue('pagerduty-event', data, {
        dedupe: `pagerduty-${id}-${time}`,
        delayMs: due - truth.now(),
      });
  };
  const shift = async (one: Incident, to: IncidentSeen['status'], by: PagerPerson | null): Promise<void> => {
    if (one.status === to || one.status === 'resolved') return;
    one.status = to;
    await tell(one, to, by);
  };
  const take = async (event: PagerEvent): Promise<void> => {
    if (event.kind === 'change') return;
    const open = openOf(event.dedupKey);
    if (event.kind === 'trigger') {
      if (open !== undefined) return;
      const { dedupKey: key, summary: title } = event;
      const made: Incident = { id: newId(), key, status: 'triggered', title, toldUntil: 0 };
      all.push(made);
      await tell(made, 'triggered', null);
    } else if (open !== undefined)
      await shift(open, event.kind === 'resolve' ? 'resolved' : 'acknowledged', null);
  };
  const seen = (one: Incident | undefined): IncidentSeen | null =>
    one === undefined ? null : { id: one.id, key: one.key, status: one.status, title: one.title, url: null };
  const personOf = (id: string): PagerPerson | null => PEOPLE.find((one) => one.id === id) ?? null;

  const pager: Pager = {
    async send(event, routingKey) {
      await twin.pager.send(event, routingKey);
      await take(event);
    },
  };
  return {
    events: twin.events,
    pager,
    incidents: {
      get: async (id) => seen(byId(id)),
      byKey: async (key) => seen(openOf(key)),
      async move(id, to, email) {
        const by = PEOPLE.find((one) => one.email === email) ?? null;
        if (email !== null && by === null) return 'unknown-person';
        const found = byId(id);
        if (found !== undefined) await shift(found, to, by);
        return 'done';
      },
      async note(id, text) {
        notes.push({ id, text });
      },
      hasNote: async (id, text) => notes.some((one) => one.id === id && one.text === text),
      person: async (id) => personOf(id),
      personByEmail: async (email) => PEOPLE.find((one) => one.email === email) ?? null,
    },
    directory: {
      groups: async (handles) => Object.fromEntries(handles.map((handle) => [handle, []])),
      contactOf: async (id) => ({ name: id, email: null }),
      byEmail: async (email) => IN_CHAT[email] ?? null,
    },
    open: () =>
      all
        .filter(({ status }) => status !== 'resolved')
        .map(({ id, key, status }) => ({ id, key, acknowledged: status === 'acknowledged' })),
    notes: () => notes,
    async move(id, to, by) {
      const found = byId(id);
      if (found !== undefined) await shift(found, to, personOf(by));
    },
    async press(id, button, by) {
      const found = byId(id);
      if (found === undefined) return;
      const click = newId();
      const key = random.chance(0.8) ? found.key : null;
      const data = { v: 1, id: click, action: button, incident: { id, key }, agent: by };
      await enqueue('pagerduty-action', data, { dedupe: `pagerduty-${click}` });
    },
  };
}
