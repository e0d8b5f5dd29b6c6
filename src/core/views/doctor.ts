/** `doctor`: one line a check, green or with its fix, in words and not by the sign alone. */
import type { Message } from '../message.js';

export interface Check {
  what: string;
  ok: boolean;
  detail: string;
  fix?: string;
  optional?: boolean;
}

export function doctorMessage(checks: Check[], command: string): Message {
  const broken = checks.filter(({ ok, optional }) => !ok && optional !== true);
  const lesser = checks.filter(({ ok, optional }) => !ok && optional === true);
  const summary =
    broken.length > 0
      ? `${broken.length} of ${checks.length} checks failed: ${broken.map(({ what }) => what).join(', ')}.`
      : lesser.length > 0
        ? `All that Muster needs is there; ${lesser.length} of ${checks.length} checks could be better.`
        : `All ${checks.length} checks are good.`;
  return {
    summary,
    title: 'Doctor',
    tone: broken.length > 0 ? 'bad' : lesser.length > 0 ? 'warn' : 'good',
    parts: [
      { kind: 'text', text: summary },
      { kind: 'list', items: [...broken, ...lesser, ...checks.filter(({ ok }) => ok)].map(line) },
      { kind: 'context', text: ['What you can say: ', { code: `${command} help` }] },
    ],
  };
}

function line({ what, ok, detail, fix, optional }: Check): string {
  const sign = ok ? '✅ good' : optional === true ? '⚠️ could be better' : '❌ broken';
  return `${sign}: ${what}: ${detail}${ok || fix === undefined ? '' : `. What to do: ${fix}`}`;
}
