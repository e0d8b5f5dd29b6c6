/** What a sentence made in an earlier run that ended before it could say so: it bears the id that the sentence was given. */
import type { FleetConfig } from '../src/config.js';
import { freezeSet, overrideSet } from '../src/core/views/intent.js';
import type { Store } from '../src/ports.js';

/** In the words that the verb would have answered with; null: nothing yet. */
export async function madeBefore(id: string, fleet: FleetConfig, store: Store): Promise<string | null> {
  const { override, freezes } = await store.fleet(fleet.name);
  if (override?.id === id) return overrideSet(override, null).summary;
  const freeze = freezes.find((each) => each.id === id);
  return freeze === undefined ? null : freezeSet(freeze).summary;
}
