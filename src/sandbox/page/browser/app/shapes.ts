/** What the page's server sends, as far as the page reads it. */

export type Fields = Record<string, unknown>;
export type Block = Fields & { type: string; block_id?: string };

export interface User {
  id: string;
  name: string;
  realName: string;
  title: string;
  kind: 'member' | 'admin' | 'guest' | 'bot';
  timeZone: string;
}

export interface Channel {
  id: string;
  name: string;
  purpose: string;
}

export interface Message {
  channel: string;
  ts: string;
  user: string;
  text: string;
  blocks: Block[];
  threadTs: string | null;
  edited: boolean;
  reactions: string[];
  onlyFor: string | null;
}

export interface View {
  id: string;
  hash: string;
  user: string;
  type: 'modal' | 'home';
  title?: { text: string };
  submit?: { text: string };
  close?: { text: string };
  blocks: Block[];
  previous: string | null;
  errors: Record<string, string>;
  rev: number;
}

export interface FleetTruth {
  desired: number | null;
  ready: number | null;
  starting: number | null;
  nodes: number | null;
  demandPerSecond: number | null;
  backlog: number | null;
  p95Seconds: number | null;
  lateShare: number | null;
}

export interface FleetAbout {
  name: string;
  objectiveSeconds: number;
  cycleSeconds: number;
  nodePricePerHour: number;
  staticPeakPerHour: number | null;
}

export interface Shortcut {
  callbackId: string;
  name: string;
}

export interface Point {
  at: number;
  fleets: Record<string, { demand: number | null; ready: number | null; desired: number | null }>;
}

export interface DecisionLine {
  id: string;
  fleet: string;
  at: number;
  kind: 'scale' | 'hold';
  trigger: string;
  from: number;
  to: number;
}

export interface Incident {
  id: string;
  dedupKey?: string;
  status: string;
  summary: string;
  severity: string;
  at: number;
  by?: string | null;
  notes?: { by: string; text: string; at: number }[];
}

export interface Fault {
  id: string;
  target: string;
  kind: string;
  until: number;
}

export interface Update {
  epoch: number;
  rev: number;
  clock: number;
  speed: number;
  first: boolean;
  command?: string;
  users?: User[];
  channels?: Channel[];
  about?: FleetAbout[];
  shortcuts?: Shortcut[];
  hasHome?: boolean;
  messages: Message[];
  deleted: string[];
  views: View[];
  fleets: Record<string, FleetTruth>;
  costs: { currency: string; perHour: number; sinceStart: number; staticPeakSinceStart: number };
  incidents: Incident[];
  decisions: DecisionLine[];
  faults: Fault[];
  bots: number;
  notes: string[];
  points: Point[];
}

export interface Outcome {
  ok: boolean;
  ackMs: number;
  responses: { kind: string; ts: string | null; text: string | null; view: Fields | null }[];
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function fieldsIn(value: unknown): Fields[] {
  return Array.isArray(value) ? value.filter(isFields) : [];
}

/** The words of a text object. */
export function wordsOf(value: unknown): string {
  return isFields(value) && typeof value.text === 'string' ? value.text : '';
}
