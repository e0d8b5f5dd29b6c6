import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { afterEvent, newPaged, type Paged, type PagedEvent } from '../../src/core/paged.js';

const KEY = 'muster/ocr/latency/a1';
const paged = newPaged(KEY, 'ocr', 'ocr is too slow', 1_000);
const event = (id: string, status: PagedEvent['status'], at: number, pagerId = 'Q1'): PagedEvent => ({
  id,
  status,
  at,
  pagerId,
  by: status === 'triggered' ? null : 'Ravi Menon',
  url: null,
});
const apply = (from: Paged, ...events: PagedEvent[]): Paged =>
  events.reduce((state, each) => afterEvent(state, each) ?? state, from);

const life = [
  event('t', 'triggered', 2_000),
  event('a', 'acknowledged', 3_000),
  event('r', 'resolved', 4_000),
];

test('three events of one incident end the same in whatever order they are taken, and each counts once', () => {
  const orders = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ];
  for (const order of orders) {
    const events = order.map((index) => life[index]!);
    const { status, by, pagerId } = apply(paged, ...events, ...events);
    deepEqual([status, by, pagerId], ['resolved', 'Ravi Menon', 'Q1'], `in the order ${order}`);
  }
});

test('an acknowledgement that is taken before the trigger stays', () => {
  equal(apply(paged, life[1]!, life[0]!).status, 'acknowledged');
});

test('a reopened incident is triggered again', () => {
  equal(apply(paged, ...life, event('o', 'triggered', 5_000)).status, 'triggered');
});

test('the next incident of the same key takes over, and a late word about the older one says nothing', () => {
  const next = apply(paged, ...life, event('t2', 'triggered', 9_000, 'Q2'));
  deepEqual([next.status, next.pagerId, next.since], ['triggered', 'Q2', 9_000]);
  equal(afterEvent(next, event('r1', 'resolved', 9_500, 'Q1')), null);
  equal(afterEvent(next, event('t1', 'triggered', 1_500, 'Q1')), null);
});

test('what a person did here is not undone by a clock that runs behind', () => {
  const here = { ...apply(paged, life[0]!), status: 'acknowledged' as const, at: 60_000 };
  equal(apply(here, event('r', 'resolved', 4_000)).status, 'resolved');
});
