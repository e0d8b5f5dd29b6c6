/** What is said of PagerDuty: an incident's state, a page that somebody asked for, who is on call, and paging that fails. */
import { showDuration } from '../duration.js';
import type { Button, Message, Part, Span, Text, Tone } from '../message.js';
import type { Millis } from '../model.js';
import { aboutKey, type Paged } from '../paged.js';
import type { Duty } from '../rota.js';
import { at, fieldsOf } from './words.js';

/** One line under an alert: who has it, since when, and where its page is. */
export function pagedLine(paged: Paged): Text {
  const { status, by, url } = paged;
  const words = paged.lost ? NOT_TAKEN : status === 'triggered' ? 'told, nobody has taken it yet' : status;
  const whose = by === null ? '' : ` by ${by}`;
  const where: Span[] = url === null ? [] : [' · ', { link: url, text: 'its incident' }];
  return [{ bold: 'PagerDuty: ' }, `${words}${whose} at `, at(paged.at), ...where];
}

const NOT_TAKEN = 'it did not take the page, and called nobody,';

/** What can still be done to it from the chat. */
export function pagedButtons(paged: Paged | null, fleet: string, what: string): Button[] {
  if (paged?.status === 'resolved') return [];
  const resolve: Button = {
    label: 'Resolve',
    command: `page ${fleet} resolve ${what}`,
    confirm: {
      title: 'Resolve the incident?',
      text: `PagerDuty stops calling people about ${fleet}. What is wrong does not get better by it.`,
      yes: 'Resolve',
      no: 'Leave it',
    },
  };
  const take: Button = { label: 'Acknowledge', command: `page ${fleet} ack ${what}`, style: 'primary' };
  return paged?.status === 'acknowledged' ? [resolve] : [take, resolve];
}

/** A page that somebody asked for; the same message, updated, until it is over. */
export function pageMessage(paged: Paged): Message {
  const { fleet, summary, status } = paged;
  const asked = paged.asked ?? 'Somebody';
  const parts: Part[] = [
    {
      kind: 'fields',
      fields: fieldsOf([
        ['Fleet', fleet],
        ['Asked for by', asked],
        ['Since', [at(paged.since, 'date-time')]],
      ]),
    },
    { kind: 'text', text: summary },
    { kind: 'text', text: pagedLine(paged) },
  ];
  const buttons = pagedButtons(paged, fleet, 'page');
  if (buttons.length > 0) parts.push({ kind: 'buttons', buttons });
  return {
    summary: `${asked} pages about ${fleet}: ${summary} (${paged.lost ? 'lost' : status}).`,
    ...standing(paged),
    parts,
  };
}

function standing({ fleet, status, lost }: Paged): { title: string; tone: Tone } {
  if (lost) return { title: `${fleet}: the page is lost`, tone: 'bad' };
  if (status === 'resolved') return { title: `${fleet}: the page is over`, tone: 'good' };
  return {
    title: `${fleet}: people are being paged`,
    tone: status === 'acknowledged' ? 'warn' : 'bad',
  };
}

/** A message that nothing else brings up to date, with where its incident stands. */
export function toldMessage(paged: Paged, { message, fleets }: NonNullable<Paged['told']>): Message {
  const buttons = pagedButtons(paged, fleets[0] ?? paged.fleet, aboutKey(paged.dedupKey)?.what ?? '');
  return {
    ...message,
    tone: paged.status === 'resolved' ? 'info' : message.tone,
    parts: [
      ...message.parts,
      { kind: 'text', text: pagedLine(paged) },
      ...(buttons.length === 0 ? [] : [{ kind: 'buttons' as const, buttons }]),
    ],
  };
}

/** An incident whose alert has no message that could be brought up to date. */
export function pagedNotice(paged: Paged): Message {
  const what = aboutKey(paged.dedupKey)?.what ?? 'incident';
  const whose = paged.by === null ? '' : ` by ${paged.by}`;
  return {
    summary: `The incident about ${paged.fleet} (${what}) is ${paged.status}${whose}.`,
    tone: paged.status === 'resolved' ? 'good' : 'info',
    parts: [
      { kind: 'text', text: paged.summary },
      { kind: 'text', text: pagedLine(paged) },
    ],
  };
}

/** Everybody once: on the first level where they stand. */
export interface OnCallSeen {
  fleets: string[];
  now: { duty: Duty; who: Span }[];
  next: { duty: Duty; who: Span }[];
}

export function onCallMessage(groups: OnCallSeen[], notAsked: string[]): Message {
  const first = groups[0]?.now.map(({ duty }) => duty.person.name) ?? [];
  const parts = groups.flatMap((group): Part[] => [
    { kind: 'text', text: [{ bold: group.fleets.join(', ') }] },
    group.now.length === 0
      ? { kind: 'text', text: 'Nobody is on call now.' }
      : { kind: 'list', items: group.now.map(nowLine) },
    ...(group.next.length === 0
      ? []
      : [
          { kind: 'text' as const, text: 'Next:' },
          { kind: 'list' as const, items: group.next.map(nextLine) },
        ]),
  ]);
  if (notAsked.length > 0) {
    parts.push({
      kind: 'context',
      text: `No escalation policy is named for ${notAsked.join(', ')}: set pagerduty.escalationPolicy in muster.yml.`,
    });
  }
  return {
    summary: first.length === 0 ? 'Nobody is on call.' : `On call: ${[...new Set(first)].join(', ')}.`,
    title: 'On call',
    tone: 'info',
    parts,
  };
}

function nowLine({ duty, who }: OnCallSeen['now'][number]): Text {
  const end: Span[] = duty.until === null ? [', always'] : [' until ', at(duty.until, 'date-time')];
  return [`Level ${duty.level}: `, who, ...end];
}

function nextLine({ duty, who }: OnCallSeen['now'][number]): Text {
  return [`Level ${duty.level}: `, who, ' begins ', at(duty.from ?? 0, 'date-time')];
}

export function pagingDegraded(since: Millis, waiting: string, why: string): Message {
  return {
    summary: `Pages do not reach PagerDuty: ${why}. They are sent again until they do; people are not being called.`,
    title: 'Paging is degraded',
    tone: 'bad',
    parts: [
      { kind: 'text', text: ['PagerDuty has not taken a page since ', at(since, 'date-time'), ` (${why}).`] },
      { kind: 'text', text: `The first that waits: ${waiting}` },
      {
        kind: 'text',
        text: 'Each page is sent again with the same key, so nothing is lost and nothing is paged twice. Until then nobody is called: tell the person on call yourself.',
      },
    ],
  };
}

export function pagingWell(since: Millis, now: Millis): Message {
  const lasted = showDuration((now - since) / 1_000);
  return {
    summary: `Pages reach PagerDuty again, after ${lasted}.`,
    title: 'Paging works again',
    tone: 'good',
    parts: [
      { kind: 'text', text: `PagerDuty takes pages again, after ${lasted}. What waited has been sent.` },
    ],
  };
}

/** `why` null: no routing key applies to it. */
export function pageDropped(fleet: string, summary: string, why: string | null): Message {
  const about = fleet === '*' ? 'all fleets' : fleet;
  const reason =
    why === null
      ? 'No routing key of PagerDuty applies to it: set PAGERDUTY_ROUTING_KEY, or the fleet’s pagerdutyRoutingKeyFrom.'
      : `PagerDuty will not take it however often it is sent (${why}).`;
  return {
    summary: `A page about ${about} ${why === null ? 'could not be sent' : 'was refused by PagerDuty'} and is lost: ${summary}`,
    title: why === null ? 'A page could not be sent' : 'A page was refused',
    tone: 'bad',
    parts: [
      { kind: 'text', text: summary },
      { kind: 'text', text: `${reason} Call the person on call yourself.` },
    ],
  };
}
