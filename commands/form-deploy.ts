/** The form of `deploy`: the plan is shown while it is filled in, and asked about once more when it is sent. */
import { fleetField, initialOf, type VerbForm } from './form.js';
import { wordsIn } from './form-intent.js';

export const deployForm: VerbForm = {
  form: (values, fleets) => ({
    verb: 'deploy',
    title: 'Deploy an image',
    submit: 'Plan the rollout',
    intro:
      'Pulled everywhere first, one golden node, a soak, then node after node. You are asked before it begins.',
    hasPreview: true,
    fields: [
      fleetField(fleets, values),
      {
        name: 'image',
        label: 'Image',
        kind: 'words',
        most: 255,
        placeholder: 'registry.example/face-match:2.0',
        hint: 'With its tag or digest.',
        ...initialOf(values, 'image'),
      },
      {
        name: 'soak',
        label: 'How long the golden node is watched',
        kind: 'words',
        most: 20,
        placeholder: '10m',
        ...initialOf({ soak: '10m', ...values }, 'soak'),
      },
      {
        name: 'batch',
        label: 'Nodes at once after it',
        kind: 'count',
        ...initialOf({ batch: '1', ...values }, 'batch'),
      },
    ],
  }),
  words: ({ fleet, image, soak, batch }) => [
    ...wordsIn(fleet),
    ...wordsIn(image),
    ...optionOf('soak', soak),
    ...optionOf('batch', batch),
  ],
  fieldOf: {
    'bad-input': 'image',
    usage: 'image',
    'bad-duration': 'soak',
    'bad-count': 'batch',
    'unknown-fleet': 'fleet',
  },
};

const optionOf = (name: string, value: string | undefined): string[] =>
  wordsIn(value).length === 0 ? [] : [`--${name}`, wordsIn(value).join('')];
