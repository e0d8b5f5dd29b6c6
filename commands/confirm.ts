/** The click on a proposal: who clicks, whether it is still good, and whether anything changed are looked at now. */
import { approverRole, type Holder } from '../src/core/access.js';
import { isWaiting, type Proposal } from '../src/core/proposal.js';
import { holderWords } from '../src/core/views/access.js';
import { proposalSettled } from '../src/core/views/plan.js';
import { refusal } from '../src/core/views/problem.js';
import { OperatorError } from '../src/errors.js';
import type { StoredMachine } from '../src/ports.js';
import { short } from './arguments.js';
import { noteDenied, refuseBelow } from './authority.js';
import { type Again, carryOut, takeUp } from './carry-out.js';
import { type CommandContext, defineVerb, type Reply, type Verb } from './command.js';
import { settle } from './propose.js';

export function confirmOf(again: Again): Verb {
  return defineVerb<string>({
    name: 'confirm',
    usage: '<proposal>',
    summary: 'Confirms or approves a risky change that waits; its button says the same.',
    examples: ['confirm 1f0c2a7b-33d4'],
    changes: true,
    parse: (words) => idOf(words, 'confirm'),
    run: (id, context) => confirm(id, context, again),
  }) as Verb;
}

export function declineOf(): Verb {
  return defineVerb<string>({
    name: 'decline',
    usage: '<proposal>',
    summary: 'Drops a risky change that waits; its button says the same.',
    examples: ['decline 1f0c2a7b-33d4'],
    changes: true,
    parse: (words) => idOf(words, 'decline'),
    run: decline,
  }) as Verb;
}

async function confirm(id: string, context: CommandContext, again: Again): Promise<Reply> {
  const machine = await proposalOf(id, context);
  const { state } = machine;
  if (!machine.open) return settled(state);
  // Whoever was to do it may have been lost: anybody's click, and each minute, finds that out.
  if (!isWaiting(state)) return takeUp(machine, context, again);
  const isAuthor = state.by.id === context.by.id;
  if (state.second) {
    if (isAuthor) {
      await noteDenied('confirm', context, { needed: approverRole(context.access), why: 'own proposal' });
      return ownProposal(context);
    }
    const refused = await refuseBelow(approverRole(context.access), 'confirm', context);
    if (refused !== null) return refused;
  }
  const expired = await expiredNow(machine, context);
  if (expired !== null) return expired;
  const changed = await changedFleets(state, context);
  if (changed.length > 0) return overtaken(machine, changed, context, again);
  const isFirst = await settle(machine, 'approved', context);
  const approved = await proposalOf(id, context);
  return isFirst ? carryOut(approved, context, again) : settled(approved.state);
}

async function decline(id: string, context: CommandContext): Promise<Reply> {
  const machine = await proposalOf(id, context);
  if (!machine.open || !isWaiting(machine.state)) return settled(machine.state);
  const expired = await expiredNow(machine, context);
  if (expired !== null) return expired;
  if (!(await settle(machine, 'declined', context))) return settled((await proposalOf(id, context)).state);
  const { state } = await proposalOf(id, context);
  const message = proposalSettled(state);
  return { visibility: state.second ? 'channel' : 'caller', message, closes: message };
}

async function proposalOf(id: string, context: CommandContext): Promise<StoredMachine<Proposal>> {
  const machine = (await context.reader.machine('proposal', id)) as StoredMachine<Proposal> | null;
  if (machine !== null && machine.state.v === 1) return machine;
  throw new OperatorError(
    'not-found',
    `There is no proposal “${short(id)}” any more; say the command again.`,
  );
}

async function expiredNow(machine: StoredMachine<Proposal>, context: CommandContext): Promise<Reply | null> {
  if (context.machineNow() < machine.state.expires) return null;
  await settle(machine, 'expired', context);
  const { state } = await proposalOf(machine.id, context);
  const sentence = `“${machine.state.action}” was planned more than five minutes ago, so nothing was done. Say it again for a fresh plan.`;
  return stale(sentence, state, context);
}

/** The fleets whose intent or desired state is not what the plan was made for. */
async function changedFleets(state: Proposal, context: CommandContext): Promise<string[]> {
  const names = Object.keys(state.versions);
  const fleets = await Promise.all(names.map((name) => context.store.fleet(name)));
  return names.filter((name, n) => fleets[n]!.version !== state.versions[name]);
}

/** Nothing is done on an old plan; its author is shown a fresh one at once. */
async function overtaken(
  machine: StoredMachine<Proposal>,
  changed: string[],
  context: CommandContext,
  again: Again,
): Promise<Reply> {
  const isFirst = await settle(machine, 'overtaken', context);
  const { state } = await proposalOf(machine.id, context);
  if (!isFirst) return settled(state);
  const sentence = `${changed.join(', ')} changed since “${state.action}” was planned, so nothing was done.`;
  if (state.by.id !== context.by.id)
    return stale(`${sentence} ${state.by.name} can say it again.`, state, context);
  const { expectVersion: _made, ...rest } = context;
  const fresh = await again(`${state.said} --dry-run`, { ...rest, said: state.said });
  const parts: Reply['message']['parts'] = [
    { kind: 'text', text: `${sentence} This is what it would do now.` },
    ...fresh.message.parts,
    { kind: 'buttons', buttons: [{ label: 'Ask for it again', command: state.said }] },
  ];
  return {
    visibility: 'caller',
    refused: 'stale',
    message: { ...fresh.message, summary: sentence, tone: 'warn', parts },
    closes: proposalSettled(state),
  };
}

function settled(state: Proposal): Reply {
  const message = proposalSettled(state);
  return { visibility: 'caller', refused: 'stale', message, closes: message };
}

function stale(sentence: string, state: Proposal, { command }: CommandContext): Reply {
  return {
    visibility: 'caller',
    refused: 'stale',
    message: refusal(sentence, { command, usage: state.said }),
    closes: proposalSettled(state),
  };
}

async function ownProposal(context: CommandContext): Promise<Reply> {
  const needed = approverRole(context.access);
  const { people } = await context.authority.holders(needed);
  const others = people.filter((each) => !isSelf(each, context));
  const who =
    others.length === 0
      ? `somebody else with the role ${needed}`
      : `${others.length === 1 ? '' : 'one of '}${holderWords(others)}`;
  const sentence = `You asked for it yourself, so somebody else has to approve it: ask ${who}.`;
  return {
    visibility: 'caller',
    refused: 'denied',
    message: refusal(sentence, { command: context.command }),
  };
}

function isSelf({ name, email }: Holder, context: CommandContext): boolean {
  const own = context.email ?? null;
  if (own === null || email === null) return name === context.by.name;
  return own.toLowerCase() === email.toLowerCase();
}

function idOf(words: string[], verb: string): string {
  const [id, ...more] = words;
  if (id !== undefined && more.length === 0 && /^[\w-]{1,64}$/.test(id)) return id;
  throw new OperatorError(
    'usage',
    'Name one proposal, as its message does; usually its button is easier.',
    `${verb} <proposal>`,
  );
}
