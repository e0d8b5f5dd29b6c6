/** The emergency's way past a second person: with a reason, loud, in the audit, and whoever is on call is paged. */

import type { OutboxRow, PagerEvent } from '../src/core/message.js';
import { PAGER_CHANNEL } from '../src/core/outbox.js';
import { byService, glassKey, newPaged, type Paged, pagedId } from '../src/core/paged.js';
import type { Plan } from '../src/core/plan.js';
import { toldMessage } from '../src/core/views/paged.js';
import { brokenGlass } from '../src/core/views/plan.js';
import { OperatorError } from '../src/errors.js';
import type { StoredMachine } from '../src/ports.js';
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

/** One transaction before anything is done: audit, alerts and pages. When it cannot be stored, nothing is done. */
export async function breakGlass(plan: Plan, reason: string, context: CommandContext): Promise<void> {
  const { by, now, said, where } = context;
  const id = context.newId();
  const glasses = glassesOf(plan, reason, id, context);
  const outbox = glasses.flatMap(({ rows }) => rows);
  const pager = glasses.flatMap(({ event }) => (event === null ? [] : [event]));
  const audit = {
    at: now,
    by,
    action: 'break-glass',
    fleet: plan.fleets.length === 1 ? plan.fleets[0]! : null,
    said,
    ids: { glass: id },
    detail: { where, reason, plan: plan.numbers, risks: plan.risks.map(({ code }) => code) },
  };
  const [first, ...others] = glasses;
  if (first === undefined) throw new OperatorError('unknown-fleet', 'It is about no fleet that there is.');
  await context.store.saveMachine(first.machine, { audit, outbox, pager });
  // The pages are on their way already: a death here leaves incidents that only PagerDuty can end.
  for (const { machine } of others) await context.store.saveMachine(machine, { outbox: [], pager: [] });
  await wakeSenders([...outbox.map(({ channel }) => channel), PAGER_CHANNEL], context);
}

/** What one of PagerDuty's services hears of it, and the channels of its fleets. */
interface Glass {
  machine: StoredMachine<Paged>;
  rows: OutboxRow[];
  /** null: nobody can be called. */
  event: PagerEvent | null;
}

function glassesOf(plan: Plan, reason: string, id: string, context: CommandContext): Glass[] {
  const { by, now } = context;
  const services = byService(context.fleets.filter(({ name }) => plan.fleets.includes(name)));
  return services.map((fleets, index) => {
    const names = fleets.map(({ name }) => name);
    const fleet = names[0]!;
    const isPaged = context.pages(fleet);
    const isOne = services.length === 1;
    const whole = brokenGlass(plan.action, by, reason, plan.risks, now, isPaged);
    const about = { kind: 'text' as const, text: `This page is about ${names.join(', ')}.` };
    const message = isOne ? whole : { ...whole, parts: [...whole.parts, about] };
    const general = index === 0 ? elsewhere([context.channel], context) : [];
    const channels = [...new Set([...fleets.map(({ channel }) => channel), ...general])];
    const key = isOne ? `break-glass-${id}` : `break-glass-${id}-${index + 1}`;
    const dedupKey = glassKey(names.length === 1 ? fleet : 'all', isOne ? id : `${id}-${index + 1}`);
    const told = { message, key, channels, fleets: names };
    const paged: Paged = { ...newPaged(dedupKey, fleet, message.summary, now, by.name), told };
    const state: Paged = isPaged ? paged : { ...paged, status: 'resolved' };
    const shown = isPaged ? toldMessage(paged, told) : message;
    return {
      machine: { v: 1, kind: 'paged', id: pagedId(dedupKey), fleet, rev: 0, open: isPaged, at: now, state },
      rows: channels.map((channel) => ({
        ...{ v: 1, channel, key, seq: 1, fleet: names.length === 1 ? fleet : '*', decisionId: null },
        ...{ priority: 'alert', at: now, message: shown },
      })),
      event: isPaged ? eventOf(paged, plan, reason, { channel: channels[0]!, key }) : null,
    };
  });
}

const eventOf = (
  { fleet, dedupKey, summary, since, asked, told }: Paged,
  plan: Plan,
  reason: string,
  message: { channel: string; key: string },
): PagerEvent => ({
  v: 1,
  kind: 'trigger',
  fleet,
  dedupKey,
  summary,
  severity: 'warning',
  details: { by: asked, action: plan.action, reason, fleets: told?.fleets.join(', ') ?? fleet },
  at: since,
  message,
});
