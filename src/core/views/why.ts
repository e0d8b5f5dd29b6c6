/** `why`: the same record that the decision was made from, read aloud. */
import { explain } from '../explain.js';
import type { Message, Part } from '../message.js';
import type { Seen } from '../model.js';
import { type Decision, type DecisionRecord, type Millis, target } from '../model.js';
import type { Policy } from '../policy.js';
import { decisionSummary } from './decision.js';
import { numbersTable, placementLines } from './numbers.js';
import { at, workers } from './words.js';

/** `chart`: the hours before the decision, and what came of it since. */
export function whyMessage(record: DecisionRecord, chart: Part[] = []): Message {
  const { decision, seen, policy, fleet } = record;
  const forecasters = record.decision.numbers.voters.map(
    (voter) => `${voter.name} ${voter.forecast === null ? 'unknown' : `${voter.forecast.toFixed(1)}/s`}`,
  );
  return {
    summary: decisionSummary(record),
    title: `Why ${fleet} is at ${workers(target(decision))}`,
    tone: decision.shortOf > 0 ? 'warn' : 'info',
    parts: [
      { kind: 'list', items: explain(decision, seen, policy) },
      numbersTable(record),
      { kind: 'list', items: placementLines(record) },
      ...chart,
      ...(forecasters.length === 0
        ? []
        : [{ kind: 'context' as const, text: `Forecasters: ${forecasters.join(', ')}.` }]),
      {
        kind: 'context',
        text: ['Decided ', at(record.at, 'date-time'), `, trigger ${record.trigger}, decision ${record.id}.`],
      },
    ],
  };
}

/** `run --dry-run`: what an evaluation would do now; nothing is stored. */
export function dryRunMessage(fleet: string, decision: Decision, seen: Seen, policy: Policy): Message {
  const to = workers(target(decision));
  const doing = decision.kind === 'scale' ? `would go from ${decision.from} to ${to}` : `would stay at ${to}`;
  return {
    summary: `Dry run: ${fleet} ${doing}. Nothing was changed.`,
    title: `Dry run: ${fleet} ${doing}`,
    tone: decision.shortOf > 0 ? 'warn' : 'info',
    parts: [
      { kind: 'list', items: explain(decision, seen, policy) },
      numbersTable(dryRecord(fleet, decision, seen, policy)),
      { kind: 'list', items: placementLines(dryRecord(fleet, decision, seen, policy)) },
      {
        kind: 'context',
        text: ['From the numbers of ', at(seen.sample?.at ?? seen.now), '. Nothing was changed.'],
      },
    ],
  };
}

export function noDecisionYet(fleet: string, nextCycle: Millis): Message {
  return {
    summary: `There is no decision about ${fleet} yet.`,
    tone: 'info',
    parts: [
      {
        kind: 'text',
        text: [`There is no decision about ${fleet} yet. The next cycle starts at `, at(nextCycle), '.'],
      },
    ],
  };
}

function dryRecord(fleet: string, decision: Decision, seen: Seen, policy: Policy): DecisionRecord {
  return {
    v: 1,
    id: 'dry-run',
    fleet,
    cycle: seen.cycle,
    at: seen.now,
    trigger: seen.trigger,
    seen,
    policy,
    decision,
    status: 'advised',
  };
}
