/** Who is called, and what comes back from there. */
import type { PagerEvent } from '../core/message.js';
import type { Millis } from '../core/model.js';
import type { Duty, PagerPerson } from '../core/rota.js';

export interface Pager {
  /** Idempotent by the event's key. `routingKey`: the fleet's own; null: the one for fleets without. */
  send(event: PagerEvent, routingKey: string | null): Promise<void>;
  /** Whether there is a key to send by. Absent: always. */
  reaches?(routingKey: string | null): boolean;
}

/** The pager's rota. */
export interface Rota {
  /** Every turn that touches the time; null: the fleet names no escalation policy. */
  duties(fleet: string, from: Millis, to: Millis): Promise<Duty[] | null>;
}

export interface IncidentSeen {
  /** The pager's own id. */
  id: string;
  /** The dedup key of the alert it was opened for; null when somebody opened it by hand. */
  key: string | null;
  status: 'triggered' | 'acknowledged' | 'resolved';
  title: string;
  /** Its page, for people. */
  url: string | null;
}

/** What the pager knows of incidents and people, and what may be done to an incident there. */
export interface Incidents {
  /** By the pager's id; null when there is none. */
  get(id: string): Promise<IncidentSeen | null>;
  /** The open one of this dedup key. */
  byKey(dedupKey: string): Promise<IncidentSeen | null>;
  /** In the name of this address; 'unknown-person': the pager knows no such person, and nothing was done. One that is there already is 'done'. */
  move(id: string, to: 'acknowledged' | 'resolved', email: string | null): Promise<'done' | 'unknown-person'>;
  note(id: string, text: string): Promise<void>;
  /** Whether the incident has a note of exactly these words. */
  hasNote(id: string, text: string): Promise<boolean>;
  person(id: string): Promise<PagerPerson | null>;
  personByEmail(email: string): Promise<PagerPerson | null>;
}

/** A request by which a peer tells the bot something over HTTP, apart from the server that takes it. */
export interface Hook {
  peer: string;
  path: string;
  mostBytes: number;
  /** `body` is null when it is larger. Gives the answer's status and body; a throw is answered so that the peer comes again. */
  take(
    headers: Record<string, string | string[] | undefined>,
    body: Buffer | null,
  ): Promise<[status: number, body: object]>;
}
