import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { formOf } from '../../commands/forms.js';
import { hear } from '../../commands/index.js';
import { createForms } from '../../src/app/forms.js';
import { shellText } from '../../src/shell-text.js';
import { aScene, withDecision } from '../support/fleet.js';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const { context, store } = aScene();
const { by, fleets } = context;
const forms = createForms({ fleets: () => fleets, contextOf: () => context, log });

test('a verb without its words asks for them by a form, and says its usage where there is none', async () => {
  for (const verb of ['override', 'freeze', 'why', 'forecast']) {
    const reply = await hear(verb, { ...context, said: verb });
    equal(reply.modal?.verb, verb);
    equal(reply.visibility, 'caller');
    ok(reply.refused, 'nothing was done');
    match(shellText(reply.message, { timeZone: 'UTC', command: 'muster command' }), /fleet|end/);
  }
  const [fleet] = (await hear('override ocr', { ...context, said: 'override ocr' })).modal!.fields;
  equal(fleet?.initial, 'ocr');
});

test('whoever may not do it hears that, and gets no form', async () => {
  const authority = {
    standing: async () => ({ role: 'viewer' as const, because: 'everyone', unknown: [] }),
    holders: async () => ({ people: [{ name: 'Ravi', email: null, onCall: false }], onCall: [] }),
  };
  const reply = await hear('override', { ...context, said: 'override', authority });
  equal(reply.modal, undefined);
  equal(reply.refused, 'denied');
});

test('the words of a filled form are the ones that somebody would have typed', () => {
  const values = {
    fleet: 'ocr',
    kind: 'floor',
    workers: '6',
    until: 'until 18:00',
    reason: 'big\n campaign',
  };
  equal(forms.fill('override', values, by)?.text, 'override ocr floor 6 until 18:00 because big campaign');
  deepEqual(forms.fill('override', values, by)?.errors, {});
  const freeze = { fleet: 'all', kind: 'down', until: '90m', reason: 'demo' };
  equal(forms.fill('freeze', freeze, by)?.text, 'freeze all down for 90m because demo');
  equal(forms.fill('deploy-the-moon', {}, by), null);
});

test('each field that is wrong is named with its fix', () => {
  const good = { fleet: 'ocr', kind: 'pin', workers: '6', until: '2h', reason: 'x' };
  const cases: [Record<string, string>, string, RegExp][] = [
    [{ workers: '99' }, 'workers', /above the ceiling of ocr, which is 20/],
    [{ workers: '1' }, 'workers', /below the floor/],
    [{ until: 'soon' }, 'until', /neither a duration/],
    [{ until: '3 days' }, 'until', /at most 1 d/],
    [{ until: '' }, 'until', /needed/],
    [{ reason: '' }, 'reason', /needed/],
    [{ fleet: 'orc' }, 'fleet', /“ocr”/],
  ];
  for (const [wrong, field, words] of cases) {
    const errors = forms.fill('override', { ...good, ...wrong }, by)?.errors ?? {};
    deepEqual(Object.keys(errors), [field]);
    match(errors[field] ?? '', words);
  }
});

test('only a bare verb that lacks something opens a form', () => {
  equal(forms.opens('override'), 'override');
  equal(forms.opens('/muster override ocr'), 'override');
  equal(forms.opens('override ocr 5'), null);
  equal(forms.opens('why'), 'why');
  equal(forms.opens('why ocr'), null);
  equal(forms.opens('status'), null);
  equal(formOf('constructor'), null);
});

test('a preview says what would happen, and a silent peer is named in it', async () => {
  await withDecision(store, 'ocr');
  const words = async (verb: string, values: Record<string, string>): Promise<string> =>
    JSON.stringify(await forms.preview(verb, values, by));
  match(
    await words('override', { fleet: 'ocr', workers: '2', until: '1h' }),
    /Scale ocr 4 → 2.*fewer than the/,
  );
  match(await words('override', { fleet: 'ocr' }), /shown here as soon as/);
  match(await words('freeze', { fleet: 'all', until: '1h' }), /Freeze all fleets/);
  const silent = aScene();
  silent.silent.add('nomad');
  const blind = createForms({ fleets: () => fleets, contextOf: () => silent.context, log });
  match(
    JSON.stringify(await blind.preview('override', { fleet: 'ocr', workers: '5', until: '1h' }, by)),
    /Scale ocr \? → 5/,
  );
});
