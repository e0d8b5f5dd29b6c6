/** What is told of a stored machine: where it stands, in one word. */
import { MAINTENANCE, type MaintenanceState } from '../../core/maintenance/state.js';
import type { RemedyRun } from '../../core/remedies/run.js';
import type { RolloutState } from '../../core/rollout/state.js';
import type { StoredMachine } from '../../ports.js';
import type { WholeEvent } from './event.js';

type Phase = Omit<Extract<WholeEvent, { kind: 'machine' }>, 'kind'>;

/** null: of a kind that nothing on the cluster depends on. */
export function storedPhase({ kind, id, fleet, open, state }: StoredMachine): Phase | null {
  const about = { what: kind, id, fleet, open };
  switch (kind) {
    case 'rollout': {
      const { phase, paused, failure } = state as RolloutState;
      return { ...about, phase, detail: paused?.why ?? failure?.why ?? null };
    }
    case MAINTENANCE: {
      const { phase, outcome, asked } = state as MaintenanceState;
      return { ...about, phase, detail: outcome ?? asked?.why ?? null };
    }
    case 'remedy': {
      const { name, status } = state as RemedyRun;
      return { ...about, phase: status, detail: name };
    }
    default:
      return null;
  }
}
