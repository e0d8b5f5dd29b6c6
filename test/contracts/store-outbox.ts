import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import type { OutboxRow } from '../../src/core/message.js';
import type { Store } from '../../src/ports.js';
import { anEvent, aPage, aRow, MINUTE, T0 } from './store-records.js';

const at = (ts: string) => ({ channel: 'C1', ts });

/** The outbox's share of the store contract. */
export function outboxContract(store: () => Store): void {
  test('an alert goes before a decision, before progress, before a notice, then the oldest', async () => {
    await store().push(
      [
        aRow('notice', { priority: 'notice', at: T0 }),
        aRow('late', { priority: 'decision', at: T0 + 2 }),
        aRow('progress', { priority: 'progress', at: T0 }),
        aRow('early', { priority: 'decision', at: T0 + 1 }),
        aRow('alert', { priority: 'alert', at: T0 + 3 }),
        aRow('elsewhere', { channel: 'C2' }),
      ],
      [],
    );
    deepEqual(await drain(store(), 'C1'), ['alert', 'early', 'late', 'progress', 'notice']);
    deepEqual(await store().waiting(), [{ channel: 'C2', count: 1, oldestAt: T0 }]);
  });

  test('messages of one moment keep their order', async () => {
    const keys = Array.from({ length: 30 }, (_, index) => `k${(index * 7) % 30}`);
    await store().push(
      keys.map((key) => aRow(key)),
      [],
    );
    deepEqual(await drain(store(), 'C1'), keys);
  });

  test('a newer version replaces the one that waits, in its place and with its urgency', async () => {
    await store().push([aRow('a', { at: T0 }), aRow('b', { at: T0 + 1 })], []);
    await store().push([aRow('a', { at: T0 + 2, seq: 2, priority: 'progress' })], []);
    await store().push(
      [aRow('a', { at: T0 + 3, seq: 1, message: { summary: 'old', tone: 'info', parts: [] } })],
      [],
    );
    deepEqual(await store().waiting(), [{ channel: 'C1', count: 2, oldestAt: T0 }]);
    const first = await store().peek('C1');
    equal(first?.key, 'a');
    equal(first?.seq, 2);
    equal(first?.message.summary, 'about a');
  });

  test('a version without a thread keeps the thread that waits', async () => {
    const thread = [{ summary: 'numbers', tone: 'info' as const, parts: [] }];
    await store().push([aRow('a', { thread })], []);
    await store().push([aRow('a', { seq: 2 })], []);
    deepEqual((await store().peek('C1'))?.thread, thread);
    const longer = [...thread, { summary: 'more', tone: 'info' as const, parts: [] }];
    await store().push([aRow('a', { seq: 3, thread: longer })], []);
    deepEqual((await store().peek('C1'))?.thread, longer);
  });

  test('what waits is listed in its order, page by page, and folded rows go unless a newer version came', async () => {
    await store().push(
      [
        aRow('b', { at: T0 + 1 }),
        aRow('a', { at: T0 }),
        aRow('alert', { priority: 'alert', thread: [{ summary: 'x', tone: 'info', parts: [] }] }),
      ],
      [],
    );
    await store().sent(aRow('b', { seq: 0 }), at('1.1'), 0);
    const listed = [...(await store().backlog('C1', 0, 2)), ...(await store().backlog('C1', 2, 2))];
    deepEqual(
      listed.map(({ row, wasPosted }) => [row.key, wasPosted, row.thread]),
      [
        ['alert', false, undefined],
        ['a', false, undefined],
        ['b', true, undefined],
      ],
    );
    await store().push([aRow('a', { seq: 2 })], []);
    await store().fold('C1', [
      { key: 'a', seq: 1 },
      { key: 'b', seq: 1 },
      { key: 'gone', seq: 9 },
    ]);
    deepEqual(await drain(store(), 'C1'), ['alert', 'a']);
    await store().push([aRow('c', { channel: 'C3' })], []);
    await store().fold('C3', [{ key: 'c', seq: 1 }]);
    deepEqual(await store().waiting(), []);
  });

  test('what was sent is gone, and its place is known', async () => {
    await store().push([aRow('a')], []);
    const row = (await store().peek('C1')) as OutboxRow;
    equal(await store().posted('C1', 'a'), null);
    await store().sent(row, at('1.1'), 2);
    equal(await store().peek('C1'), null);
    deepEqual(await store().waiting(), []);
    deepEqual(await store().posted('C1', 'a'), { ref: at('1.1'), seq: 1, threadPosted: 2 });
    await store().push([row], []);
    equal(await store().peek('C1'), null, 'a version that was sent does not come back');
    await store().push([aRow('a', { seq: 2 })], []);
    equal((await store().peek('C1'))?.seq, 2);
  });

  test('a version that arrived while an older one was being sent still waits', async () => {
    await store().push([aRow('a')], []);
    const row = (await store().peek('C1')) as OutboxRow;
    await store().push([aRow('a', { seq: 2 })], []);
    await store().sent(row, at('1.1'), 0);
    equal((await store().peek('C1'))?.seq, 2);
    equal((await store().posted('C1', 'a'))?.seq, 1);
  });

  test('forgets after a week where a message was posted', async () => {
    await store().sent(aRow('old'), at('1.1'), 0);
    await store().sent(aRow('new', { at: T0 + 8 * 24 * 60 * MINUTE }), at('2.2'), 0);
    equal(await store().posted('C1', 'old'), null);
    equal((await store().posted('C1', 'new'))?.seq, 1);
  });

  test('pager events leave in the order they came', async () => {
    await store().push([], [anEvent('e1'), anEvent('e2', { at: T0 + 1 })]);
    deepEqual(await store().waiting(), [{ channel: 'pagerduty', count: 2, oldestAt: T0 }]);
    const first = await store().peekPager();
    deepEqual(first, anEvent('e1'));
    await store().sentPager(anEvent('e1'));
    await store().sentPager(anEvent('e1'));
    deepEqual(await store().peekPager(), anEvent('e2', { at: T0 + 1 }));
    await store().sentPager(anEvent('e2', { at: T0 + 1 }));
    equal(await store().peekPager(), null);
  });

  test('a page leaves before the changes that came earlier, and pages keep their order', async () => {
    const changes = Array.from({ length: 250 }, (_, index) => anEvent(`c${index}`, { at: T0 + index }));
    const [first, second] = [aPage('latency', T0 + 300), aPage('health', T0 + 200)];
    await store().push([], [...changes, first, anEvent('last'), second]);
    deepEqual(await store().peekPager(), first);
    await store().sentPager(first);
    deepEqual(await store().peekPager(), second);
    await store().sentPager(second);
    deepEqual(await store().peekPager(), changes[0]);
    deepEqual(await store().waiting(), [{ channel: 'pagerduty', count: 251, oldestAt: T0 }]);
  });

  test('a channel that nobody empties stays bounded, and the least urgent goes', async () => {
    const rows = Array.from({ length: 5_010 }, (_, index) =>
      aRow(`k${index}`, { at: T0 + index, priority: index === 5_005 ? 'alert' : 'notice' }),
    );
    for (let from = 0; from < rows.length; from += 500) await store().push(rows.slice(from, from + 500), []);
    equal((await store().waiting())[0]?.count, 5_000);
    equal((await store().peek('C1'))?.key, 'k5005');
  });
}

async function drain(store: Store, channel: string): Promise<string[]> {
  const keys: string[] = [];
  for (let row = await store.peek(channel); row !== null; row = await store.peek(channel)) {
    keys.push(row.key);
    await store.sent(row, { channel, ts: String(keys.length) }, 0);
  }
  return keys;
}
