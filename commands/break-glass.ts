/** The emergency's way past a second person: with a reason, loud, in the audit, and whoever is on call is paged. */

import { glassKey, newPaged, type Paged, pagedId } from '../src/core/paged.js';
import type { Plan } from '../src/core/plan.js';
import { toldMessage } from '../src/core/views/paged.js';
import { brokenGlass } from '../src/core/views/plan.js';
import { OperatorError } from '../src/errors.js';
import type { CommandContext, Verb } from './command.js';
import { elsewhere, wakeSenders } from './consequences.js';

const FLAG = /^(--|—|–)break-glass$/i;

/** The words without the flag, and the reason that it must come with; null: the flag is not there. */
export function withoutBreakGlass(words: string[], verb: Verb): { words: string[]; reason: string | null } {
  if (!words.some((word) => FLAG.test(word))) return { words, reason: null };
  const usage = `${verb.name} … --break-glass because <reason>`;
  if (verb.plan === undefined) {
    throw new OperatorError(
      'usage',
      `“${verb.name}” is never held back, so there is no glass to break.`,
      verb.name,
    );
  }
  const rest = words.filter((word) => !FLAG.test(word));
  const because = rest.findIndex((word) => /^(--|—|–)?(because|reason)$/i.test(word));
  const reason =
    because === -1
      ? ''
      : rest
          .slice(because + 1)
          .join(' ')
          .trim();
  if (reason === '') throw new OperatorError('needs-reason', 'Breaking the glass needs a reason.', usage);
  return { words: rest, reason: reason.slice(0, 300) };
}

/** One transaction before anything is done: audit, alert and page. When it cannot be stored, nothing is done. */
export async function breakGlass(plan: Plan, reason: string, context: CommandContext): Promise<void> {
  const { by, now, said, where } = context;
  const id = context.newId();
  const fleet = plan.fleets.length === 1 ? plan.fleets[0]! : '*';
  const message = brokenGlass(plan.action, by, reason, plan.risks, now);
  const configured = context.fleets
    .filter(({ name }) => plan.fleets.includes(name))
    .map(({ channel }) => channel);
  const channels = [...new Set([...configured, ...elsewhere([context.channel], context)])];
  const dedupKey = glassKey(fleet === '*' ? 'all' : fleet, id);
  const told = { message, key: `break-glass-${id}`, channels, fleets: plan.fleets };
  const paged: Paged = { ...newPaged(dedupKey, fleet, message.summary, now, by.name), told };
  const shown = toldMessage(paged, told);
  const outbox = channels.map((channel) => ({
    ...{ v: 1 as const, channel, key: told.key, seq: 1, fleet, decisionId: null },
    ...{ priority: 'alert' as const, at: now, message: shown },
  }));
  await context.store.saveMachine(
    { v: 1, kind: 'paged', id: pagedId(dedupKey), fleet, rev: 0, open: true, at: now, state: paged },
    {
      audit: {
        at: now,
        by,
        action: 'break-glass',
        fleet: fleet === '*' ? null : fleet,
        said,
        ids: { glass: id },
        detail: { where, reason, plan: plan.numbers, risks: plan.risks.map(({ code }) => code) },
      },
      outbox,
      pager: [
        {
          v: 1,
          kind: 'trigger',
          fleet,
          dedupKey,
          summary: message.summary,
          severity: 'warning',
          details: { by: by.name, action: plan.action, reason },
          at: now,
          message: { channel: channels[0] ?? context.channel, key: told.key },
        },
      ],
    },
  );
  await wakeSenders([...channels, 'pagerduty'], context);
}
