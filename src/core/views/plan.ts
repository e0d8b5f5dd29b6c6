/** A plan before it is done: what changes, what is risky about it, and the button that says what it does. */
import { sentence } from '../explain.js';
import type { Message, OutboxRow, Part } from '../message.js';
import type { Millis, Person } from '../model.js';
import type { FleetPlan, Plan, Risk } from '../plan.js';
import type { Policy } from '../policy.js';
import type { Proposal } from '../proposal.js';
import { at, fieldsOf, money, number, quoted, rate, spans, UNKNOWN, who, workers } from './words.js';

export function fleetPlanParts(plan: FleetPlan, policy: Policy): Part[] {
  return [
    {
      kind: 'fields',
      fields: fieldsOf([
        ['Workers', arrow(number(plan.from), number(plan.to))],
        ['Nodes', arrow(number(plan.nodesFrom), number(plan.nodesTo))],
        ['Cost', arrow(costWords(plan.costPerHourFrom, policy), costWords(plan.costPerHourTo, policy))],
        ['Demand now', rate(plan.demand)],
        ['Forecast peak, sized for', `${rate(plan.forecast)}, ${rate(plan.sizedFor)}`],
        ['Need', plan.need === null ? UNKNOWN : workers(plan.need)],
        ['Lowest headroom', headroomWords(plan.lowestHeadroom)],
      ]),
    },
    {
      kind: 'table',
      head: ['Zone', 'Workers now', 'then'],
      rows: plan.zones.map(({ zone, from, to }) => [zone, number(from), number(to)]),
    },
    ...limitLines(plan, policy).map((text): Part => ({ kind: 'text', text })),
  ];
}

/** Why these numbers are not those that were asked for. */
function limitLines({ fleet, limits }: FleetPlan, policy: Policy): string[] {
  const advice = `${fleet} is in advise mode: Muster says what it would do and changes nothing.`;
  return [...limits.map(sentence), ...(policy.mode === 'advise' ? [advice] : [])];
}

export function effectOf(plan: FleetPlan, policy: Policy): string {
  const cost = arrow(costWords(plan.costPerHourFrom, policy), costWords(plan.costPerHourTo, policy));
  const lacking =
    plan.lowestHeadroom !== null && plan.lowestHeadroom < 0
      ? ` That is fewer than the ${plan.need} that the forecast needs.`
      : '';
  return `${arrow(number(plan.from), number(plan.to))} workers, ${arrow(number(plan.nodesFrom), number(plan.nodesTo))} nodes, ${cost}.${lacking}`;
}

export function riskSentence(risk: Risk): string {
  switch (risk.code) {
    case 'below-need':
      return `${workers(risk.workers)} ${risk.workers === 1 ? 'is' : 'are'} fewer than the ${risk.need} that the forecast needs: answers will be late.`;
    case 'need-unknown':
      return `It would cut from ${risk.from} to ${risk.workers} while nobody knows what is needed.`;
    case 'peak':
      return `A scheduled peak is on (at least ${risk.floor}), and it would cut from ${risk.from} to ${risk.workers}.`;
    case 'large':
      return `It changes ${risk.change} workers at once; more than ${risk.limit} are asked about.`;
    case 'freeze-of-another':
      return `The freeze was set by ${risk.by}, who may have a reason that still holds.`;
    case 'restarts':
      return `It replaces ${workers(risk.workers)} on ${risk.nodes} ${risk.nodes === 1 ? 'node' : 'nodes'}.`;
    case 'restarts-at-peak':
      return `A scheduled peak is on (at least ${risk.floor}): every pause of it costs more now.`;
    case 'no-room':
      return `${risk.ready} ready, ${risk.need} needed: no node can be missed before more are there.`;
  }
}

export function proposalMessage(
  plan: Plan,
  id: string,
  by: Person,
  needs: { second: string | null },
): Message {
  return {
    summary: `Not done yet: ${plan.action}. ${plan.risks.map(riskSentence).join(' ')}`,
    title: `${plan.action}?`,
    tone: 'warn',
    parts: [
      ...askedParts(plan, by),
      ...plan.parts,
      { kind: 'list', items: plan.risks.map((risk) => `⚠ ${riskSentence(risk)}`) },
      {
        kind: 'text',
        text:
          needs.second === null
            ? 'Nothing is done until you confirm it.'
            : [
                'Nothing is done until somebody else, with the role ',
                { bold: needs.second },
                ', approves what ',
                who(by),
                ' asked for.',
              ],
      },
      {
        kind: 'buttons',
        buttons: [
          {
            label: plan.action.slice(0, 75),
            command: `confirm ${id}`,
            style: plan.falls ? 'danger' : 'primary',
          },
          { label: 'Drop it', command: `decline ${id}` },
        ],
      },
      {
        kind: 'context',
        text: [
          'Good for five minutes, and only while nothing else changes. In an emergency: add ',
          { code: '--break-glass' },
          ' to the command; it tells everybody and pages whoever is on call.',
        ],
      },
    ],
  };
}

function askedParts({ asks }: Plan, by: Person): Part[] {
  if (asks === undefined) return [];
  const fields = fieldsOf([
    ['Asked for by', [who(by)]],
    ['Until', [at(asks.until, 'date-time')]],
    ['Because', spans(quoted(asks.reason))],
  ]);
  return [{ kind: 'fields', fields }];
}

export function dryRunPlan(plan: Plan): Message {
  const risks = plan.risks.map((risk) => `⚠ ${riskSentence(risk)}`);
  return {
    summary: `Dry run: ${plan.action}. Nothing was changed.`,
    title: `Dry run: ${plan.action}`,
    tone: 'info',
    parts: [
      ...plan.parts,
      ...(risks.length === 0 ? [] : [{ kind: 'list' as const, items: risks }]),
      {
        kind: 'context',
        text: `Nothing was changed.${risks.length === 0 ? '' : ' It would ask for a confirmation first.'}`,
      },
    ],
  };
}

/** How a proposal ended: for the second one who clicks, and in place of its buttons. */
export function proposalSettled(proposal: Proposal): Message {
  const words = {
    waiting: 'still waits',
    approved: 'was confirmed',
    declined: 'was dropped',
    expired: 'expired: nobody confirmed it within five minutes',
    overtaken: 'was not done: the fleet had changed since it was planned',
  }[proposal.outcome];
  const { decidedBy, decidedAt } = proposal;
  const undone = proposal.undone === true ? ' It is being done.' : '';
  return {
    summary: `“${proposal.action}” ${words}${decidedBy === null ? '' : `, by ${decidedBy.name}`}.${undone}`,
    tone: 'info',
    parts: [
      {
        kind: 'text',
        text: [
          `“${proposal.action}”, asked for by `,
          who(proposal.by),
          `, ${words}`,
          ...(decidedBy === null ? [] : [', by ', who(decidedBy)]),
          ...(decidedAt === null ? [] : [', at ', at(decidedAt)]),
          `.${undone}`,
        ],
      },
    ],
  };
}

/** A peer was silent when what was approved was to be done. */
export function approvalWaits(action: string, why: string): Message {
  const text = `“${action}” is approved and not done yet: ${why}. Muster tries again each minute.`;
  return { summary: text, tone: 'warn', parts: [{ kind: 'text', text }] };
}

/** Approved, and not done after all. */
export function approvalFailed({ action, by, decidedBy, said }: Proposal, why: string): Message {
  return {
    summary: `“${action}” was approved, but is not done. ${why}`,
    title: `Approved, but not done: ${action}`,
    tone: 'warn',
    parts: [
      {
        kind: 'text',
        text: [
          'Asked for by ',
          who(by),
          ...(decidedBy === null ? [] : [', approved by ', who(decidedBy)]),
          `. ${why}`,
        ],
      },
      { kind: 'text', text: ['To ask for it again: ', { code: said }] },
    ],
  };
}

/** Its message in channels that did not see the answer: with buttons while it waits, without afterwards. */
export function proposalRows(
  proposal: Proposal,
  id: string,
  fleet: string,
  message: Message,
  when: Millis,
  seq: 1 | 2,
): OutboxRow[] {
  return proposal.postedIn.map((channel) => ({
    v: 1,
    channel,
    key: `proposal-${id}`,
    seq,
    fleet,
    decisionId: null,
    priority: 'notice',
    at: when,
    message,
  }));
}

export function brokenGlass(
  action: string,
  by: Person,
  reason: string,
  risks: Risk[],
  when: Millis,
  isPaged: boolean,
): Message {
  return {
    summary: `${by.name} broke the glass: ${action}, without a second person, because ${reason}.`,
    title: `Break-glass: ${action}`,
    tone: 'bad',
    parts: [
      {
        kind: 'text',
        text: [who(by), ' did this at ', at(when), ` without the confirmation that it needs: “${reason}”.`],
      },
      { kind: 'list', items: risks.map(riskSentence) },
      {
        kind: 'context',
        text: `It is in the audit trail${isPaged ? ', and whoever is on call has been paged' : ''}.`,
      },
    ],
  };
}

const arrow = (from: string, to: string): string => `${from} → ${to}`;

const costWords = (cost: number | null, policy: Policy): string =>
  cost === null ? UNKNOWN : money(cost, policy);

function headroomWords(headroom: number | null): string {
  if (headroom === null) return UNKNOWN;
  return headroom >= 0 ? `${workers(headroom)} above the need` : `${workers(-headroom)} too few`;
}
