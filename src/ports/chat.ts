/** Where people talk, who they are, and whether all of it is reachable. */
import type { Contact } from '../core/access.js';
import type { ChartSpec } from '../core/chart.js';
import type { OutboxRow } from '../core/message.js';
import type { Person } from '../core/model.js';

export interface ChatRef {
  channel: string;
  ts: string;
}

export interface Chat {
  post(row: OutboxRow): Promise<ChatRef>;
  update(ref: ChatRef, row: OutboxRow): Promise<void>;
  reply(ref: ChatRef, row: OutboxRow, index: number): Promise<ChatRef>;
  /** The message of this row's key that an earlier, unanswered post left behind, if any. */
  find(row: OutboxRow): Promise<ChatRef | null>;
  /** The message's address, for people; null when there is none. */
  permalink?(ref: ChatRef): Promise<string | null>;
}

export interface Charts {
  /** The picture as PNG, the same on every machine. */
  png(chart: ChartSpec): Promise<Uint8Array>;
}

/** Who is on call right now, from the pager's rota. */
export interface OnCall {
  /** For the service of this fleet; null: for all. Empty: nobody. */
  now(fleet: string | null): Promise<Contact[]>;
}

/** The chat's own knowledge of people. */
export interface Directory {
  /** Members of these user groups by handle, as user ids; a handle that does not exist has none. */
  groups(handles: string[]): Promise<Record<string, string[]>>;
  /** A person by user id; the id stands for the name when it is not known. */
  contactOf(userId: string): Promise<Contact>;
  /** Whose address this is; null: nobody who may use the bot. */
  byEmail(email: string): Promise<Person | null>;
}

export interface CheckResult {
  /** 'Slack: token', 'Redis: persistence' … */
  what: string;
  ok: boolean;
  /** What was found, in words; it never holds a secret. */
  detail: string;
  /** What to do about it, when something is to be done. */
  fix?: string;
  /** Muster works without it, only less well. */
  optional?: boolean;
}

/** What `doctor` looks at outside. Never throws: a peer that does not answer is a result. */
export interface Checks {
  run(): Promise<CheckResult[]>;
}
