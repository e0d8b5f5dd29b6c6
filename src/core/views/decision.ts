/**
 * A decision as people see it: one message that is updated in place through planned -> applying -> ready (or failed),
 * with the numbers in its thread. Every version is made from the stored record alone, so a repeat is the same message.
 */
import { explain, mainReasons, sentence } from '../explain.js';
import type { Button, Message, Part, Text, Tone } from '../message.js';
import { type Decision, type DecisionRecord, type DecisionStatus, origin, target } from '../model.js';
import { numbersTable, placementLines, votersTable } from './numbers.js';
import { at, fieldsOf, money, rate, who, workers } from './words.js';

const TONE: Record<DecisionStatus, Tone> = {
  held: 'info',
  advised: 'info',
  planned: 'info',
  applying: 'info',
  ready: 'good',
  failed: 'bad',
  superseded: 'info',
};

const TRIGGER = {
  cycle: 'the cycle',
  guard: 'the guard between cycles',
  request: 'a request',
  window: 'a scheduled window',
} as const;

/**
 * `note` is what `converge` last learnt: a lack of capacity, a blocking deployment. `earlier`: raises that the message told
 * before this one.
 */
export function decisionMessage(
  record: DecisionRecord,
  note: string | null = null,
  earlier: DecisionRecord[] = [],
): Message {
  const { fleet, decision, status, policy } = record;
  const from = origin(decision);
  const to = target(decision);
  const { numbers } = decision;
  const parts: Part[] = [
    {
      kind: 'fields',
      fields: fieldsOf([
        ['Status', progressWords(status)],
        ['Workers', `${from} → ${to} (${numbers.nodesFrom} → ${numbers.nodesTo} nodes)`],
        ['Demand → forecast', `${rate(numbers.demand)} → ${rate(numbers.forecast)}`],
        ['Cost', `${money(numbers.costPerHourFrom, policy)} → ${money(numbers.costPerHourTo, policy)}`],
      ]),
    },
  ];
  if (note !== null) parts.push({ kind: 'text', text: [{ bold: 'Note: ' }, note] });
  if (decision.shortOf > 0) {
    parts.push({
      kind: 'text',
      text: [
        { bold: `${workers(decision.shortOf)} fewer than needed: ` },
        'a limit keeps it there, see below.',
      ],
    });
  }
  parts.push({ kind: 'list', items: decision.reasons.slice(0, 4).map((reason) => sentence(reason)) });
  if (earlier.length > 0) parts.push({ kind: 'context', text: earlierLine(earlier) });
  parts.push({ kind: 'context', text: decidedLine(record) });
  const buttons = decisionButtons(record);
  if (buttons.length > 0) parts.push({ kind: 'buttons', buttons });
  return {
    summary: decisionSummary(record, note),
    title: from === to ? `${fleet}: ${workers(to)}` : `${fleet}: ${from} → ${to} workers`,
    tone: decision.shortOf > 0 && status !== 'failed' ? 'warn' : TONE[status],
    parts,
  };
}

/** Demand, forecast, sizing, each limit applied, placement, cost change: what a careful reader asks for. */
export function decisionThread(record: DecisionRecord): Message[] {
  const { decision, seen, policy, fleet } = record;
  return [
    {
      summary: `How Muster came to ${workers(target(decision))} for ${fleet}.`,
      title: 'How it was decided',
      tone: 'info',
      parts: [
        { kind: 'list', items: explain(decision, seen, policy) },
        numbersTable(record),
        { kind: 'context', text: [`Decision ${record.id}, cycle of `, at(record.cycle, 'date-time')] },
      ],
    },
    {
      summary: `Where the workers of ${fleet} go, and who forecast what.`,
      title: 'Placement and forecasters',
      tone: 'info',
      parts: [{ kind: 'list', items: placementLines(record) }, ...votersTable(record)],
    },
  ];
}

/** A whole sentence for the notification and the screen reader. */
export function decisionSummary(record: DecisionRecord, note: string | null = null): string {
  const { fleet, decision, status } = record;
  const because = ` ${mainReasons(decision.reasons)}`.trimEnd();
  if (decision.kind === 'hold') return `${fleet} stays at ${workers(decision.at)}.${because}`;
  const { goes, went, go, rest } = changeWords(decision);
  const tail = note === null ? '' : ` ${/[.!?]$/.test(note) ? note : `${note}.`}`;
  switch (status) {
    case 'ready':
      return `${fleet} ${went} ${rest}; all are ready.`;
    case 'failed':
      return `${fleet} could not ${go} ${rest}.${tail}`;
    case 'superseded':
      return `${fleet} was to ${go} ${rest}, but a newer decision overtook it.`;
    case 'advised':
      return `${fleet} would ${go} ${rest} (advise mode, nothing is changed).${because}`;
    default:
      return `${fleet} ${goes} ${rest}.${tail}${because}`;
  }
}

/** A zone that went down moves workers without changing their number; so does a change that is tried again. */
function changeWords({ from, to, reasons }: Extract<Decision, { kind: 'scale' }>) {
  if (from !== to) return { goes: 'goes', went: 'went', go: 'go', rest: `from ${from} to ${workers(to)}` };
  return reasons.some(({ code }) => code === 'tried-again')
    ? { goes: 'is brought', went: 'was brought', go: 'be brought', rest: `back to its ${workers(to)}` }
    : { goes: 'moves', went: 'moved', go: 'move', rest: `its ${workers(to)} between zones` };
}

function progressWords(status: DecisionStatus): string {
  switch (status) {
    case 'planned':
      return '● planned → ○ applying → ○ ready';
    case 'applying':
      return '✓ planned → ● applying → ○ ready';
    case 'ready':
      return '✓ planned → ✓ applying → ✓ ready';
    case 'failed':
      return '✓ planned → ✗ failed';
    case 'advised':
      return 'advised only: nothing is changed';
    case 'superseded':
      return 'overtaken by a newer decision';
    case 'held':
      return 'held: no change';
  }
}

/** 'Earlier in this cycle: 4 → 5 at 12:03, 5 → 7 at 12:05.' */
const earlierLine = (raises: DecisionRecord[]): Text => [
  'Earlier in this cycle: ',
  ...raises.flatMap((raise, n) => [
    `${n === 0 ? '' : ', '}${origin(raise.decision)} → ${target(raise.decision)} at `,
    at(raise.at),
  ]),
  '.',
];

function decidedLine(record: DecisionRecord): Text {
  const by = record.by === undefined ? [] : [' by ', who(record.by)];
  return ['Decided at ', at(record.at), `, on ${TRIGGER[record.trigger]}`, ...by, '; numbers in the thread.'];
}

function decisionButtons(record: DecisionRecord): Button[] {
  const { fleet, decision, policy, status, seen } = record;
  const buttons: Button[] = [{ label: 'Why?', command: `why ${fleet} ${record.id}` }];
  const undoable = status === 'planned' || status === 'applying' || status === 'ready';
  if (decision.kind !== 'scale' || !undoable || seen.override !== null) return buttons;
  const { from, to } = decision;
  if (from === to || from < policy.floor || from > policy.ceiling) return buttons;
  buttons.push({
    label: `Keep ${from} for 1 h`,
    command: `override ${fleet} ${from} for 1h because undo of ${from} to ${to}`,
    confirm: {
      title: `Keep ${fleet} at ${from}?`,
      text: `Pins ${fleet} at ${workers(from)} for one hour instead of ${to}. You can end it at any time.`,
      yes: `Scale ${fleet} to ${from}`,
      no: `Leave ${to}`,
    },
  });
  return buttons;
}
