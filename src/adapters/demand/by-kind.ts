/** One demand reader over several: each source is read by the peer that its kind names. */
import { OutsideError } from '../../errors.js';
import type { DemandReader, DemandSource } from '../../ports.js';

export function createDemandReader(
  readers: Partial<Record<DemandSource['kind'], DemandReader | null>>,
): DemandReader {
  return {
    demand: async (source) => {
      const reader = readers[source.kind] ?? null;
      if (reader === null) {
        throw new OutsideError(source.kind, 'read demand', 'is not configured', {
          class: 'human',
          why: 'no-data',
        });
      }
      return reader.demand(source);
    },
  };
}
