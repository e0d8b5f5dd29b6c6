/** Slack's libraries log through ours. Their debug lines hold request bodies, so those never leave the process. */
import { type Logger, LogLevel } from '@slack/logger';
import type { Log } from '../../ports.js';

export function slackLogger(log: Log): Logger {
  const say = (level: 'info' | 'warn' | 'error', parts: unknown[]): void =>
    log[level]({ peer: 'slack' }, parts.map(worded).join(' '));
  return {
    debug: () => undefined,
    // Bolt tells of each unhandled path at info, which a port scan would turn into noise.
    info: () => undefined,
    warn: (...parts) => say('warn', parts),
    error: (...parts) => say('error', parts),
    setLevel: () => undefined,
    getLevel: () => LogLevel.WARN,
    setName: () => undefined,
  };
}

/** Tokens are scrubbed even where a library should have done so. */
export function scrub(text: string): string {
  return text
    .replace(/\bx(?:ox[a-z]|app)-[A-Za-z0-9-]+/g, '[token]')
    .replace(/(https?:\/\/\S*\/)(commands|actions|services)\/\S+/g, '$1$2/[secret]');
}

function worded(part: unknown): string {
  return scrub(part instanceof Error ? `${part.name}: ${part.message}` : String(part));
}
