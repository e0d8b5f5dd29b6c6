/** What a record or an act is, and how a broken invariant tells of it. */
import { type DecisionRecord, origin, target } from '../../../core/model.js';
import type { Of } from './invariant.js';

export const isRaise = ({ decision }: DecisionRecord): boolean =>
  decision.kind === 'scale' && decision.to > decision.from;
export const isCut = ({ decision }: DecisionRecord): boolean =>
  decision.kind === 'scale' && decision.to < decision.from;

export const told = (record: DecisionRecord): string =>
  `${record.id} (${record.trigger}) ${record.decision.kind} ${origin(record.decision)} -> ${target(record.decision)} [${record.decision.reasons.map(({ code }) => code).join(' ')}]`;

export const acted = (event: Of<'act'>): string =>
  'asked' in event
    ? `${event.run.name}: ${event.what} ${event.fleet} ${event.zone} to ${event.asked} (${event.before} -> ${event.after}) for ${event.decisionId}`
    : `${event.run.name}: ${event.what} ${event.nodes.join(', ')} for ${event.decisionId}`;

export const placedIn = (record: DecisionRecord | undefined, zone: string): number =>
  record?.decision.placement.find((one) => one.zone === zone)?.workers ?? 0;
