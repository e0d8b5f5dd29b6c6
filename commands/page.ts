import { DEAD_LETTERS, type LettersState } from '../src/core/dead-letters.js';
import { HEALTH, type HealthState } from '../src/core/health/state.js';
import { MAINTENANCE, type MaintenanceState } from '../src/core/maintenance/state.js';
import type { OutboxRow, PagerEvent } from '../src/core/message.js';
import {
  aboutKey,
  decisionsKey,
  healthKey,
  latencyKey,
  lettersKey,
  maintenanceKey,
  newPaged,
  type Paged,
  pagedId,
  pageKey,
} from '../src/core/paged.js';
import { pagedLine, pageMessage } from '../src/core/views/paged.js';
import { refusal } from '../src/core/views/problem.js';
import { OperatorError, OutsideError } from '../src/errors.js';
import type { StoredMachine } from '../src/ports.js';
import { knownFleet } from './arguments.js';
import { type CommandContext, defineVerb, type Reply } from './command.js';
import { wakeSenders } from './consequences.js';

const usage = '<fleet> <what is wrong>, or: <fleet> ack|resolve';
const full = `page ${usage}`;
const LONGEST = 500;

type PageArguments =
  | { do: 'trigger'; fleet: string; summary: string }
  | { do: 'acknowledge' | 'resolve'; fleet: string; what: string | null };

const MOVES: Record<string, 'acknowledge' | 'resolve'> = {
  ack: 'acknowledge',
  acknowledge: 'acknowledge',
  resolve: 'resolve',
};
const WHATS = new Set([
  'page',
  'latency',
  'health',
  'dead-letters',
  'decisions',
  'maintenance',
  'break-glass',
]);

export const page = defineVerb<PageArguments>({
  name: 'page',
  usage,
  summary: 'Calls the person on call through PagerDuty; ack and resolve move what is open about the fleet.',
  examples: ['page face-match results look wrong since noon', 'page face-match resolve'],
  changes: true,
  parse(words, context) {
    const fleet = knownFleet(words[0], context, full);
    const [first = '', second, ...more] = words.slice(1);
    const move = MOVES[first.toLowerCase()];
    const what = second?.toLowerCase() ?? null;
    if (move !== undefined && more.length === 0 && (what === null || WHATS.has(what))) {
      return { do: move, fleet, what };
    }
    const summary = words.slice(1).join(' ').trim();
    if (summary === '') throw new OperatorError('usage', 'What is wrong? Say it in some words.', full);
    if (summary.length <= LONGEST) return { do: 'trigger', fleet, summary };
    throw new OperatorError('usage', `Say it in ${LONGEST} characters at most, please.`, full);
  },
  run: (args, context) => (args.do === 'trigger' ? trigger(args, context) : move(args, context)),
});

async function trigger(
  { fleet: name, summary }: Extract<PageArguments, { do: 'trigger' }>,
  context: CommandContext,
): Promise<Reply> {
  const { by, now } = context;
  if (!context.pages(name)) {
    const sentence = `PagerDuty is not configured for ${name}, so nobody is paged: set PAGERDUTY_ROUTING_KEY. Call the person on call yourself.`;
    return {
      visibility: 'caller',
      refused: 'not-found',
      message: refusal(sentence, { command: context.command }),
    };
  }
  const key = pageKey(name);
  const fleet = context.fleets.find((each) => each.name === name)!;
  const before = await context.reader.machine('paged', pagedId(key));
  const open = before?.open === true ? (before.state as Paged) : null;
  // What is open here may be over in PagerDuty, where no webhook tells of it: told again, it opens anew there, or is as it was.
  const paged =
    open === null ? newPaged(key, name, summary, now, by.name) : { ...open, summary, asked: by.name };
  const rowKey = `paged-${pagedId(key)}-${paged.since}`;
  const row: OutboxRow = {
    v: 1,
    channel: fleet.channel,
    key: rowKey,
    seq: now * 4,
    fleet: name,
    decisionId: null,
    priority: 'alert',
    at: now,
    message: pageMessage(paged),
  };
  const state = await context.reader.fleet(name);
  const event: PagerEvent = {
    v: 1,
    kind: 'trigger',
    fleet: name,
    dedupKey: key,
    summary: `${name}: ${summary} (${by.name})`,
    severity: 'critical',
    details: {
      askedBy: by.name,
      desired: state.memory?.desired ?? null,
      ready: state.memory?.recent.at(-1)?.ready ?? null,
      p95Seconds: state.memory?.recent.at(-1)?.p95Seconds ?? null,
      backlog: state.memory?.recent.at(-1)?.backlog ?? null,
      lastDecision: state.latest?.id ?? null,
    },
    at: now,
    message: { channel: fleet.channel, key: rowKey },
  };
  const machine: StoredMachine<Paged> = {
    v: 1,
    kind: 'paged',
    id: pagedId(key),
    fleet: name,
    rev: before?.rev ?? 0,
    open: true,
    at: now,
    state: paged,
  };
  const stored = await context.store.saveMachine(machine, {
    audit: {
      at: now,
      by,
      action: 'page',
      fleet: name,
      said: context.said,
      ids: { incident: key },
      detail: { summary, where: context.where },
    },
    outbox: [row],
    pager: [event],
  });
  if (stored !== 'stored') throw overtaken(name);
  await wakeSenders([fleet.channel, 'pagerduty'], context);
  return open === null ? told(name) : toldAgain(name, open);
}

function told(name: string): Reply {
  const text = `PagerDuty is told: the person on call for ${name} is being paged.`;
  return { visibility: 'caller', message: { summary: text, tone: 'info', parts: [{ kind: 'text', text }] } };
}

function toldAgain(name: string, open: Paged): Reply {
  const text = `PagerDuty is told again: people are being paged about ${name} already. Where that incident is over, a new one opens.`;
  return {
    visibility: 'caller',
    message: {
      summary: text,
      tone: 'info',
      parts: [
        { kind: 'text', text },
        { kind: 'text', text: `What it said until now: ${open.summary}` },
        { kind: 'text', text: pagedLine(open) },
        { kind: 'buttons', buttons: [{ label: 'Resolve it', command: `page ${name} resolve page` }] },
      ],
    },
  };
}

/** The job moves it: in PagerDuty first, in the speaker's own name where PagerDuty knows them. */
async function move(
  { do: act, fleet, what }: Exclude<PageArguments, { do: 'trigger' }>,
  context: CommandContext,
): Promise<Reply> {
  const { by, now } = context;
  const key = await openKey(fleet, act, what, context);
  if (key === null) {
    const sentence = `Nothing is open about ${fleet}${what === null ? '' : ` (${what})`} that Muster paged for.`;
    return {
      visibility: 'caller',
      refused: 'not-found',
      message: refusal(sentence, { command: context.command }),
    };
  }
  await context.store.appendAudit({
    at: now,
    by,
    action: `page-${act}`,
    fleet,
    said: context.said,
    ids: { incident: key },
    detail: { where: context.where },
  });
  try {
    await context.queue.enqueue(
      'incident',
      { v: 1, fleet, key, act, by: { id: by.id, name: by.name }, email: context.email ?? null, at: now },
      { dedupe: `incident-${pagedId(key)}-${act}` },
    );
  } catch (error) {
    if (!(error instanceof OutsideError)) throw error;
    throw new OperatorError('conflict', 'The queue does not answer just now; say it again in a moment.');
  }
  const about = aboutKey(key)?.what ?? 'incident';
  const text = `${act === 'resolve' ? 'Resolving' : 'Acknowledging'} the incident about ${fleet} (${about}) in PagerDuty; its message here says when it is done.`;
  return { visibility: 'caller', message: { summary: text, tone: 'info', parts: [{ kind: 'text', text }] } };
}

/** What is open: the page somebody asked for, latency, workers that are not well, dead letters, decisions that stopped, a broken glass; in this order unless one is named. */
async function openKey(
  fleet: string,
  act: 'acknowledge' | 'resolve',
  what: string | null,
  context: CommandContext,
): Promise<string | null> {
  const isOpen = async (key: string): Promise<boolean> =>
    (await context.reader.machine('paged', pagedId(key)))?.open === true;
  const wants = (one: string): boolean => what === null || what === one;
  if (wants('page') && (await isOpen(pageKey(fleet)))) return pageKey(fleet);
  if (wants('latency')) {
    const alert = await context.reader.alert(fleet);
    if (alert !== null && alert.id !== null) {
      const key = latencyKey(fleet, alert.id);
      if (alert.phase === 'firing' || (await isOpen(key))) return key;
    }
  }
  if (wants('health')) {
    const stored = (await context.reader.machine(HEALTH, fleet))?.state as HealthState | undefined;
    // There is an alert as long as somebody is ill, whatever a webhook said of it.
    if (stored?.alert != null) return healthKey(fleet, stored.alert.id);
  }
  if (wants('dead-letters')) {
    const stored = (await context.reader.machine(DEAD_LETTERS, fleet))?.state as LettersState | undefined;
    if (stored?.alert != null) return lettersKey(fleet, stored.alert.id);
  }
  if (wants('decisions') && (await isOpen(decisionsKey(fleet)))) return decisionsKey(fleet);
  if (wants('maintenance')) {
    const machines = (await context.reader.machines(MAINTENANCE)) as StoredMachine<MaintenanceState>[];
    const asking = machines.find((each) => each.open && each.fleet === fleet && each.state.asked !== null);
    if (asking !== undefined) return maintenanceKey(fleet, asking.id);
  }
  return wants('break-glass') ? openGlass(fleet, act, context) : null;
}

/** The newest that is still to be moved so: each emergency has an incident of its own. */
async function openGlass(
  fleet: string,
  act: 'acknowledge' | 'resolve',
  { reader }: CommandContext,
): Promise<string | null> {
  const open = (await reader.machines('paged'))
    .filter((each) => each.open)
    .map(({ state }) => state as Paged);
  const glass = open.filter(
    ({ dedupKey, told }) => aboutKey(dedupKey)?.what === 'break-glass' && told?.fleets.includes(fleet),
  );
  const waiting = act === 'resolve' ? glass : glass.filter(({ status }) => status === 'triggered');
  return (waiting[0] ?? glass[0])?.dedupKey ?? null;
}

const overtaken = (fleet: string): OperatorError =>
  new OperatorError(
    'conflict',
    `Somebody else paged about ${fleet} at the same moment; look at its message.`,
  );
