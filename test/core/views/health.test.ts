import { deepEqual, doesNotMatch, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import { createButtonSigner } from '../../../src/adapters/slack/buttons.js';
import { lintMessage } from '../../../src/adapters/slack/lint.js';
import { render } from '../../../src/adapters/slack/render.js';
import type { HealthState, Ill } from '../../../src/core/health/state.js';
import type { HealthEvent } from '../../../src/core/health/watch.js';
import { findRemedy } from '../../../src/core/remedies/index.js';
import { healthMessage, healthWords } from '../../../src/core/views/health.js';
import { remedyButton } from '../../../src/core/views/remedy.js';
import { statusMessage } from '../../../src/core/views/status.js';
import { brokenLimits } from '../../../src/sandbox/slack/limits.js';
import { shellText } from '../../../src/shell-text.js';
import { aPolicy, aSample, NOON, someZones } from '../../support/fleet.js';

const MINUTE = 60_000;
const ill = (n: number, illness: Ill['illness'], more: Partial<Ill> = {}): Ill => ({
  ...{ worker: `${n}a2b3c4d-5e6f`, zone: 'a', nodeId: `${n}f00d-cafe`, slot: 0, illness, confirmed: true },
  ...{ since: NOON - 5 * MINUTE, heardAt: NOON, lastSuccessAt: NOON - 8 * MINUTE },
  ...more,
});
const state = (some: Ill[], more: Partial<HealthState> = {}): HealthState => ({
  ...{ v: 1, at: NOON, asked: 12, answered: 11, ill: some, stalled: null },
  degraded: some.length === 0 ? [] : [{ zone: 'a', workers: some.length }],
  alert: { id: 'a', since: NOON - 5 * MINUTE, clear: 0 },
  ...more,
});
const button = remedyButton('ocr', { remedy: findRemedy('recycle-worker')!, words: ['1a2b3c4d-5e6'] });
const alert = (health: HealthState, event: HealthEvent = 'fired') =>
  healthMessage(event, { fleet: 'ocr', health, since: NOON - 5 * MINUTE, buttons: [button] });
const stalled = { since: NOON - 5 * MINUTE, busy: 9, finishing: 0 };
const all = [
  alert(state([ill(1, 'stuck')])),
  alert(state([ill(1, 'device'), ill(2, 'no-model', { slot: 3, lastSuccessAt: null }), ill(3, 'silent')])),
  alert(state(Array.from({ length: 48 }, (_, n) => ill(n, 'device')))),
  alert(state([], { stalled })),
  alert(state([], { stalled: { ...stalled, finishing: 1 } })),
  alert(state([]), 'updated'),
  alert(state([], { alert: null }), 'resolved'),
];

test('the alert keeps within what Slack shows, and reads the same from a shell', () => {
  const signer = createButtonSigner('secret', 'test');
  for (const message of all) {
    const drawn = render(message, { sign: (one, n) => signer.sign(one, 'm', n), blockId: 'b' });
    deepEqual(lintMessage(drawn), [], message.summary);
    deepEqual(brokenLimits(drawn.blocks, 'message'), [], message.summary);
    doesNotMatch(shellText(message), /undefined|NaN|\[object/);
  }
});

test('it names the worker, its node and what is wrong, and offers the remedy for just this one', () => {
  const [stuck] = all;
  equal(stuck?.summary, 'ocr: worker 1a2b3c4d in a takes work and finishes none.');
  const text = shellText(stuck!);
  match(text, /on node 1f00d-ca/);
  match(text, /1 worker counts as no capacity, and others stand in within the limits; 11 of 12 answered/);
  match(text, /remedy ocr recycle-worker 1a2b3c4d-5e6/);
  equal(
    all[2]?.summary,
    'ocr: worker 0a2b3c4d in a has a device that does not work, and 47 more are not well.',
  );
  match(shellText(all[2]!), /And 42 more\./);
});

test('where hardly anybody finishes it says what is likely wrong, and that nobody is recycled', () => {
  match(
    all[3]?.summary ?? '',
    /9 workers hold work and nobody finishes anything: the cause is likely what they depend on/,
  );
  match(all[4]?.summary ?? '', /only 1 worker finishes anything/);
});

test('status says how many do not serve, and that unknown counts as running', () => {
  equal(healthWords(null), 'unknown, so all count as running');
  equal(healthWords(state([], { answered: 12 })), '12 of 12 answered');
  const words = healthWords(state([ill(1, 'stuck'), ill(2, 'device')]));
  equal(words, '2 of 12 do not serve, 1 with a bad device, 1 stuck, 1 without an answer');
  const fleet = {
    ...{
      name: 'ocr',
      policy: aPolicy(),
      zones: someZones(),
      sample: aSample(NOON),
      staleMs: 0,
      desired: null,
    },
    ...{ override: null, latest: null, nextCycle: NOON + 20 * MINUTE },
  };
  const shown = (more: object) =>
    shellText(
      statusMessage({
        now: NOON,
        fleets: [{ ...fleet, ...more }],
        freezes: [],
        silent: [],
        more: 0,
        command: '/m',
      }),
    );
  match(shown({ health: state([ill(1, 'stuck')]) }), /4\/4, 1 of them not serving/);
  match(shown({ health: null }), /unknown, so all count as running/);
  doesNotMatch(shown({}), /Health/);
});
