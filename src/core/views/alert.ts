/** The latency alert of a fleet: one message from the first bad minutes until it is good again. */
import { showDuration } from '../duration.js';
import { mainReasons } from '../explain.js';
import type { AlertState } from '../incident.js';
import type { Button, Message, Part, Text } from '../message.js';
import type { DecisionSummary, Millis, Override, Sample } from '../model.js';
import { heldBelow } from '../override.js';
import type { Paged } from '../paged.js';
import type { Policy } from '../policy.js';
import type { Fit } from '../remedies/index.js';
import { endOverrideButton } from './intent.js';
import { pagedButtons, pagedLine } from './paged.js';
import { remedyButton } from './remedy.js';
import { at, fieldsOf, messages, number, rate, seconds, UNKNOWN } from './words.js';

export interface AlertSeen {
  fleet: string;
  state: AlertState;
  policy: Policy;
  sample: Sample | null;
  latest: DecisionSummary | null;
  /** The open one. */
  override: Override | null;
  now: Millis;
  /** What PagerDuty knows of it; absent or null: nothing was heard from there yet. */
  paged?: Paged | null;
  /** Remedies that fit. */
  fits?: Fit[];
}

/** Fired, and again with each update while it lasts. */
export function latencyFiring(seen: AlertSeen): Message {
  const { fleet, state, policy, sample, latest } = seen;
  return {
    summary: firingSummary(seen),
    title: `${fleet} is too slow`,
    tone: 'bad',
    parts: [
      {
        kind: 'fields',
        fields: fieldsOf([
          ['p95 now / objective', `${seconds(sample?.p95Seconds)} / ${seconds(policy.slo.p95Seconds)}`],
          ['Since', state.since === null ? UNKNOWN : [at(state.since, 'date-time')]],
          ['Demand', rate(sample?.requestsPerSecond)],
          ['Backlog', `${messages(sample?.backlog)}, oldest ${seconds(sample?.oldestAgeSeconds)}`],
          ['Ready, starting', `${number(sample?.ready)}, ${number(sample?.starting)}`],
          ['Worst so far', seconds(state.peakSeconds)],
        ]),
      },
      { kind: 'text', text: lastDecision(latest) },
      ...pagedParts(seen),
      {
        kind: 'context',
        text: 'This message is updated while it lasts. PagerDuty is told once.',
      },
      {
        kind: 'buttons',
        buttons: [
          { label: 'Why this count?', command: `why ${fleet}` },
          { label: 'Evaluate now', command: `run ${fleet}` },
          ...pagedButtons(seen.paged ?? null, fleet, 'latency'),
          ...cures(seen).slice(0, 2),
        ],
      },
    ],
  };
}

export function latencyResolved(seen: AlertSeen): Message {
  const { fleet, state, policy, sample, now } = seen;
  const lasted = state.since === null ? null : ((state.goodSince ?? now) - state.since) / 1_000;
  const lastedWords = lasted === null ? UNKNOWN : showDuration(lasted);
  return {
    summary: `${fleet} is fast enough again after ${lastedWords}; the worst was ${seconds(state.peakSeconds)}.`,
    title: `${fleet} is fast enough again`,
    tone: 'good',
    parts: [
      {
        kind: 'fields',
        fields: fieldsOf([
          ['Lasted', lastedWords],
          ['Worst', seconds(state.peakSeconds)],
          ['p95 now / objective', `${seconds(sample?.p95Seconds)} / ${seconds(policy.slo.p95Seconds)}`],
          ['Since', state.since === null ? UNKNOWN : [at(state.since, 'date-time')]],
        ]),
      },
      { kind: 'text', text: lastDecision(seen.latest) },
      ...pagedParts(seen),
    ],
  };
}

/** What may help, the likeliest first. */
function cures({ fleet, override, latest, fits = [] }: AlertSeen): Button[] {
  const held = heldBelow(override, latest);
  const end = held === null ? [] : [{ ...endOverrideButton(held), label: 'End the override' }];
  return [...end, ...fits.map((fit) => remedyButton(fleet, fit))];
}

const pagedParts = ({ paged }: AlertSeen): Part[] =>
  paged ? [{ kind: 'text', text: pagedLine(paged) }] : [];

function firingSummary({ fleet, policy, sample, state, now }: AlertSeen): string {
  const p95 = sample?.p95Seconds ?? null;
  const what =
    p95 !== null && p95 > policy.slo.p95Seconds
      ? `p95 is ${seconds(p95)}`
      : `the oldest message waits ${seconds(sample?.oldestAgeSeconds)}`;
  const since = state.since === null ? '' : `, for ${showDuration((now - state.since) / 1_000)}`;
  return `${fleet} is too slow: ${what}, the objective is ${seconds(policy.slo.p95Seconds)}${since}.`;
}

function lastDecision(latest: DecisionSummary | null): Text {
  if (latest === null) return 'There is no decision about this fleet yet.';
  const what = latest.kind === 'scale' ? `${latest.from} → ${latest.to} workers` : `held at ${latest.to}`;
  return [
    { bold: 'Last decision: ' },
    `${what} (${latest.status}) at `,
    at(latest.at),
    `. ${mainReasons(latest.reasons)}`.trimEnd(),
  ];
}
