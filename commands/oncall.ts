import type { Span } from '../src/core/message.js';
import type { Millis } from '../src/core/model.js';
import { type Duty, isNextUnknown, nextUp, onDuty } from '../src/core/rota.js';
import { type OnCallSeen, onCallMessage } from '../src/core/views/paged.js';
import { refusal } from '../src/core/views/problem.js';
import { OperatorError } from '../src/errors.js';
import type { Rota } from '../src/ports.js';
import { knownFleet } from './arguments.js';
import { type CommandContext, defineVerb, type Reply } from './command.js';

const usage = 'oncall [fleet]';
/** How far ahead the next turn is looked for: where turns are long, a second time. Short ones of a month are many pages. */
const AHEAD_MS = 7 * 86_400_000;
const FAR_AHEAD_MS = 30 * 86_400_000;

export const oncall = defineVerb<{ fleet: string | null }>({
  name: 'oncall',
  usage: '[fleet]',
  summary: 'Says who is on call now and who comes next, with the end of the shift in your time zone.',
  examples: ['oncall', 'oncall face-match'],
  changes: false,
  parse(words, context) {
    if (words.length > 1) throw new OperatorError('usage', 'Name one fleet, or none for all.', usage);
    return { fleet: words[0] === undefined ? null : knownFleet(words[0], context, usage) };
  },
  async run({ fleet }, context): Promise<Reply> {
    const { rota, now } = context;
    const fleets = context.fleets.filter(({ name }) => fleet === null || name === fleet);
    if (!rota) {
      const sentence =
        'PagerDuty’s rota is not configured: set PAGERDUTY_TOKEN and pagerduty.escalationPolicy.';
      return {
        visibility: 'caller',
        refused: 'not-found',
        message: refusal(sentence, { command: context.command }),
      };
    }
    const asked = await Promise.all(
      fleets.map(async ({ name }) => ({ name, duties: await dutiesOf(name, rota, now) })),
    );
    const said = new Set<string>();
    const groups: OnCallSeen[] = [];
    // One after the other: who was mentioned already is only named.
    for (const { fleets: names, duties } of grouped(asked)) {
      const standing: OnCallSeen['now'] = [];
      for (const duty of onDuty(duties, now)) standing.push({ duty, who: await nameOf(duty, said, context) });
      const next = nextUp(duties, now).map((duty) => ({ duty, who: duty.person.name }));
      groups.push({ fleets: names, now: standing, next });
    }
    const without = asked.flatMap(({ name, duties }) => (duties === null ? [name] : []));
    return { visibility: 'caller', message: onCallMessage(groups, without) };
  },
});

/** null: no rota is named for the fleet. */
async function dutiesOf(fleet: string, rota: Rota, now: Millis): Promise<Duty[] | null> {
  const near = await rota.duties(fleet, now, now + AHEAD_MS);
  if (near === null || !isNextUnknown(near, now)) return near;
  return rota.duties(fleet, now, now + FAR_AHEAD_MS);
}

/** Fleets with one and the same rota share a paragraph. */
function grouped(asked: { name: string; duties: Duty[] | null }[]): { fleets: string[]; duties: Duty[] }[] {
  const groups = new Map<string, { fleets: string[]; duties: Duty[] }>();
  for (const { name, duties } of asked) {
    if (duties === null) continue;
    const key = JSON.stringify(duties);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { fleets: [name], duties });
    else known.fleets.push(name);
  }
  return [...groups.values()];
}

/** A mention once each; the account in the chat is the one of the same address. */
async function nameOf({ person }: Duty, said: Set<string>, { directory }: CommandContext): Promise<Span> {
  if (said.has(person.id) || person.email === null || !directory) return person.name;
  said.add(person.id);
  const known = await directory.byEmail(person.email).catch(() => null);
  return known === null ? person.name : { person: known.id, name: person.name, mention: true };
}
