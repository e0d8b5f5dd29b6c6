/** The newest decisions of all fleets, read from the bot's store; what was read last is kept while Redis does not answer. */
import type { DecisionSummary } from '../core/model.js';
import type { StoreReader } from '../ports.js';

const SHOWN = 500;
const FRESH_MS = 200;
/** A state request waits no longer than this for Redis. */
const PATIENCE_MS = 500;

export interface DecisionsView {
  /** The last 500, oldest first. */
  newest(): Promise<DecisionSummary[]>;
}

export function createDecisionsView(store: Pick<StoreReader, 'decisions'>, fleets: string[]): DecisionsView {
  let known: DecisionSummary[] = [];
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | null = null;

  const read = async (): Promise<void> => {
    try {
      const perFleet = await Promise.all(fleets.map((fleet) => store.decisions(fleet, SHOWN)));
      known = perFleet
        .flat()
        .sort((one, other) => one.at - other.at || one.id.localeCompare(other.id))
        .slice(-SHOWN);
      readAt = Date.now();
    } catch {
      // Redis is down or slow: the last answer stands, and the next request asks again.
    } finally {
      reading = null;
    }
  };

  return {
    newest: async () => {
      if (Date.now() - readAt >= FRESH_MS) {
        reading ??= read();
        await Promise.race([reading, after(PATIENCE_MS)]);
      }
      return known;
    },
  };
}

const after = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
