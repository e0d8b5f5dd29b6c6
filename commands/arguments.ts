/** The pieces of a sentence that several verbs share: the fleet, the flags, until when, because of what. */
import { parseDuration, showDuration } from '../src/core/duration.js';
import { showTime } from '../src/core/local-time.js';
import type { Millis } from '../src/core/model.js';
import { nearest } from '../src/core/nearest.js';
import { parseUntil } from '../src/core/parse-time.js';
import { OperatorError } from '../src/errors.js';
import type { ParseContext } from './command.js';

/** A reason is read by people in a hurry. */
const LONGEST_REASON = 300;

/** The fleet's name as configured; a mistyped one gets the nearest and the list. */
export function knownFleet(word: string | undefined, context: ParseContext, usage: string): string {
  if (word === undefined) {
    throw new OperatorError('usage', `Which fleet? ${listOf(context.fleets)}`, usage);
  }
  const found = context.fleets.find((name) => name.toLowerCase() === word.toLowerCase());
  if (found !== undefined) return found;
  const near = nearest(word, context.fleets);
  const hint = near === null ? '' : ` Did you mean “${near}”?`;
  throw new OperatorError(
    'unknown-fleet',
    `There is no fleet “${short(word)}”.${hint} ${listOf(context.fleets)}`,
    usage,
  );
}

/** Flags may stand anywhere outside the reason, and at its end; a phone turns -- into a dash. */
export function splitFlags(
  words: string[],
  known: string[],
  usage: string,
): { words: string[]; flags: Set<string> } {
  const flags = new Set<string>();
  const rest: string[] = [];
  const because = words.findIndex((word) => word.toLowerCase() === 'because');
  words.forEach((word, index) => {
    const flag = /^(?:--|—|–)([a-z][a-z-]*)$/i.exec(word)?.[1]?.toLowerCase();
    const inReason = because !== -1 && index > because;
    if (flag !== undefined && known.includes(flag)) flags.add(flag);
    else if (flag !== undefined && !inReason && !SPOKEN.has(flag)) {
      throw new OperatorError('usage', `There is no option “--${short(flag)}” here.`, usage);
    } else rest.push(flag !== undefined && SPOKEN.has(flag) && !inReason ? flag : word);
  });
  return { words: rest, flags };
}

/** 'for 2h' may be written '--for 2h', and so on. */
const SPOKEN = new Set(['for', 'until', 'because', 'reason']);

export interface Told {
  /** What stands before for / until / because. */
  head: string[];
  until: Millis;
  reason: string;
}

/** '<head> for <duration> | until <time> because <reason>'; the time may also close the sentence. */
export function untilAndReason(words: string[], context: ParseContext, usage: string): Told {
  const because = words.findIndex((word) => ['because', 'reason'].includes(word.toLowerCase()));
  const before = because === -1 ? words : words.slice(0, because);
  let reasonWords = because === -1 ? [] : words.slice(because + 1);
  const marker = before.findIndex(isTimeMarker);
  const head = marker === -1 ? before : before.slice(0, marker);
  let when = marker === -1 ? null : before.slice(marker);
  if (when === null) {
    const closing = closingTime(reasonWords, context);
    if (closing !== -1) {
      when = reasonWords.slice(closing);
      reasonWords = reasonWords.slice(0, closing);
    }
  }
  const until = expiry(when, context, usage);
  return { head, until, reason: reasonOf(reasonWords, usage) };
}

/** A whole number of workers. */
export function countOf(word: string | undefined, usage: string): number {
  if (word === undefined) throw new OperatorError('bad-count', 'How many workers?', usage);
  if (/^-\d/.test(word)) {
    throw new OperatorError(
      'bad-count',
      `A count cannot be negative: “${short(word)}”. Say how many workers there shall be, not how many more or fewer.`,
      usage,
    );
  }
  if (/^\+\d/.test(word)) {
    throw new OperatorError(
      'bad-count',
      `Say how many workers there shall be, not how many more: “${short(word)}” is relative.`,
      usage,
    );
  }
  if (!/^\d+$/.test(word)) {
    throw new OperatorError('bad-count', `“${short(word)}” is not a whole number of workers.`, usage);
  }
  const count = Number(word);
  if (count <= 100_000) return count;
  throw new OperatorError('bad-count', `${short(word)} workers is more than any fleet can have.`, usage);
}

export function short(word: string): string {
  return word.length <= 60 ? word : `${word.slice(0, 59)}…`;
}

function listOf(fleets: string[]): string {
  if (fleets.length === 0) return 'No fleet is configured.';
  const shown = fleets.slice(0, 12).join(', ');
  return `Fleets: ${shown}${fleets.length > 12 ? ` and ${fleets.length - 12} more` : ''}.`;
}

function expiry(when: string[] | null, context: ParseContext, usage: string): Millis {
  const longest = showDuration(context.maxOverrideSeconds);
  if (when === null || when.length < 2) {
    throw new OperatorError(
      'needs-expiry',
      `It needs an end: “for 2h” or “until 18:00”, at most ${longest}.`,
      usage,
    );
  }
  const [marker, ...rest] = when;
  const said = rest.join(' ');
  const until = marker?.toLowerCase() === 'for' ? afterDuration(said, context) : untilTime(said, context);
  if (until === null) {
    throw new OperatorError(
      'bad-duration',
      `“${short(said)}” is neither a duration such as 1h30m nor a time such as 18:00 or 2026-01-05T18:00Z.`,
      usage,
    );
  }
  if (until <= context.now) {
    throw new OperatorError(
      'expiry-in-past',
      `It would be over already: it is ${showTime(context.now, context.timeZone, 'date-time')} now.`,
      usage,
    );
  }
  if (until - context.now > context.maxOverrideSeconds * 1_000) {
    throw new OperatorError(
      'expiry-too-far',
      `That is too long: it may last at most ${longest}, until ${showTime(
        context.now + context.maxOverrideSeconds * 1_000,
        context.timeZone,
        'date-time',
      )}.`,
      usage,
    );
  }
  return until;
}

const isTimeMarker = (word: string): boolean => ['for', 'until'].includes(word.toLowerCase());

function afterDuration(said: string, context: ParseContext): Millis | null {
  const seconds = parseDuration(said);
  return seconds === null ? null : context.now + seconds * 1_000;
}

const untilTime = (said: string, context: ParseContext): Millis | null =>
  parseUntil(said, context.now, context.timeZone);

/** Where a reason ends in 'for 2h' or 'until 18:00'; -1 when it does not. */
function closingTime(words: string[], context: ParseContext): number {
  return words.findIndex((word, index) => {
    if (index === 0 || !isTimeMarker(word)) return false;
    const said = words.slice(index + 1).join(' ');
    return word.toLowerCase() === 'for'
      ? parseDuration(said) !== null
      : parseUntil(said, context.now, context.timeZone) !== null;
  });
}

function reasonOf(words: string[], usage: string): string {
  const reason = words.join(' ').trim();
  if (reason === '') {
    throw new OperatorError('needs-reason', 'It needs a reason: “because load test”, say.', usage);
  }
  if (reason.length <= LONGEST_REASON) return reason;
  throw new OperatorError(
    'needs-reason',
    `The reason is ${reason.length} characters long; at most ${LONGEST_REASON}, please.`,
    usage,
  );
}
