import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { withHealth } from '../../jobs/see-rollout.js';
import type { FleetHealth, Ill } from '../../src/core/health/state.js';
import type { FleetImages } from '../../src/core/rollout/images.js';
import { NOON } from '../support/fleet.js';

const [OLD, NEW] = ['ocr:1', 'ocr:2'];
const images: FleetImages = {
  zones: [],
  workers: [
    { id: 'o1', zone: 'a', node: 'n1', workers: 4, image: OLD, state: 'ready' },
    { id: 'w1', zone: 'a', node: 'n2', workers: 4, image: NEW, state: 'ready' },
    { id: 'w2', zone: 'a', node: 'n2', workers: 4, image: NEW, state: 'starting' },
  ],
};
const ill = (worker: string, slot: number, illness: Ill['illness'], confirmed: boolean): Ill => ({
  ...{ worker, slot, illness, confirmed, zone: 'a', nodeId: 'n', since: NOON, heardAt: NOON },
  lastSuccessAt: null,
});
const health = (...some: Ill[]): FleetHealth => ({
  ...{ v: 1, at: NOON, asked: 8, answered: 8, ill: some, degraded: [], stalled: null },
});
const seen = (some: FleetHealth | null) => {
  const { images: after, ill: count } = withHealth(images, NEW, some);
  return [after.workers.map((one) => [one.state, one.ill ?? null]), count];
};

test('a new worker that does not serve is not ready, and failed once that lasts', () => {
  const rest = ['starting', null];
  deepEqual(seen(health(ill('w1', 2, 'device', false))), [
    [['ready', null], ['starting', 'device'], rest],
    0,
  ]);
  const lasts = health(ill('w1', 0, 'no-model', false), ill('w1', 2, 'device', true));
  deepEqual(seen(lasts), [[['ready', null], ['failed', 'device'], rest], 0]);
});

test('an old one stays what it is and counts as no capacity, slot by slot', () => {
  const some = health(ill('o1', 0, 'stuck', true), ill('o1', 1, 'stuck', true));
  deepEqual(seen(some), [
    [
      ['ready', null],
      ['ready', null],
      ['starting', null],
    ],
    2,
  ]);
});

test('what is only suspected, silent or unknown changes nothing', () => {
  const some = health(ill('w1', 0, 'waits', true), ill('w1', 1, 'silent', true));
  deepEqual(withHealth(images, NEW, some).images, images);
  deepEqual(withHealth(images, NEW, null).images, images);
  equal(withHealth(images, NEW, health(ill('w2', 0, 'no-model', true))).images.workers[2]?.state, 'starting');
});
