import { endedRows, freezeEnded } from '../src/core/views/intent.js';
import { refusal } from '../src/core/views/problem.js';
import { OperatorError } from '../src/errors.js';
import { defineVerb } from './command.js';
import { elsewhere, followUp } from './consequences.js';
import { channelsOf, fleetOrAll, sameFreeze } from './freeze.js';

export const unfreeze = defineVerb<string>({
  name: 'unfreeze',
  usage: '[fleet]',
  summary: 'Ends the freeze of a fleet, or without a name the freeze of all fleets.',
  examples: ['unfreeze', 'unfreeze ocr'],
  changes: true,
  parse: (words, context) => fleetOrAll(words[0], context),
  async run(fleet, context) {
    const { by, now } = context;
    const existing = await sameFreeze(fleet, context);
    if (existing === null) {
      const about = fleet === '*' ? 'There is no freeze of all fleets' : `${fleet} is not frozen by itself`;
      return {
        visibility: 'caller',
        message: refusal(`${about}; status shows what is frozen.`, { command: context.command }),
        refused: 'not-found',
      };
    }
    const message = freezeEnded(existing, { how: 'cancelled', by }, now);
    const audit = {
      at: now,
      by,
      action: 'unfreeze',
      fleet: fleet === '*' ? null : fleet,
      said: context.said,
      ids: { freeze: existing.id },
      detail: { where: context.where },
    };
    const rows = endedRows(existing, message, now, elsewhere(channelsOf(fleet, context), context));
    const stored = await context.store.endFreeze(fleet, existing.id, audit, rows);
    if (stored === 'conflict') {
      throw new OperatorError(
        'conflict',
        'Somebody else changed it at the same moment; look at the status.',
        'status',
      );
    }
    const fleets = fleet === '*' ? context.fleets.map((other) => other.name) : [fleet];
    return { visibility: 'channel', message: await followUp(fleets, rows, context, message) };
  },
});
