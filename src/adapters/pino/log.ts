/**
 * The log: one JSON object a line. Fields named like a secret are hidden by name; the values of the known secrets are
 * hidden wherever they turn up, as they are and as they look in JSON and in an address.
 */
import pino from 'pino';
import { OutsideError } from '../../errors.js';
import type { Log } from '../../ports.js';

const HIDDEN = '[hidden]';
/** Shorter ones ('guest') are no secrets, and hiding them would tear words apart. */
const SHORTEST_SECRET = 6;
const SECRET_NAMES = [
  'token',
  'password',
  'secret',
  'authorization',
  'routingKey',
  'routing_key',
  'signingSecret',
  'botToken',
  'appToken',
];

export interface HidingLog extends Log {
  /** Hides these from now on, too. */
  hide(secrets: string[]): void;
}

export function createLog(options: {
  level: string;
  secrets: string[];
  /** Standard output unless given. */
  destination?: { write(line: string): void };
}): HidingLog {
  const secrets = [...options.secrets];
  let hidden = hiderOf(secrets);
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: HIDDEN },
      serializers: { err: plainError, error: plainError, cause: plainError },
      hooks: { streamWrite: (line) => hidden(line) },
    },
    options.destination ?? pino.destination(1),
  );
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    hide(more) {
      secrets.push(...more.filter((secret) => !secrets.includes(secret)));
      hidden = hiderOf(secrets);
    },
  };
}

function hiderOf(secrets: string[]): (line: string) => string {
  const forms = [...new Set(secrets)]
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)])
    // The longest first: a secret may be a part of another.
    .sort((a, b) => b.length - a.length);
  const unique = [...new Set(forms)];
  return (line) => unique.reduce((rest, form) => rest.replaceAll(form, HIDDEN), line);
}

/** Only what is known to be harmless: errors of client libraries carry whole requests, headers included. */
function plainError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const plain = { type: error.name, message: error.message, stack: error.stack };
  if (!(error instanceof OutsideError)) {
    const { code } = error as Error & { code?: unknown };
    return typeof code === 'string' ? { ...plain, code } : plain;
  }
  const { peer, why, status } = error;
  return { ...plain, peer, class: error.class, why, status };
}
