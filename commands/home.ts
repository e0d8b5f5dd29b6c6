/** What the home tab shows to one person, read at once; a silent peer is named and the rest is shown. */
import { approverRole, isAtLeast } from '../src/core/access.js';
import type { Message } from '../src/core/message.js';
import type { Person } from '../src/core/model.js';
import { isWaiting, type Proposal } from '../src/core/proposal.js';
import { type HomeNow, homeMessage } from '../src/core/views/home.js';
import type { StoredMachine } from '../src/ports.js';
import type { CommandContext, Verb } from './command.js';
import { fleetsNow } from './fleets-now.js';
import { patiently, silence } from './peers.js';

const SHOWN = 40;

export async function homeOf(context: CommandContext, verbs: readonly Verb[]): Promise<Message> {
  const silent = new Set<string>();
  const [found, rollouts, proposals, standing, holders, delayed] = await Promise.all([
    fleetsNow(context.fleets, SHOWN, context),
    machines('rollout', context, silent),
    machines('proposal', context, silent),
    context.authority.standing('admin'),
    context.authority.holders('operator'),
    delayedWords(context),
  ]);
  const { role } = standing;
  const isApprover = isAtLeast(role, approverRole(context.access));
  return homeMessage({
    by: context.by,
    role,
    ...found,
    now: context.now,
    silent: [...new Set([...found.silent, ...silent]), ...delayed],
    rollouts: rollouts.map(({ fleet, state }) => {
      const { image, phase, paused } = state as { image?: unknown; phase?: unknown; paused?: unknown };
      return {
        fleet,
        image: wordOf(image, 'a new image'),
        phase: wordOf(phase, 'under way'),
        paused: paused != null,
      };
    }),
    onCall: holders.onCall?.map(({ name }) => name) ?? null,
    approvals: proposals
      .filter(({ state }) => isGood(state as Proposal, context.machineNow()))
      .flatMap((machine) => approvalOf(machine, context.by, isApprover)),
    verbs: verbs
      .filter((verb) => isAtLeast(role, verb.role ?? (verb.changes ? 'operator' : 'viewer')))
      .map(({ name, usage, summary }) => ({ name, usage, summary })),
    command: context.command,
  });
}

/** The open ones; their state is the kind's own, so only what is surely there is read. */
async function machines(
  kind: string,
  context: CommandContext,
  silent: Set<string>,
): Promise<StoredMachine[]> {
  const found = await patiently(context.reader.machines(kind));
  if (!found.ok) silent.add(silence(found.error, `${kind}s are not known`));
  return found.ok ? found.value.filter(({ open }) => open).slice(0, 10) : [];
}

/** What came too late stays open until somebody asks for something else or clicks it. */
const isGood = (proposal: Proposal, machineNow: number): boolean =>
  proposal.v === 1 && isWaiting(proposal) && proposal.expires > machineNow;

/** One's own wait for one's own click unless a second person is needed; others' are shown to approvers. */
function approvalOf(machine: StoredMachine, me: Person, isApprover: boolean): HomeNow['approvals'] {
  const { action, by, said, second } = machine.state as Proposal;
  const isMine = by.id === me.id;
  if (!isMine && !isApprover) return [];
  const mayDecide = second ? !isMine : isMine;
  return [{ id: machine.id, action, by, said, at: machine.at, mayDecide }];
}

/** Messages that have waited for long are said in one line. */
async function delayedWords({ reader, now }: CommandContext): Promise<string[]> {
  const waiting = await patiently(reader.waiting());
  if (!waiting.ok) return [];
  const late = waiting.value.filter(({ oldestAt }) => now - oldestAt > LATE_MS);
  const count = late.reduce((sum, each) => sum + each.count, 0);
  if (count === 0) return [];
  const minutes = Math.round((now - Math.min(...late.map(({ oldestAt }) => oldestAt))) / 60_000);
  return [
    `⚠ ${count} ${count === 1 ? 'message waits' : 'messages wait'} to be sent, the oldest for ${minutes} min; scaling goes on.`,
  ];
}

const LATE_MS = 5 * 60_000;

const wordOf = (value: unknown, otherwise: string): string =>
  typeof value === 'string' && value !== '' ? value : otherwise;
