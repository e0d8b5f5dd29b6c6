/** Rows for the outbox. The words themselves are made in core/views; here is only where they go and what they replace. */
import type { FleetConfig } from '../src/config.js';
import { sentence } from '../src/core/explain.js';
import type { Message, OutboxPriority, OutboxRow } from '../src/core/message.js';
import {
  type DecisionRecord,
  type DesiredState,
  type Millis,
  type Shortage,
  target,
} from '../src/core/model.js';
import type { Reason } from '../src/core/reasons.js';
import { decisionMessage, decisionThread } from '../src/core/views/decision.js';
import { lackMessage, lackOver } from '../src/core/views/lack.js';
import { evaluationsResumed, shortageOver, shortOfNeed } from '../src/core/views/notice.js';
import type { StoreReader } from '../src/ports.js';

/** The newest version of a message wins; a later state of the same millisecond wins over an earlier one. */
const RANK = { held: 0, advised: 0, planned: 0, applying: 1, ready: 2, failed: 2, superseded: 3 } as const;

export function row(
  channel: string,
  key: string,
  fleet: string,
  priority: OutboxPriority,
  at: Millis,
  message: Message,
  more: { decisionId?: string; rank?: number; thread?: Message[] } = {},
): OutboxRow {
  return {
    v: 1,
    channel,
    key,
    seq: at * 4 + (more.rank ?? 0),
    fleet,
    decisionId: more.decisionId ?? null,
    priority,
    at,
    message,
    ...(more.thread === undefined ? {} : { thread: more.thread }),
  };
}

/** The one message of a decision, in its present state; its thread holds the numbers, of earlier raises in it first. */
export async function decisionRow(
  record: DecisionRecord,
  note: string | null,
  fleet: FleetConfig,
  now: Millis,
  store: Pick<StoreReader, 'decision'>,
): Promise<OutboxRow> {
  const read = (record.earlier ?? []).map((id) => store.decision(fleet.name, id));
  const earlier = (await Promise.all(read)).filter((each) => each !== null);
  return row(
    fleet.channel,
    decisionKey(record),
    fleet.name,
    record.status === 'applying' ? 'progress' : 'decision',
    now,
    decisionMessage(record, note, earlier),
    {
      decisionId: record.id,
      rank: RANK[record.status],
      thread: [...earlier, record].flatMap(decisionThread),
    },
  );
}

/** The first of the raises that share a message names it. */
export const decisionKey = ({ id, earlier = [] }: DecisionRecord): string => `decision-${earlier[0] ?? id}`;

/** Raises that one message tells: the next one begins another. */
const RAISES_TOLD = 8;
/** The newest decisions, among which the guard's last one is looked for. */
const NEWEST = 20;

/** The guard's raises of this cycle in whose message its next one goes on. */
export async function raisesBefore(
  fleet: string,
  cycle: Millis,
  store: Pick<StoreReader, 'decision' | 'decisions'>,
): Promise<string[]> {
  const newest = await store.decisions(fleet, NEWEST);
  const last = newest.find((each) => each.trigger === 'guard' && each.cycle === cycle);
  const record = last === undefined ? null : await store.decision(fleet, last.id);
  const told = record === null ? [] : [...(record.earlier ?? []), record.id];
  return told.length < RAISES_TOLD ? told : [];
}

/** A raise that does not fit, or a change that failed: its own alert, because an updated message notifies nobody. */
export function lackRow(
  desired: DesiredState,
  lack: NonNullable<DesiredState['lack']>,
  fleet: FleetConfig,
  now: Millis,
): OutboxRow {
  const { status, decisionId } = desired;
  const message = status === 'ready' ? lackOver(desired, lack, now) : lackMessage(desired, lack, now);
  return row(fleet.channel, `lack-${lack.id}`, fleet.name, 'alert', now, message, {
    decisionId,
    rank: RANK[status],
  });
}

/** Limits keep the fleet below its need: one message, from the decision that found it first until the need is met. */
export function shortageRow(
  record: DecisionRecord,
  fleet: FleetConfig,
  open: Shortage | null,
): OutboxRow | null {
  const { decision, at } = record;
  const { id, since } = record.shortage ?? open ?? {};
  if (id === undefined || since === undefined) return null;
  const need = target(decision) + decision.shortOf;
  const { name, channel } = fleet;
  const say = (message: Message): OutboxRow =>
    row(channel, `short-${id}`, name, 'alert', at, message, { decisionId: record.id });
  if (record.shortage === undefined) return say(shortageOver(name, decision.numbers.need ?? need, since, at));
  if (decision.shortOf === 0) return null;
  return say(shortOfNeed(name, need, decision.shortOf, limitsOf(decision.reasons), since));
}

/** The alarm that no decision is made, named by the last one, so that any replica says it once. */
export const stoppedKey = (fleet: string, last: Millis): string => `watchdog-${fleet}-${last}`;

/** Decisions are made again after a time without any. */
export function resumedRow(last: Millis, record: DecisionRecord, fleet: FleetConfig): OutboxRow {
  const message = evaluationsResumed(fleet.name, (record.cycle - last) / 1_000);
  return row(fleet.channel, stoppedKey(fleet.name, last), fleet.name, 'notice', record.at, message, {
    rank: 1,
  });
}

const LIMITS = new Set(['ceiling-limited', 'budget-limited', 'frozen', 'override-ceiling']);

const limitsOf = (reasons: Reason[]): string[] =>
  reasons.filter((reason) => LIMITS.has(reason.code)).map(sentence);
