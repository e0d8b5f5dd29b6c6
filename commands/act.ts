/**
 * From a verb's words to its answer: flags that every verb has, authority, plan, and only then the verb itself. What is
 * risky becomes a proposal that waits for a click; --break-glass goes on without one, and everybody hears of it.
 */
import type { Plan } from '../src/core/plan.js';
import { dryRunPlan, riskSentence } from '../src/core/views/plan.js';
import { OperatorError } from '../src/errors.js';
import { refuseBelow } from './authority.js';
import { breakGlass, withoutBreakGlass } from './break-glass.js';
import type { CommandContext, ParseContext, Reply, Verb } from './command.js';
import { isForTwo, propose } from './propose.js';

const DRY_RUN = /^(--|—|–)dry-run$/i;

export async function act(verb: Verb, said: string[], context: CommandContext): Promise<Reply> {
  const glass = withoutBreakGlass(said, verb);
  // Verbs that plan get --dry-run from here; others have their own, or none and say so.
  const isDry = verb.plan !== undefined && glass.words.some((word) => DRY_RUN.test(word));
  const words = isDry ? glass.words.filter((word) => !DRY_RUN.test(word)) : glass.words;
  const args = verb.parse(words, parseContext(context));
  // What was approved was authorised by two people already, and their part is in the audit.
  if (context.approval === undefined && !isDry) {
    const needed = verb.roleFor?.(args) ?? verb.role ?? (verb.changes ? 'operator' : 'viewer');
    const refused = needed === 'viewer' ? null : await refuseBelow(needed, verb.name, context);
    if (refused !== null) return refused;
  }
  const plan = (await verb.plan?.(args, context)) ?? null;
  if (isDry && plan !== null) return { visibility: 'caller', message: dryRunPlan(plan) };
  if (isDry) return nothingToPlan(verb, args, context);
  const isRisky = plan !== null && plan.risks.length > 0 && context.approval === undefined;
  if (isRisky && glass.reason === null) {
    if (context.step === undefined || isForTwo(plan, context)) return propose(plan, context);
    // Nobody would see a proposal that only its author may confirm.
    if (context.step === 'by-itself') throw notByItself(plan);
  }
  if (isRisky && glass.reason !== null) await breakGlass(plan, glass.reason, context);
  return verb.run(args, recording(plan, context));
}

const notByItself = ({ action, risks }: Plan): OperatorError =>
  new OperatorError(
    'conflict',
    `“${action}” takes somebody’s confirmation, so it was not done. ${risks.map(riskSentence).join(' ')}`,
  );

/** A plan that cannot be made has a reason, which `run` gives before it changes anything: it refuses. */
async function nothingToPlan(verb: Verb, args: unknown, context: CommandContext): Promise<Reply> {
  const refuse = (): never => {
    throw new OperatorError(
      'conflict',
      `There is nothing that “${verb.name}” would do now.`,
      `help ${verb.name}`,
    );
  };
  const { fleet, once } = context.store;
  const readOnly: CommandContext['store'] = {
    fleet,
    once,
    setOverride: async () => refuse(),
    endOverride: async () => refuse(),
    setFreeze: async () => refuse(),
    endFreeze: async () => refuse(),
    saveMachine: async () => refuse(),
    appendAudit: async () => refuse(),
  };
  return verb.run(args, { ...context, store: readOnly });
}

/** Whatever the verb writes into the audit carries the plan that was shown and who approved it. */
function recording(plan: Plan | null, context: CommandContext): CommandContext {
  const { store, approval } = context;
  if (plan === null) return context;
  type Entry = Parameters<typeof store.appendAudit>[0];
  const enriched = (entry: Entry): Entry => ({
    ...entry,
    ids: { ...entry.ids, ...(approval === undefined ? {} : { proposal: approval.proposal }) },
    detail: {
      ...entry.detail,
      plan: plan.numbers,
      ...(plan.risks.length === 0 ? {} : { risks: plan.risks.map(({ code }) => code) }),
      ...(approval === undefined ? {} : { approvedBy: approval.by }),
    },
  });
  return {
    ...context,
    plan,
    store: {
      fleet: store.fleet,
      once: store.once,
      setOverride: (override, entry, ...rest) => store.setOverride(override, enriched(entry), ...rest),
      endOverride: (fleet, id, entry, ...rest) => store.endOverride(fleet, id, enriched(entry), ...rest),
      setFreeze: (freeze, entry, ...rest) => store.setFreeze(freeze, enriched(entry), ...rest),
      endFreeze: (fleet, id, entry, ...rest) => store.endFreeze(fleet, id, enriched(entry), ...rest),
      saveMachine: (machine, step) =>
        store.saveMachine(
          machine,
          step.audit === undefined ? step : { ...step, audit: enriched(step.audit) },
        ),
      appendAudit: (entry) => store.appendAudit(enriched(entry)),
    },
  };
}

export function parseContext(
  context: Pick<CommandContext, 'now' | 'by' | 'fleets' | 'said' | 'maxOverrideSeconds'>,
): ParseContext {
  return {
    now: context.now,
    timeZone: context.by.timeZone ?? 'UTC',
    fleets: context.fleets.map((fleet) => fleet.name),
    said: context.said,
    maxOverrideSeconds: context.maxOverrideSeconds,
  };
}
