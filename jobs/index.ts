import { announce } from './announce.js';
import { approval } from './approval.js';
import { converge } from './converge.js';
import { digest } from './digest.js';
import { evaluate } from './evaluate.js';
import { incident } from './incident.js';
import { incidentNote } from './incident-note.js';
import type { Job } from './job.js';
import { maintenance } from './maintenance.js';
import { minute } from './minute.js';
import { notice } from './notice.js';
import { observe } from './observe.js';
import { pagerdutyAction } from './pagerduty-action.js';
import { pagerdutyEvent } from './pagerduty-event.js';
import { remedy } from './remedy.js';
import { rollout } from './rollout.js';
import { watchdog } from './watchdog.js';

/** Every job there is. */
export const jobs = [
  minute,
  observe,
  evaluate,
  converge,
  announce,
  rollout,
  watchdog,
  incident,
  incidentNote,
  pagerdutyEvent,
  pagerdutyAction,
  remedy,
  approval,
  notice,
  maintenance,
  digest,
] as unknown as Job<unknown>[];
