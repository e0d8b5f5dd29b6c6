/** The lines that a whole day writes of what happens. */
import { origin, target } from '../../core/model.js';
import type { Touch, WholeEvent } from './event.js';

/** What the log says of an event; null: nothing. */
export function lineOf(event: WholeEvent): string | null {
  switch (event.kind) {
    case 'decision': {
      const { id, trigger, decision, status } = event.record;
      const codes = decision.reasons.map(({ code }) => code).join(' ');
      const places = decision.placement.map(({ workers }) => workers).join('+');
      return `${id} (${trigger}, ${status}): ${origin(decision)} -> ${target(decision)} = ${places} [${codes}]`;
    }
    case 'act':
      return 'asked' in event
        ? `${event.run.name}: ${event.what} ${event.fleet} ${event.zone} ${event.before} -> ${event.after} (${event.asked} asked) for ${event.decisionId}`
        : `${event.run.name}: ${event.what} ${event.zone} ${event.nodes.join(', ')} for ${event.decisionId}`;
    case 'touch':
      return touched(event);
    case 'machine':
      return `${event.what} ${event.id}: ${event.phase}${event.detail === null ? '' : ` (${event.detail})`}`;
    case 'said':
      return `${event.how} ${event.channel} ${event.key} ${event.seq}`;
    case 'paged':
      return `page ${event.event.kind} ${event.event.kind === 'change' ? event.event.id : event.event.dedupKey}`;
    case 'override':
      return `override ${event.override.id} ${event.override.fleet} ${event.override.kind} ${event.override.workers}`;
    case 'override-ended':
    case 'freeze-ended':
      return `${event.kind} ${event.id}`;
    case 'freeze':
      return `freeze ${event.freeze.id} ${event.freeze.fleet} ${event.freeze.kind}`;
    case 'job-failed':
      return `${event.job} failed: ${event.error instanceof Error ? event.error.message : String(event.error)}`;
    case 'complained':
      return `complained: ${event.message}`;
    case 'quiet':
      return 'looked whether all is well';
    default:
      return null;
  }
}

export function touched(event: Touch): string {
  const { run, what, fleet, zone, node, image, by, before, after } = event;
  const where = [fleet, zone, node?.slice(0, 8), image].filter((part) => part != null && part !== '');
  const workers = before === after ? '' : ` (${before} -> ${after} workers serve)`;
  return `${run.name}: ${what} ${where.join(' ')}${by === null ? '' : ` for ${by}`}${workers}`;
}
