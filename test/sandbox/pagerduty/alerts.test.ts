import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { createAlerts, routingKeyIn } from '../../../src/sandbox/pagerduty/alerts.js';

const AT = Date.UTC(2026, 0, 5, 12, 0);

test('what was opened before a restart can be ended after it, by the key that the save gives back', () => {
  const before = createAlerts(undefined);
  before.trigger('k'.repeat(32), 'latency-ocr', 'ocr is slow', 'critical', AT);
  const saved: unknown = JSON.parse(JSON.stringify(before.save()));
  const after = createAlerts(saved);
  after.move(routingKeyIn(saved) ?? '', 'latency-ocr', 'resolved');
  deepEqual(
    after.incidents().map(({ status }) => status),
    ['resolved'],
  );
});

test('a save without incidents, or none, has no key', () => {
  equal(routingKeyIn(createAlerts(undefined).save()), null);
  equal(routingKeyIn(undefined), null);
});
