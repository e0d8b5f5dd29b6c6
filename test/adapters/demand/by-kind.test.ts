import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { createDemandReader } from '../../../src/adapters/demand/by-kind.js';
import type { DemandReader } from '../../../src/ports.js';
import { outsideError } from '../../support/outside.js';

const answering = (backlog: number): DemandReader => ({
  demand: () =>
    Promise.resolve({ at: 0, requestsPerSecond: 1, backlog, oldestAgeSeconds: 0, consumers: null }),
});
const queue = { kind: 'rabbitmq', vhost: '/', queue: 'ocr' } as const;
const query = { kind: 'prometheus', rate: 'x' } as const;

test('each source is read by the peer that its kind names', async () => {
  const reader = createDemandReader({ rabbitmq: answering(1), prometheus: answering(2) });
  equal((await reader.demand(queue)).backlog, 1);
  equal((await reader.demand(query)).backlog, 2);
});

test('a peer that is not configured is named', async () => {
  const error = await outsideError(
    createDemandReader({ rabbitmq: answering(1), prometheus: null }).demand(query),
  );
  deepEqual([error.peer, error.class, error.why], ['prometheus', 'human', 'no-data']);
});
