/** What happened, a line each: the same seed writes the same lines, and the digest stands for all of them. */
import { createHash } from 'node:crypto';
import type { Millis } from '../../core/model.js';

export interface DayLog {
  line(at: Millis, text: string): void;
  /** How many lines there were. */
  count(): number;
  /** The newest lines, oldest first. */
  newest(): string[];
  /** Of all lines so far. */
  digest(): string;
}

/** `keep`: how many of the newest lines stay; Infinity for all. */
export function createDayLog(keep = 60): DayLog {
  const hash = createHash('sha256');
  let lines: string[] = [];
  let count = 0;
  return {
    line(at, text) {
      const line = `${new Date(at).toISOString().slice(0, 19)} ${text}`;
      hash.update(line);
      hash.update('\n');
      count += 1;
      lines.push(line);
      if (lines.length > 2 * keep) lines = lines.slice(-keep);
    },
    count: () => count,
    newest: () => lines.slice(-keep),
    digest: () => hash.copy().digest('hex').slice(0, 16),
  };
}
