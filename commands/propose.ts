/** What is risky waits for a click: stored with the versions it was planned for, said with the button that does it. */
import { approverRole } from '../src/core/access.js';
import { needsSecond, type Plan } from '../src/core/plan.js';
import { isWaiting, MOST_PROPOSALS, PROPOSAL_MS, type Proposal } from '../src/core/proposal.js';
import { proposalMessage, proposalRows, proposalSettled } from '../src/core/views/plan.js';
import { OperatorError } from '../src/errors.js';
import type { StoredMachine } from '../src/ports.js';
import type { CommandContext, Reply } from './command.js';
import { elsewhere, wakeSenders } from './consequences.js';

export async function propose(plan: Plan, context: CommandContext): Promise<Reply> {
  const { by, now, said, where } = context;
  const waiting = await sweep(context);
  if (waiting >= MOST_PROPOSALS) {
    throw new OperatorError(
      'conflict',
      `${waiting} proposals wait already; confirm or drop some, or wait five minutes.`,
    );
  }
  const states = await Promise.all(plan.fleets.map((name) => context.store.fleet(name)));
  const second = isForTwo(plan, context) ? approverRole(context.access) : null;
  const id = context.newId();
  const fleet = plan.fleets.length === 1 ? plan.fleets[0]! : '*';
  const channels = context.fleets
    .filter(({ name }) => plan.fleets.includes(name))
    .map(({ channel }) => channel);
  const proposal: Proposal = {
    v: 1,
    action: plan.action,
    said,
    by,
    versions: Object.fromEntries(plan.fleets.map((name, n) => [name, states[n]!.version])),
    risks: plan.risks,
    numbers: plan.numbers,
    second: second !== null,
    expires: context.machineNow() + PROPOSAL_MS,
    // What one's own click confirms concerns nobody else yet.
    postedIn: second === null ? [] : elsewhere(channels, context),
    outcome: 'waiting',
    decidedBy: null,
    decidedAt: null,
  };
  const message = proposalMessage(plan, id, by, { second });
  await context.store.saveMachine(
    { v: 1, kind: 'proposal', id, fleet, rev: 0, open: true, at: now, state: proposal },
    {
      audit: {
        at: now,
        by,
        action: 'propose',
        fleet: fleet === '*' ? null : fleet,
        said,
        ids: { proposal: id },
        detail: { where, plan: plan.numbers, risks: plan.risks.map(({ code }) => code) },
      },
      outbox: proposalRows(proposal, id, fleet, message, now, 1),
      pager: [],
    },
  );
  await wakeSenders(proposal.postedIn, context);
  return { visibility: second === null ? 'caller' : 'channel', waits: true, message };
}

/** Somebody else has to approve it. */
export const isForTwo = ({ risks }: Plan, { access }: Pick<CommandContext, 'access'>): boolean =>
  access.secondPerson && needsSecond(risks);

/** Closes what nobody clicked in time; gives the number of those that still wait. */
async function sweep(context: CommandContext): Promise<number> {
  const all = (await context.reader.machines('proposal')).filter(
    ({ open, state }) => open && isWaiting(state as Proposal),
  ) as StoredMachine<Proposal>[];
  const late = all.filter(({ state }) => state.expires <= context.machineNow());
  for (const machine of late) await settle(machine, 'expired', context);
  return all.length - late.length;
}

/**
 * False: somebody else settled it first. The message loses its buttons in the same transaction. An approved one stays open
 * until `approved.ts` has carried it out.
 */
export async function settle(
  machine: StoredMachine<Proposal>,
  outcome: Exclude<Proposal['outcome'], 'waiting'>,
  context: CommandContext,
): Promise<boolean> {
  const { now, by, where } = context;
  const decidedBy = outcome === 'approved' || outcome === 'declined' ? by : null;
  const settled: Proposal = { ...machine.state, outcome, decidedBy, decidedAt: now };
  const state: Proposal = outcome === 'approved' ? { ...settled, undone: true } : settled;
  const outbox = proposalRows(state, machine.id, machine.fleet, proposalSettled(settled), now, 2);
  const stored = await context.store.saveMachine(
    { ...machine, open: outcome === 'approved', at: now, state },
    {
      audit: {
        at: now,
        by: decidedBy ?? { id: 'muster', name: 'Muster' },
        action: ACTION[outcome],
        fleet: machine.fleet === '*' ? null : machine.fleet,
        said: state.said,
        ids: { proposal: machine.id },
        detail: { where, askedBy: state.by },
      },
      outbox,
      pager: [],
    },
  );
  if (stored === 'stored') await wakeSenders(state.postedIn, context);
  return stored === 'stored';
}

const ACTION = {
  approved: 'approve',
  declined: 'decline',
  expired: 'proposal-expired',
  overtaken: 'proposal-overtaken',
} as const;
