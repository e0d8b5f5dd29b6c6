import { z } from 'zod';
import type { JobContext } from '../src/app.js';
import type { FleetConfig } from '../src/config.js';
import type { Person } from '../src/core/model.js';
import { aboutKey, type Paged, type Suggested } from '../src/core/paged.js';
import { type Fit, fitting, saidAs } from '../src/core/remedies/index.js';
import type { RemedyRun } from '../src/core/remedies/run.js';
import { diagnosticsNote, fittingNote, otherFitsNote } from '../src/core/views/incident-note.js';
import { openFreezes } from '../src/core/views/intent.js';
import type { StoredMachine } from '../src/ports.js';
import { symptomsOf } from '../src/symptoms.js';
import { noteLater } from './incident-note.js';
import { defineJob } from './job.js';
import { madeBefore } from './made.js';
import { keepPaged, readPaged } from './paged.js';

const data = z.object({
  v: z.literal(1),
  id: z.string(),
  action: z.enum(['hold-scale-down', 'run-remedy', 'add-diagnostics']),
  incident: z.object({ id: z.string(), key: z.string().nullable() }),
  /** PagerDuty's id of who clicked. */
  agent: z.string().nullable(),
});
type Click = z.output<typeof data>;

const RACES = 4;
const HOLD_MS = 3_600_000;
/** As long as PagerDuty may send one again. */
const REMEMBERED_MS = 49 * 3_600_000;

/**
 * A button on an incident in PagerDuty. The clicker is looked up as a person of the chat by address, and what they ask
 * for goes by the same road as if they had typed it; what came of it is a note on the incident, a refusal too. One click
 * may come any number of times: what it makes bears its id, and it is noted as done when the note is on its way.
 */
export const pagerdutyAction = defineJob({
  name: 'pagerduty-action',
  data,
  deadlineMs: 20_000,
  async run(click, context) {
    const { store } = context;
    const key = `pagerduty-click-${click.id}`;
    if (await store.wasOnce(key)) return;
    const said = await answerTo(click, context);
    if (said !== null) await noteLater(click.incident.id, click.id, said, context);
    await store.once(key, REMEMBERED_MS);
  },
});

async function answerTo(click: Click, context: JobContext): Promise<string | null> {
  const { incidents } = context;
  if (!incidents) {
    context.log.warn({ action: click.action }, 'an incident button needs PAGERDUTY_TOKEN: nothing was done');
    return null;
  }
  const key = click.incident.key?.startsWith('muster/')
    ? click.incident.key
    : ((await incidents.get(click.incident.id))?.key ?? null);
  const name = key === null ? null : (aboutKey(key)?.fleet ?? null);
  const fleet = context.fleets.find((each) => each.name === name);
  if (fleet === undefined) return 'Nothing was done: this incident is about no fleet that Muster knows.';
  const clicker = await whoIs(click, context);
  if (typeof clicker === 'string') return clicker;
  if (click.action === 'add-diagnostics') return diagnostics(fleet, context);
  const done = await doneBefore(click, fleet, context);
  if (done !== null) return done;
  const asked =
    click.action === 'hold-scale-down'
      ? { text: await holdWords(click, fleet, context) }
      : await remedyWords(click, key!, fleet, context);
  if ('note' in asked) return asked.note;
  const { text } = asked;
  const reply = await context.handle({
    text,
    by: clicker.person,
    email: clicker.email,
    where: 'pagerduty',
    incident: click.incident.id,
    id: idOf(click),
  });
  const verdict = reply.refused === undefined ? '' : 'Refused: ';
  const typed = click.action === 'run-remedy' ? `, by “${text}”` : '';
  return `${verdict}${reply.message.summary} (${clicker.person.name}${typed})`;
}

/** What an earlier run made before it ended without its note. */
async function doneBefore(click: Click, fleet: FleetConfig, context: JobContext): Promise<string | null> {
  const { store } = context;
  const id = idOf(click);
  if (click.action === 'hold-scale-down') return madeBefore(id, fleet, store);
  const stored = (await store.machine('remedy', id)) as StoredMachine<RemedyRun> | null;
  if (stored === null) return null;
  const { name, lines, by } = stored.state;
  if (stored.open) await context.queue.enqueue('remedy', { v: 1, id }, { dedupe: `remedy-${id}` });
  return `${lines.join(' ')} Its message in ${fleet.channel} says when it is done. (${by.name}, by “remedy ${fleet.name} ${name}”)`;
}

/** Of what the click makes. */
const idOf = ({ id }: Click): string => `pd-${id.replace(/[^\w-]/g, '').slice(0, 60)}`;

/** A sentence when the clicker is nobody that Muster knows. */
async function whoIs(
  { agent }: Click,
  { incidents, directory }: JobContext,
): Promise<string | { person: Person; email: string }> {
  const user = agent === null ? null : await incidents!.person(agent);
  if (user === null) return 'Refused, and nothing was done: PagerDuty does not say who clicked.';
  if (user.email === null) return `Refused, and nothing was done: ${user.name} has no address in PagerDuty.`;
  const person = directory ? await directory.byEmail(user.email) : null;
  if (person !== null) return { person, email: user.email };
  return `Refused, and nothing was done: ${user.name} (${user.email}) has no member’s account in Slack under that address, so Muster cannot tell what they may do.`;
}

/** As one would type it. */
async function holdWords(click: Click, fleet: FleetConfig, context: JobContext): Promise<string> {
  const { freezes } = await context.store.fleet(fleet.name);
  const until = context.clock.now() + HOLD_MS;
  // One that ends sooner gives way to the hour that was asked for; one that forbids more stays.
  const isShorter = openFreezes(freezes, context.clock.now()).some(
    (each) => each.fleet === fleet.name && each.kind === 'down' && each.until < until,
  );
  const replace = isShorter ? ' --replace' : '';
  return `freeze ${fleet.name} down for 1h${replace} because asked on the PagerDuty incident ${click.incident.id}`;
}

/**
 * The remedy that the incident's newest note names, as one would type it. When that one fits no more nothing is done: what
 * fits now is a remedy that nobody has read of yet, so a note names it first, and the next click runs it.
 */
async function remedyWords(
  click: Click,
  key: string,
  fleet: FleetConfig,
  context: JobContext,
): Promise<{ text: string } | { note: string }> {
  for (let race = 0; race < RACES; race += 1) {
    const known = await readPaged(key, '', context);
    const suggested = known?.paged.suggested;
    // The same click again, after a crash.
    if (suggested?.click === click.id) return { note: suggested.note };
    const fits = fitting(await see(fleet, context));
    const said = firstOf(fits, fleet);
    if (said === null) return { note: `Nothing was done: no remedy fits what is seen of ${fleet.name} now.` };
    if (known === null || suggested?.pagerId !== click.incident.id) return { text: said };
    const named = fits.map((fit) => saidAs(fleet.name, fit)).find((each) => each === suggested.said);
    if (named !== undefined) return { text: named };
    const note = otherFitsNote(suggested.said, fits);
    const next = { pagerId: click.incident.id, said, note, click: click.id };
    if (await keepPaged(known, { ...known.paged, suggested: next }, {}, context)) return { note };
  }
  throw new Error('the incident kept changing; the click is tried again');
}

const firstOf = ([first]: Fit[], fleet: FleetConfig): string | null =>
  first === undefined ? null : saidAs(fleet.name, first);

async function diagnostics(fleet: FleetConfig, context: JobContext): Promise<string> {
  const [seen, state] = await Promise.all([see(fleet, context), context.store.fleet(fleet.name)]);
  return diagnosticsNote(fleet.name, state.memory?.recent.at(-1) ?? null, state.latest, seen);
}

const see = (fleet: FleetConfig, context: JobContext) => symptomsOf(fleet, context.clock.now(), context);

/** The remedy that a new incident's note is to name. null: no note of Muster can be written there. */
export async function suggest(key: string, pagerId: string, context: JobContext): Promise<Suggested | null> {
  const fleet = context.fleets.find((each) => each.name === aboutKey(key)?.fleet);
  if (!context.incidents || fleet === undefined) return null;
  const fits = fitting(await see(fleet, context));
  return { pagerId, said: firstOf(fits, fleet), note: fittingNote(fits), click: null };
}

/** The note of a new incident, as it is stored. */
export async function noteSuggested(
  { suggested }: Paged,
  pagerId: string,
  context: JobContext,
): Promise<void> {
  if (suggested?.pagerId !== pagerId || suggested.click !== null) return;
  await noteLater(pagerId, `fitting-${pagerId}`, suggested.note, context);
}
