import type { OutboxRow } from '../src/core/message.js';
import type { Plan } from '../src/core/plan.js';
import { findRemedy, fitting, remedies } from '../src/core/remedies/index.js';
import type { Remedy, RemedyPlan, Symptoms } from '../src/core/remedies/remedy.js';
import type { RemedyRun } from '../src/core/remedies/run.js';
import { remedyList, remedyMessage } from '../src/core/views/remedy.js';
import { OperatorError } from '../src/errors.js';
import type { StoredMachine } from '../src/ports.js';
import { symptomsOf } from '../src/symptoms.js';
import { knownFleet, short } from './arguments.js';
import { type CommandContext, defineVerb, type ParseContext, type Reply } from './command.js';
import { wakeSenders } from './consequences.js';

const usage = '<fleet> [remedy] [argument] [--dry-run]';
const full = `remedy ${usage}`;

interface RemedyArguments {
  fleet: string;
  /** null: which are there? */
  remedy: Remedy | null;
  words: string[];
}

export const remedy = defineVerb<RemedyArguments>({
  name: 'remedy',
  usage,
  summary: 'Shows the scripted remedies for a fleet and which of them fit, or carries one out.',
  examples: ['remedy face-match', 'remedy face-match raise-floor --dry-run'],
  changes: true,
  roleFor: ({ remedy: chosen }) => chosen?.role ?? 'viewer',
  parse,
  plan,
  run,
});

function parse(words: string[], context: ParseContext): RemedyArguments {
  const fleet = knownFleet(words[0], context, full);
  const [name, ...rest] = words.slice(1);
  if (name === undefined) return { fleet, remedy: null, words: [] };
  const found = findRemedy(name);
  if (found === undefined) {
    const names = remedies.map((each) => each.name).join(', ');
    throw new OperatorError('usage', `There is no remedy “${short(name)}”. There are: ${names}.`, full);
  }
  if (rest.length > 1)
    throw new OperatorError('usage', `“${short(rest[1] ?? '')}” is one word too many.`, full);
  return { fleet, remedy: found, words: rest };
}

async function plan(args: RemedyArguments, context: CommandContext): Promise<Plan | null> {
  if (args.remedy === null) return null;
  const { lines } = planOf(args.remedy, args.words, await look(args.fleet, context));
  return {
    action: `${args.remedy.label}: ${args.fleet}`,
    fleets: [args.fleet],
    falls: args.remedy.falls,
    risks: [],
    parts: [
      { kind: 'list', items: lines },
      { kind: 'text', text: `It touches ${args.remedy.blast}.` },
    ],
    effect: lines[0] ?? null,
    numbers: { remedy: args.remedy.name, argument: args.words[0] ?? null },
  };
}

async function run(args: RemedyArguments, context: CommandContext): Promise<Reply> {
  const seen = await look(args.fleet, context);
  if (args.remedy === null) {
    const message = remedyList(args.fleet, remedies, fitting(seen), context.command);
    return { visibility: 'caller', message };
  }
  const { steps, lines } = planOf(args.remedy, args.words, seen);
  const { channel, policy } = context.fleets.find(({ name }) => name === args.fleet)!;
  // An override or a freeze is what people want, and is kept in any mode; every other step touches the world.
  if (policy.mode === 'advise' && steps.some((step) => step.do !== 'say')) {
    throw new OperatorError(
      'conflict',
      `${args.fleet} is in advise mode: Muster changes nothing there. Try it with --dry-run.`,
      full,
    );
  }
  const { by, now } = context;
  const id = context.newId();
  const state: RemedyRun = {
    v: 1,
    fleet: args.fleet,
    name: args.remedy.name,
    by,
    email: context.email ?? null,
    auto: by.id === 'muster',
    at: now,
    steps,
    lines,
    next: 0,
    status: 'running',
    outcome: [],
    pagerId: context.incident ?? null,
  };
  const machine: StoredMachine<RemedyRun> = {
    v: 1,
    kind: 'remedy',
    id,
    fleet: args.fleet,
    rev: 0,
    open: true,
    at: now,
    state,
  };
  const message = remedyMessage(state);
  const row: OutboxRow = {
    v: 1,
    channel,
    key: `remedy-${id}`,
    seq: now * 4,
    fleet: args.fleet,
    decisionId: null,
    priority: 'notice',
    at: now,
    message,
  };
  await context.store.saveMachine(machine, {
    audit: {
      at: now,
      by,
      action: 'remedy',
      fleet: args.fleet,
      said: context.said,
      ids: { remedy: id },
      detail: { name: args.remedy.name, steps: steps.map((step) => step.do), where: context.where },
    },
    outbox: [row],
    pager: [
      {
        v: 1,
        kind: 'change',
        fleet: args.fleet,
        id,
        summary: `${args.fleet}: remedy ${args.remedy.name}`,
        details: { by: by.name, does: lines.join(' ') },
        at: now,
      },
    ],
  });
  // The minute's look takes up what the queue did not: it is stored.
  await context.queue.enqueue('remedy', { v: 1, id }, { dedupe: `remedy-${id}` });
  await wakeSenders([channel, 'pagerduty'], context);
  const text = `${lines.join(' ')} Its message in ${channel} says when it is done.`;
  return { visibility: 'caller', message: { summary: text, tone: 'info', parts: [{ kind: 'text', text }] } };
}

function planOf(chosen: Remedy, words: string[], seen: Symptoms): RemedyPlan {
  const made = chosen.plan(words, seen);
  if (made.kind === 'plan') return made;
  throw new OperatorError('conflict', made.why, `remedy ${seen.fleet} ${chosen.name} ${chosen.usage}`.trim());
}

function look(name: string, context: CommandContext): Promise<Symptoms> {
  const fleet = context.fleets.find((each) => each.name === name)!;
  return symptomsOf(fleet, context.now, {
    store: context.reader,
    orchestrator: context.orchestrator,
    deadLetters: context.deadLetters ?? null,
  });
}
