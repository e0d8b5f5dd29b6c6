/**
 * What Muster says, free of any vendor: commands and jobs make these, the Slack adapter makes Block Kit of them, the
 * shell makes plain text, PagerDuty takes the summary. User text stays raw here; each renderer escapes for its medium.
 */
import type { ChartSpec } from './chart.js';
import type { Millis } from './model.js';

/** Text is a string or a run of spans; a date is rendered in the reader's zone. */
export type Span =
  | string
  | { bold: string }
  | { code: string }
  | { at: Millis; style: 'time' | 'date-time' | 'ago' }
  | {
      person: string;
      name: string;
      /** Notifies them, where the medium can; else only the name is said. */
      mention?: true;
    }
  | { link: string; text: string };
export type Text = string | Span[];

export type Tone = 'good' | 'warn' | 'bad' | 'info';

export interface Button {
  label: string;
  /** The command it stands for, as somebody would type it after /muster. */
  command: string;
  style?: 'primary' | 'danger';
  confirm?: { title: string; text: string; yes: string; no: string };
  /** The fleet's version the button was made for: a stale one is refused. */
  version?: number;
}

export type Part =
  | { kind: 'text'; text: Text }
  | { kind: 'fields'; fields: { label: string; value: Text }[] }
  | { kind: 'table'; head: string[]; rows: Text[][] }
  | { kind: 'list'; items: Text[] }
  | { kind: 'context'; text: Text }
  | { kind: 'buttons'; buttons: Button[] }
  | { kind: 'image'; title: string; alt: string; png: ChartSpec }
  | { kind: 'code'; text: string }
  | { kind: 'divider' };

export interface Message {
  /** A whole sentence that stands alone: notification, screen reader, shell. */
  summary: string;
  title?: string;
  tone: Tone;
  parts: Part[];
}

export type OutboxPriority = 'alert' | 'decision' | 'progress' | 'notice';

/** One version of one message on its way out. The newest row of a key replaces older ones that were not sent. */
export interface OutboxRow {
  v: 1;
  /** What the row goes to: a Slack channel, or PagerDuty. */
  channel: string;
  /** The message this is a version of, 'decision-<id>' say. */
  key: string;
  seq: number;
  fleet: string;
  decisionId: string | null;
  priority: OutboxPriority;
  at: Millis;
  message: Message;
  /** Posted once as replies in the message's thread. */
  thread?: Message[];
}

/** A page or a change event on its way to PagerDuty; same outbox, channel 'pagerduty'. */
export type PagerEvent =
  | {
      v: 1;
      kind: 'trigger' | 'acknowledge' | 'resolve';
      fleet: string;
      dedupKey: string;
      summary: string;
      severity: 'critical' | 'error' | 'warning' | 'info';
      details: Record<string, string | number | null>;
      at: Millis;
      /** The message that says the same in the chat: the page links to it where it is known by then. */
      message?: { channel: string; key: string };
      links?: { href: string; text: string }[];
    }
  | {
      v: 1;
      kind: 'change';
      /** '*' is every fleet's. */
      fleet: string;
      /** The fleet whose routing key it goes by, where that is not `fleet`. */
      via?: string;
      id: string;
      summary: string;
      details: Record<string, string | number | null>;
      at: Millis;
    };
