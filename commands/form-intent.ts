/** The forms of `override` and `freeze`: the same fields, the same words, the effect shown while they are filled in. */
import type { FleetConfig } from '../src/config.js';
import { parseDuration } from '../src/core/duration.js';
import type { Field, FormValues } from '../src/core/form.js';
import { fleetField, initialOf, type VerbForm } from './form.js';
import { checkLimits } from './override-shared.js';

const fieldOf = {
  'bad-count': 'workers',
  'bad-duration': 'until',
  'needs-expiry': 'until',
  'expiry-in-past': 'until',
  'expiry-too-far': 'until',
  'needs-reason': 'reason',
  'unknown-fleet': 'fleet',
} as const;

export const overrideForm: VerbForm = {
  form: (values, fleets) => ({
    verb: 'override',
    title: 'Override a fleet',
    submit: 'Set the override',
    intro: 'You decide the count for a while; at its end the forecast decides again.',
    hasPreview: true,
    fields: [
      fleetField(fleets, values),
      {
        name: 'kind',
        label: 'What shall hold',
        kind: 'choice',
        options: [
          { value: 'pin', label: 'Exactly this many workers' },
          { value: 'floor', label: 'At least this many' },
          { value: 'ceiling', label: 'At most this many' },
        ],
        initial: values.kind ?? 'pin',
      },
      {
        name: 'workers',
        label: 'Workers',
        kind: 'count',
        hint: limitsHint(values, fleets),
        ...initialOf(values, 'workers'),
      },
      untilField(values),
      reasonField(values),
    ],
  }),
  words: ({ fleet, kind, workers, until, reason }) => [
    ...wordsIn(fleet),
    ...(kind === undefined || kind === 'pin' ? [] : [kind]),
    ...wordsIn(workers),
    ...untilWords(until),
    ...reasonWords(reason),
  ],
  check: ({ fleet, workers }, fleets) => {
    const config = fleets.find(({ name }) => name === fleet);
    if (config !== undefined) checkLimits({ fleet: config.name, workers: Number(workers) }, config);
  },
  replaces: true,
  fieldOf,
};

export const freezeForm: VerbForm = {
  form: (values, fleets) => ({
    verb: 'freeze',
    title: 'Freeze',
    submit: 'Freeze',
    intro: 'Muster goes on deciding and says what it would have done, but does not do it meanwhile.',
    hasPreview: true,
    fields: [
      fleetField(fleets, { fleet: 'all', ...values }, { value: 'all', label: 'All fleets' }),
      {
        name: 'kind',
        label: 'What stops',
        kind: 'choice',
        options: [
          { value: 'all', label: 'Every change' },
          { value: 'down', label: 'Only cuts; raises go on' },
        ],
        initial: values.kind ?? 'all',
      },
      untilField(values),
      reasonField(values),
    ],
  }),
  words: ({ fleet, kind, until, reason }) => [
    ...wordsIn(fleet),
    ...(kind === 'down' ? ['down'] : []),
    ...untilWords(until),
    ...reasonWords(reason),
  ],
  replaces: true,
  fieldOf,
};

/** Verbs that only need to know which fleet. */
export const fleetForm = (verb: string, title: string): VerbForm => ({
  form: (values, fleets) => ({
    verb,
    title,
    submit: 'Show it',
    intro: 'The answer is seen by you alone.',
    hasPreview: false,
    fields: [fleetField(fleets, values)],
  }),
  words: ({ fleet }) => wordsIn(fleet),
});

const untilField = (values: FormValues): Field => ({
  name: 'until',
  label: 'For how long, or until when',
  kind: 'words',
  most: 60,
  placeholder: '2h, 90m, 18:00, tomorrow 09:00',
  hint: 'A duration such as 2h, or a time in your own zone such as 18:00.',
  ...initialOf(values, 'until'),
});

const reasonField = (values: FormValues): Field => ({
  name: 'reason',
  label: 'Because',
  kind: 'words',
  most: 300,
  several: true,
  hint: 'The team reads it; a few words do.',
  ...initialOf(values, 'reason'),
});

function limitsHint(values: FormValues, fleets: FleetConfig[]): string {
  const fleet = fleets.find(({ name }) => name === values.fleet);
  if (fleet === undefined) return 'A whole number: how many there shall be, not how many more.';
  const { floor, ceiling } = fleet.policy;
  return `From ${floor} to ${ceiling}, the floor and the ceiling of ${fleet.name}.`;
}

/** 'for 2h' or 'until 18:00', whichever it is; the person need not say so. */
function untilWords(until: string | undefined): string[] {
  const said = (until ?? '').trim().replace(/^(for|until)\s+/i, '');
  if (said === '') return [];
  return [parseDuration(said) === null ? 'until' : 'for', ...wordsIn(said)];
}

/** An option typed into the reason is a part of the reason. */
function reasonWords(reason: string | undefined): string[] {
  const words = wordsIn(reason).map((word) => word.replace(/^(?:--|—|–)+(?=[a-z])/i, '-'));
  return words.length === 0 ? [] : ['because', ...words];
}

export const wordsIn = (text: string | undefined): string[] =>
  (text ?? '').split(/\s+/).filter((word) => word !== '');
