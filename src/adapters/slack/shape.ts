/** Bolt trusts a signed body to be well formed and breaks on one that is not; so its outline is looked at first. */
import { z } from 'zod';

const some = z.looseObject({});
const id = z.string().min(1);
const view = z.looseObject({ callback_id: z.string() });
const user = z.looseObject({ id });

const payload = z.union([
  z.looseObject({
    type: z.literal('block_actions'),
    user,
    actions: z.array(z.looseObject({ action_id: z.string(), block_id: z.string().optional() })).min(1),
  }),
  z.looseObject({ type: z.enum(['view_submission', 'view_closed']), user, view }),
  z.looseObject({ type: z.enum(['message_action', 'shortcut']), user, callback_id: id }),
  z.looseObject({ type: z.literal('block_suggestion'), user }),
]);

const event = z.union([
  z.looseObject({ type: z.literal('url_verification'), challenge: z.string() }),
  z.looseObject({ type: z.literal('event_callback'), event: z.looseObject({ type: id }) }),
  // Told when Slack has sent too many.
  z.looseObject({ type: z.literal('app_rate_limited') }),
]);

/** Is this a command, an interaction or an event, as far as its outline goes? */
export function isWellFormed(body: string, contentType: string): boolean {
  if (contentType.startsWith('application/json')) return isJson(body, event);
  const form = new URLSearchParams(body);
  const interaction = form.get('payload');
  if (interaction !== null) return isJson(interaction, payload);
  return form.has('ssl_check') || /^\//.test(form.get('command') ?? '');
}

function isJson(text: string, shape: z.ZodType): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return some.safeParse(value).success && shape.safeParse(value).success;
  } catch {
    return false;
  }
}
