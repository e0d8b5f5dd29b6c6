import type { FleetConfig } from '../src/config.js';
import { decide } from '../src/core/decide.js';
import type { Message } from '../src/core/message.js';
import { dryRunMessage } from '../src/core/views/why.js';
import { OperatorError } from '../src/errors.js';
import { knownFleet, splitFlags } from './arguments.js';
import { type CommandContext, defineVerb, type Reply } from './command.js';
import { requestEvaluation } from './consequences.js';
import { seenNow } from './seen.js';

const usage = 'run [fleet] [--dry-run]';
/** A dry run of more fleets than this would not fit into one message. */
const DRY_RUNS = 5;

export const run = defineVerb<{ fleet: string | null; dryRun: boolean }>({
  name: 'run',
  usage: '[fleet] [--dry-run]',
  summary:
    'Evaluates one fleet or all now instead of waiting for the cycle; --dry-run only says what would happen.',
  examples: ['run face-match', 'run face-match --dry-run'],
  changes: true,
  roleFor: ({ dryRun }) => (dryRun ? 'viewer' : 'operator'),
  parse(words, context) {
    const { words: plain, flags } = splitFlags(words, ['dry-run'], usage);
    const fleet = plain.length === 0 ? null : knownFleet(plain[0], context, usage);
    return { fleet, dryRun: flags.has('dry-run') };
  },
  async run({ fleet, dryRun }, context) {
    const chosen = context.fleets.filter((other) => fleet === null || other.name === fleet);
    if (chosen.length === 0) throw new OperatorError('unknown-fleet', 'No fleet is configured.', usage);
    if (dryRun) return dryRuns(chosen, context);
    await context.store.appendAudit({
      at: context.now,
      by: context.by,
      action: 'run',
      fleet,
      said: context.said,
      detail: { where: context.where },
    });
    await Promise.all(chosen.map((other) => requestEvaluation(other.name, context)));
    const names = chosen.length === 1 ? chosen[0]!.name : `${chosen.length} fleets`;
    const message: Message = {
      summary: `An evaluation of ${names} is under way.`,
      tone: 'info',
      parts: [
        {
          kind: 'text',
          text: `An evaluation of ${names} is under way. A change is posted in the channel; a count that stays is not, so ask why.`,
        },
        {
          kind: 'buttons',
          buttons: chosen.slice(0, 3).map((other) => ({
            label: chosen.length === 1 ? 'Why?' : `Why ${other.name}?`.slice(0, 75),
            command: `why ${other.name}`,
          })),
        },
      ],
    };
    return { visibility: 'caller', message };
  },
});

async function dryRuns(fleets: FleetConfig[], context: CommandContext): Promise<Reply> {
  const shown = fleets.slice(0, DRY_RUNS);
  const messages = await Promise.all(shown.map((fleet) => dryRunOf(fleet, context)));
  const [first] = messages;
  if (messages.length === 1 && first !== undefined) return { visibility: 'caller', message: first };
  const rest = fleets.length - shown.length;
  return {
    visibility: 'caller',
    message: {
      summary: messages.map((message) => message.summary).join(' '),
      title: 'Dry run',
      tone: 'info',
      parts: [
        { kind: 'list', items: messages.map((message) => message.summary) },
        {
          kind: 'context',
          text: `${rest > 0 ? `${rest} more fleets not shown. ` : ''}Name one fleet to see its numbers.`,
        },
      ],
    },
  };
}

/** Decides from what is stored and what the orchestrator says now; nothing is written. */
async function dryRunOf(fleet: FleetConfig, context: CommandContext): Promise<Message> {
  const { name, policy } = fleet;
  const state = await context.reader.fleet(name);
  if (state.memory === null) {
    const text = `${name} has no sample yet, so there is nothing to decide from.`;
    return { summary: text, tone: 'info', parts: [{ kind: 'text', text }] };
  }
  const seen = await seenNow(fleet, state, context);
  return dryRunMessage(name, decide(seen, policy), seen, policy);
}
