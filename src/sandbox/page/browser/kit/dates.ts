/**
 * Dates in the zone of the person who is looking, as their Slack shows them; before that is known in the browser's own.
 * Slack's date tokens and the rich text date element share these formats.
 */
import { store } from '../app/store.js';

const formats: Record<string, Intl.DateTimeFormatOptions> = {
  date: { year: 'numeric', month: 'long', day: 'numeric' },
  date_long: { weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' },
  date_short: { year: 'numeric', month: 'short', day: 'numeric' },
  date_num: { year: 'numeric', month: '2-digit', day: '2-digit' },
  time: { hour: 'numeric', minute: '2-digit' },
  time_secs: { hour: 'numeric', minute: '2-digit', second: '2-digit' },
};

/** `now` makes "today" and "yesterday" of the pretty forms: it is the Muster clock, on which the dates lie. */
export function formatDate(unixSeconds: number, template: string, now: number): string {
  const at = unixSeconds * 1000;
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => {
    if (name === 'ago') return ago(at, now);
    const isPretty = name.endsWith('_pretty');
    const base = name.replace(/_pretty$/, '');
    if (isPretty) {
      const near = nearDay(at, now);
      if (near !== null) return near;
    }
    const format = formats[base];
    return format === undefined ? whole : shown(at, format);
  });
}

export function clockTime(at: number): string {
  return shown(at, { hour: '2-digit', minute: '2-digit' });
}

export function dayAndTime(at: number): string {
  return shown(at, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
  });
}

/** The short name of the reader's zone at that time. */
export function zoneName(at: number): string {
  const parts = inZone({ timeZoneName: 'short' }).formatToParts(at);
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? '';
}

export function dayOf(at: number): string {
  return shown(at, { weekday: 'long', day: 'numeric', month: 'long' });
}

/** "12 min", "1 h 20 min". */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  return `${Math.floor(minutes / 60)} h${rest === 0 ? '' : ` ${rest} min`}`;
}

function ago(at: number, now: number): string {
  return at > now ? `in ${duration(at - now)}` : `${duration(now - at)} ago`;
}

function nearDay(at: number, now: number): string | null {
  const day = (time: number): number => {
    const parts = inZone({ year: 'numeric', month: 'numeric', day: 'numeric' }).formatToParts(time);
    const part = (type: string): number => Number(parts.find((each) => each.type === type)?.value);
    return Date.UTC(part('year'), part('month') - 1, part('day')) / 86_400_000;
  };
  const difference = day(at) - day(now);
  return { '-1': 'yesterday', '0': 'today', '1': 'tomorrow' }[String(difference)] ?? null;
}

const shown = (at: number, format: Intl.DateTimeFormatOptions): string => inZone(format).format(at);

function inZone(format: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const timeZone = store.users.get(store.user)?.timeZone;
  return new Intl.DateTimeFormat(undefined, timeZone === undefined ? format : { ...format, timeZone });
}
