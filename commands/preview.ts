/** The live preview of a form: the plan that the verb itself would show, while the words for it are still being chosen. */
import type { FormValues } from '../src/core/form.js';
import type { Part } from '../src/core/message.js';
import { overrideLine } from '../src/core/views/intent.js';
import { riskSentence } from '../src/core/views/plan.js';
import { OperatorError } from '../src/errors.js';
import { parseContext } from './act.js';
import type { CommandContext, Verb } from './command.js';
import type { VerbForm } from './form.js';

const UNFINISHED = 'The effect is shown here as soon as the fields say what shall happen and until when.';

export async function previewOf(
  verb: Verb,
  form: VerbForm,
  values: FormValues,
  context: CommandContext,
): Promise<Part[]> {
  const reason = (values.reason ?? '').trim() === '' ? 'preview' : values.reason!;
  // What stands already is planned over; that it would be asked about first is said below.
  const words = [...(form.replaces ? ['--replace'] : []), ...form.words({ ...values, reason })];
  try {
    const plan = (await verb.plan?.(verb.parse(words, parseContext(context)), context)) ?? null;
    if (plan === null) return [{ kind: 'context', text: UNFINISHED }];
    return [
      { kind: 'text', text: [{ bold: plan.action }] },
      ...plan.parts,
      ...plan.risks.map(
        (risk): Part => ({ kind: 'text', text: `⚠ ${riskSentence(risk)} It is asked about first.` }),
      ),
      ...(await existing(plan.fleets, context)),
    ];
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const isOpen =
      ['usage', 'bad-count', 'needs-expiry', 'unknown-fleet'].includes(error.code) && !isFilled(values);
    return [{ kind: 'context', text: isOpen ? UNFINISHED : error.message }];
  }
}

async function existing(fleets: string[], context: CommandContext): Promise<Part[]> {
  const [fleet] = fleets;
  if (fleet === undefined || fleets.length > 1) return [];
  const { override } = await context.reader.fleet(fleet);
  if (override === null || override.until <= context.now) return [];
  const line = overrideLine(override);
  const spans = typeof line === 'string' ? [line] : line;
  return [
    { kind: 'context', text: ['There is one already; you are asked before it is replaced. ', ...spans] },
  ];
}

const isFilled = (values: FormValues): boolean =>
  ['workers', 'until'].every((name) => (values[name] ?? '').trim() !== '');
