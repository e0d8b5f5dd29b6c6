import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { silence } from '../../src/core/voters.js';
import { aMemory, aPolicy, aSample, aSeen, NOON } from '../support/fleet.js';

const sources = { demand: 'rabbitmq', latency: 'prometheus', saturation: null };

test('a voter that fell silent is named by who was asked', () => {
  const memory = aMemory();
  const without = (values: Parameters<typeof aSample>[1]) =>
    silence(aSeen('ocr', { memory, sources, sample: aSample(NOON, values) }), aPolicy());
  const why = 'no-data';
  deepEqual(without({ p95Seconds: null }), { code: 'missing', what: 'latency', peer: 'prometheus', why });
  deepEqual(without({ requestsPerSecond: null }), { code: 'missing', what: 'demand', peer: 'rabbitmq', why });
  deepEqual(without({ backlog: null }), { code: 'missing', what: 'backlog', peer: 'rabbitmq', why });
  deepEqual(without({}), null);
});
