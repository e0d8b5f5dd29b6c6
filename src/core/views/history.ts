/** `history`: the last decisions, newest first, runs of holds folded into one line. */
import { mainReasons } from '../explain.js';
import type { Message, Text } from '../message.js';
import type { DecisionSummary } from '../model.js';
import { at } from './words.js';

interface Line {
  newest: DecisionSummary;
  /** Holds folded into this line. */
  times: number;
}

/** `decisions` are newest first; at most `limit` lines come out. */
export function historyMessage(fleet: string | null, decisions: DecisionSummary[], limit = 10): Message {
  const about = fleet ?? 'all fleets';
  const lines = fold(decisions).slice(0, limit);
  if (lines.length === 0) {
    return {
      summary: `There is no decision about ${about} yet.`,
      tone: 'info',
      parts: [{ kind: 'text', text: `There is no decision about ${about} yet.` }],
    };
  }
  const changes = lines.filter(({ newest }) => newest.kind === 'scale').length;
  return {
    summary: `The last decisions about ${about}: ${changes} changes among ${lines.length} lines.`,
    title: `History of ${about}`,
    tone: 'info',
    parts: [
      {
        kind: 'table',
        head: ['When', 'What', 'Why'],
        rows: lines.map(({ newest, times }) => [
          [at(newest.at, 'date-time')],
          `${fleet === null ? `${newest.fleet} ` : ''}${changeWords(newest, times)}`,
          whyWords(newest),
        ]),
      },
    ],
  };
}

/** Consecutive holds of one fleet at one count are one line. */
function fold(decisions: DecisionSummary[]): Line[] {
  const lines: Line[] = [];
  for (const decision of decisions) {
    const last = lines.at(-1);
    const same =
      last !== undefined &&
      decision.kind === 'hold' &&
      last.newest.kind === 'hold' &&
      last.newest.fleet === decision.fleet &&
      last.newest.to === decision.to;
    if (same) last.times += 1;
    else lines.push({ newest: decision, times: 1 });
  }
  return lines;
}

function changeWords(decision: DecisionSummary, times: number): string {
  if (decision.kind === 'hold') return `held at ${decision.to}${times > 1 ? ` (${times} times)` : ''}`;
  return `${decision.from} → ${decision.to}, ${decision.status}`;
}

function whyWords(decision: DecisionSummary): Text {
  return mainReasons(decision.reasons) || 'no reason kept';
}
