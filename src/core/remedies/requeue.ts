import { none, planned, type Remedy } from './remedy.js';

/** At most this many at once: what killed a worker once may do so again. */
const MOST = 100;

export const requeue: Remedy = {
  name: 'requeue',
  label: 'Requeue dead letters',
  summary: `Moves dead-lettered messages back to the fleet’s queue, ${MOST} at the most.`,
  usage: '[count]',
  blast: `${MOST} messages at the most; a message may come twice`,
  role: 'operator',
  falls: false,
  fits({ deadLetters, alertSince }) {
    if (deadLetters === null || deadLetters === 0 || alertSince !== null) return null;
    return `${deadLetters} messages were dead-lettered`;
  },
  plan([count], { deadLetters, fleet }) {
    if (deadLetters === null)
      return none(`No dead-letter queue of ${fleet} is known, or RabbitMQ does not answer.`);
    if (deadLetters === 0) return none(`The dead-letter queue of ${fleet} is empty.`);
    const most = count === undefined ? MOST : Number(count);
    if (!Number.isInteger(most) || most < 1 || most > MOST) return none(`Name a count from 1 to ${MOST}.`);
    return planned(
      [{ do: 'requeue', most: Math.min(most, deadLetters) }],
      [
        `${Math.min(most, deadLetters)} of ${deadLetters} dead-lettered messages go back to the queue of ${fleet}.`,
      ],
    );
  },
};
