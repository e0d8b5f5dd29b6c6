import { cycleMs, cycleStart } from '../src/core/policy.js';
import { chartParts } from '../src/core/views/fleet-chart.js';
import { noDecisionYet, whyMessage } from '../src/core/views/why.js';
import { OperatorError } from '../src/errors.js';
import { knownFleet, short } from './arguments.js';
import { CHART_HOURS, chartOf } from './chart.js';
import { defineVerb } from './command.js';

const usage = 'why <fleet> [decision]';

export const why = defineVerb<{ fleet: string; id: string | null }>({
  name: 'why',
  usage: '<fleet> [decision]',
  summary:
    'Explains the last decision about a fleet, or a named one: what was seen, each step, each limit, and a chart.',
  examples: ['why face-match'],
  changes: false,
  parse: (words, context) => ({ fleet: knownFleet(words[0], context, usage), id: words[1] ?? null }),
  async run({ fleet, id }, context) {
    const { reader, fleets, now, by } = context;
    const wanted = id ?? (await reader.fleet(fleet)).latest?.id ?? null;
    const record = wanted === null ? null : await reader.decision(fleet, wanted);
    if (record !== null) {
      const { policy, seen } = record;
      const moment = { at: record.at, label: 'decided' as const };
      const chart = await chartOf(
        { fleet, hours: CHART_HOURS, moment, memory: seen.memory, policy },
        context,
      );
      return {
        visibility: 'caller',
        message: whyMessage(record, chartParts(chart, by.timeZone ?? 'UTC')),
      };
    }
    if (id !== null) {
      throw new OperatorError(
        'not-found',
        `There is no decision “${short(id)}” about ${fleet} any more.`,
        usage,
      );
    }
    const policy = fleets.find((other) => other.name === fleet)!.policy;
    const next = cycleStart(now, policy) + cycleMs(policy);
    return { visibility: 'caller', message: noDecisionYet(fleet, next) };
  },
});
