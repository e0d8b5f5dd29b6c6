/**
 * An approved proposal is carried out once, whoever dies meanwhile: by the process that took the click, or, when that was
 * lost, by the next minute in Muster's own name. What it makes bears the proposal in its audit entry, which is stored in
 * one transaction with the effect: it tells whether there is still something to do.
 */
import type { OutboxRow } from '../src/core/message.js';
import { APPROVED_MS, CARRYING_MS, madeBy, type Proposal } from '../src/core/proposal.js';
import { approvalFailed, approvalWaits, proposalSettled } from '../src/core/views/plan.js';
import { OutsideError } from '../src/errors.js';
import type { AuditEntry, StoredMachine } from '../src/ports.js';
import type { CommandContext, Reply } from './command.js';
import { wakeSenders } from './consequences.js';

export type Again = (said: string, context: CommandContext) => Promise<Reply>;
type Approved = StoredMachine<Proposal>;

/** So many of the newest audit entries are looked through for what an approval did. */
const TRAIL = 1_000;

/** Straight after the click. */
export async function carryOut(machine: Approved, context: CommandContext, again: Again): Promise<Reply> {
  if (!(await isMine(machine, context))) return beingDone(machine);
  try {
    const reply = await hearIt(machine, context, again, null);
    return { ...reply, closes: proposalSettled(withoutMark(machine.state)) };
  } catch (error) {
    if (!(error instanceof OutsideError)) throw error;
    return {
      visibility: 'caller',
      message: approvalWaits(machine.state.action, `${error.peer} does not answer (${error.why})`),
      closes: proposalSettled(machine.state),
    };
  }
}

/** Approved and not noted as done: whoever took the click may have been lost before the effect, or right after it. */
export async function takeUp(machine: Approved, context: CommandContext, again: Again): Promise<Reply> {
  if (!(await isMine(machine, context))) return beingDone(machine);
  const why = await whyNot(machine, context);
  if (why === null) return hearIt(machine, { ...context, where: 'muster' }, again, 'tell');
  await close(machine, context, why === 'done' ? null : why, 'tell');
  if (why === 'done') return beingDone({ ...machine, state: withoutMark(machine.state) });
  return { visibility: 'caller', refused: 'stale', message: approvalFailed(machine.state, why) };
}

/** One at a time; whoever died with it lets go of it when the time is over. */
const isMine = ({ id }: Approved, { store }: CommandContext): Promise<boolean> =>
  store.once(`approval-${id}`, CARRYING_MS);

function beingDone({ state }: Approved): Reply {
  const message = proposalSettled(state);
  return { visibility: 'caller', refused: 'stale', message, closes: message };
}

/**
 * The words again, by their author and with the approval. A peer that is silent leaves it to the next minute. 'tell': the
 * one who clicked does not hear the answer, so that the channels hear of a refusal.
 */
async function hearIt(
  machine: Approved,
  context: CommandContext,
  again: Again,
  tells: 'tell' | null,
): Promise<Reply> {
  const { state, id } = machine;
  const { expectVersion: _made, ...rest } = context;
  const approval = { proposal: id, by: state.decidedBy ?? context.by };
  try {
    const heard = { ...rest, by: state.by, said: state.said, approval, newId: () => madeBy(id) };
    const reply = await again(state.said, heard);
    const refused = reply.refused === undefined || tells === null ? null : reply.message.summary;
    // The effect is stored: when this is not, the next minute finds it in the audit.
    await close(machine, context, refused, tells).catch(onlyOutside);
    return reply;
  } catch (error) {
    if (error instanceof OutsideError) throw error;
    await close(machine, context, error instanceof Error ? error.message : 'unknown', tells).catch(
      onlyOutside,
    );
    throw error;
  }
}

/** Why it is not to be carried out now: it is done, or a sentence; null: it is. */
async function whyNot({ id, state }: Approved, context: CommandContext): Promise<string | null> {
  const trail = await context.reader.audit(TRAIL);
  const own = trail.filter(({ ids }) => ids?.proposal === id);
  if (own.some(({ action }) => !OF_THE_PROPOSAL.has(action))) return 'done';
  const reachesBack = trail.length < TRAIL || own.some(({ action }) => action === 'approve');
  if (!reachesBack) return 'Whether it was done before Muster was stopped is not known: look at the status.';
  if (context.machineNow() >= state.expires + APPROVED_MS)
    return 'It could not be done within a quarter of an hour.';
  const names = Object.keys(state.versions);
  const fleets = await Promise.all(names.map((name) => context.store.fleet(name)));
  const changed = names.filter((name, n) => fleets[n]!.version !== state.versions[name]);
  if (changed.length === 0) return null;
  return `${changed.join(', ')} changed before it could be done.`;
}

const OF_THE_PROPOSAL: ReadonlySet<string> = new Set(['propose', 'approve', 'approved-but-failed']);

/**
 * The last step, after which nobody takes it up any more. Whoever approved it believes that it is done: when it is not, the
 * fleets' channels hear so, and why.
 */
async function close(
  machine: Approved,
  context: CommandContext,
  failed: string | null,
  tells: 'tell' | null,
): Promise<void> {
  const { id, state, fleet } = machine;
  const { now } = context;
  const own = context.fleets.filter(({ name }) => state.versions[name] !== undefined);
  const channels = failed === null || tells === null ? [] : [...new Set(own.map(({ channel }) => channel))];
  const outbox = channels.map(
    (channel): OutboxRow => ({
      ...{ v: 1, channel, key: `undone-${id}`, seq: 1, fleet, decisionId: null },
      ...{ priority: 'alert', at: now, message: approvalFailed(state, failed ?? '') },
    }),
  );
  const audit: AuditEntry = {
    at: now,
    by: state.decidedBy ?? context.by,
    action: 'approved-but-failed',
    fleet: null,
    ids: { proposal: id },
    detail: { failed },
  };
  const closed = { ...machine, open: false, at: now, state: withoutMark(state) };
  const step = failed === null ? {} : { audit };
  await context.store.saveMachine(closed, { ...step, outbox, pager: [] });
  await wakeSenders(channels, context);
}

function withoutMark({ undone: _mark, ...state }: Proposal): Proposal {
  return state;
}

function onlyOutside(error: unknown): void {
  if (!(error instanceof OutsideError)) throw error;
}
