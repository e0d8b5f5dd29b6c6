import { deepEqual, equal, notEqual, ok } from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { OutboxRow, PagerEvent } from '../../src/core/message.js';
import type { Store } from '../../src/ports.js';
import { machinesContract } from './store-machines.js';
import { outboxContract } from './store-outbox.js';
import {
  aCommit,
  aDesired,
  aFreeze,
  aMemory,
  anAlert,
  anAudit,
  anEvent,
  anOverride,
  aRecord,
  aRow,
  aSample,
  MINUTE,
  T0,
} from './store-records.js';

export interface StoreUnderTest {
  store: Store;
  /** Lets machine time pass: leases and `once` run on it. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** Longer than any test takes, on whatever machine. */
const LONG_MS = 600_000;

/** What every Store promises: the Redis store and its simulated twin pass the same. */
export function storeContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`store contract: ${name}`, () => {
    let under: StoreUnderTest;
    let store: Store;
    beforeEach(async () => {
      under = await open();
      store = under.store;
    });
    afterEach(() => under.close());

    test('knows nothing of a fleet it never met', async () => {
      deepEqual(await store.fleet('face-match'), {
        memory: null,
        desired: null,
        override: null,
        freezes: [],
        latest: null,
        lastCycle: null,
        version: 0,
        holds: [],
      });
      equal(await store.decision('face-match', 'd1'), null);
      deepEqual(await store.decisions('face-match', 10), []);
      deepEqual(await store.samples('face-match', 0, T0), []);
      equal(await store.alert('face-match'), null);
      await store.ping();
    });

    test('gives back a sample and its memory exactly as they were', async () => {
      const sample = aSample(T0, { serviceSeconds: 0.61, backlog: null });
      equal(await store.keepSample('face-match', sample, aMemory(1), 0), 'stored');
      deepEqual(await store.samples('face-match', T0, T0), [sample]);
      deepEqual((await store.fleet('face-match')).memory, aMemory(1));
    });

    test('keeps a minute once, and refuses memory that moved on', async () => {
      equal(await store.keepSample('face-match', aSample(T0), aMemory(1), 0), 'stored');
      equal(await store.keepSample('face-match', aSample(T0), aMemory(1), 0), 'duplicate');
      equal(await store.keepSample('face-match', aSample(T0 + MINUTE), aMemory(1), 0), 'conflict');
      equal(await store.keepSample('face-match', aSample(T0 + MINUTE), aMemory(2), 1), 'stored');
      deepEqual(
        (await store.samples('face-match', T0, T0 + 9 * MINUTE)).map(({ at }) => at),
        [T0, T0 + MINUTE],
      );
    });

    test('finds samples of days within their bounds, and forgets those older than three days', async () => {
      const days = 4 * 24 * 60;
      for (let minute = 1; minute <= days; minute += 20) {
        const at = T0 + minute * MINUTE;
        const rev = (minute - 1) / 20;
        equal(await store.keepSample('face-match', aSample(at), aMemory(rev + 1), rev), 'stored');
      }
      const found = await store.samples('face-match', T0, T0 + days * MINUTE);
      ok(found.length >= 3 * 72 && found.length <= 4 * 72, `${found.length} samples`);
      ok(found.every((sample, index) => index === 0 || sample.at > (found[index - 1]?.at ?? 0)));
      const from = T0 + (days - 100) * MINUTE;
      equal((await store.samples('face-match', from, T0 + days * MINUTE)).length, 5);
    });

    test('stores a decision whole: record, memory, desired state, audit, messages, events', async () => {
      const desired = aDesired();
      const commit = aCommit('d1', { desired, outbox: [aRow()], pager: [anEvent()] });
      equal(await store.commitDecision(commit), 'stored');
      const state = await store.fleet('face-match');
      deepEqual(state.memory, commit.memory);
      deepEqual(state.desired, desired);
      equal(state.latest?.id, 'd1');
      equal(state.lastCycle, T0);
      equal(state.version, 1);
      deepEqual(await store.decision('face-match', 'd1'), commit.record);
      equal((await store.audit(1))[0]?.ids?.decision, 'd1');
      deepEqual(await store.peek('C1'), aRow());
      deepEqual(await store.peekPager(), anEvent());
    });

    test('a hold changes no desired state and no version', async () => {
      equal(await store.commitDecision(aCommit('d1')), 'stored');
      const state = await store.fleet('face-match');
      equal(state.desired, null);
      equal(state.version, 0);
    });

    test('a decision that is repeated changes nothing, even with the old numbers', async () => {
      const commit = aCommit('d1', { desired: aDesired(), outbox: [aRow()], pager: [anEvent()] });
      equal(await store.commitDecision(commit), 'stored');
      equal(await store.commitDecision(commit), 'duplicate');
      equal((await store.audit(10)).length, 1);
      equal((await store.fleet('face-match')).version, 1);
    });

    test('a cycle is decided once, a guard may decide in it again', async () => {
      equal(await store.commitDecision(aCommit('d1')), 'stored');
      equal(await store.commitDecision(aCommit('d2', { expectRev: 1 })), 'duplicate');
      const guard = aCommit('d3', { expectRev: 1, record: aRecord('d3', { trigger: 'guard' }) });
      equal(await store.commitDecision(guard), 'stored');
      equal((await store.fleet('face-match')).lastCycle, T0);
      const next = aCommit('d4', { expectRev: 2, at: T0 + 20 * MINUTE });
      equal(await store.commitDecision(next), 'stored');
      equal((await store.fleet('face-match')).lastCycle, T0 + 20 * MINUTE);
    });

    test('a cycle that was decided by a clock that ran ahead keeps no earlier cycle from being decided', async () => {
      const ahead = aRecord('d1', { at: T0 + 2_000 * MINUTE });
      equal(await store.commitDecision(aCommit('d1', { record: ahead })), 'stored');
      equal(await store.commitDecision(aCommit('d2', { expectRev: 1 })), 'stored');
      equal((await store.fleet('face-match')).lastCycle, T0);
    });

    test('refuses a decision made on intent or memory that changed meanwhile, and writes nothing of it', async () => {
      equal(await store.setOverride(anOverride(), anAudit('override'), [], []), 'stored');
      equal(await store.commitDecision(aCommit('d1', { expectVersion: 0, outbox: [aRow()] })), 'conflict');
      equal(await store.commitDecision(aCommit('d1', { expectVersion: 1, expectRev: 3 })), 'conflict');
      equal((await store.audit(10)).length, 1);
      equal(await store.peek('C1'), null);
      equal(await store.decision('face-match', 'd1'), null);
      equal(await store.commitDecision(aCommit('d1', { expectVersion: 1 })), 'stored');
    });

    test('of many that decide one cycle at once exactly one succeeds', async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, index) => store.commitDecision(aCommit(`d${index}`))),
      );
      equal(outcomes.filter((outcome) => outcome === 'stored').length, 1);
      equal((await store.decisions('face-match', 50)).length, 1);
    });

    test('lists decisions newest first and keeps full records of the newest hundred', async () => {
      for (let index = 0; index < 260; index += 1) {
        const at = T0 + index * 20 * MINUTE;
        equal(await store.commitDecision(aCommit(`d${index}`, { at, expectRev: index })), 'stored');
      }
      const all = await store.decisions('face-match', 1_000);
      deepEqual(
        all.map(({ id }) => id),
        Array.from({ length: 260 }, (_, index) => `d${259 - index}`),
      );
      deepEqual(
        (await store.decisions('face-match', 2)).map(({ id }) => id),
        ['d259', 'd258'],
      );
      notEqual(await store.decision('face-match', 'd160'), null);
      equal(await store.decision('face-match', 'd159'), null);
    });

    test('only the newest holder of the lease reports progress, and only of the desired decision', async () => {
      await store.commitDecision(aCommit('d1', { desired: aDesired('d1') }));
      const lease = await store.lease('face-match', 'a', LONG_MS);
      ok(lease);
      const change = {
        desired: aDesired('d1', { status: 'applying' }),
        status: 'applying' as const,
        outbox: [],
        pager: [],
      };
      equal(await store.progress(lease, { ...change, audit: anAudit('scale') }), 'stored');
      equal((await store.fleet('face-match')).desired?.status, 'applying');
      equal((await store.fleet('face-match')).latest?.status, 'applying');
      equal((await store.decision('face-match', 'd1'))?.status, 'applying');
      equal((await store.decisions('face-match', 1))[0]?.status, 'applying');
      equal((await store.fleet('face-match')).version, 1);
      equal(await store.progress(lease, { ...change, desired: aDesired('d0') }), 'conflict');
      equal(await store.renew(lease, 50), true);
      await under.pass(60);
      const next = await store.lease('face-match', 'b', LONG_MS);
      ok(next && next.fence > lease.fence);
      equal(await store.progress(lease, change), 'conflict');
    });

    test('a newer desired state supersedes one that is not finished', async () => {
      await store.commitDecision(aCommit('d1', { desired: aDesired('d1') }));
      const more = { at: T0 + 20 * MINUTE, expectRev: 1, expectVersion: 1, desired: aDesired('d2') };
      equal(await store.commitDecision(aCommit('d2', more)), 'stored');
      deepEqual(
        (await store.decisions('face-match', 2)).map(({ status }) => status),
        ['planned', 'superseded'],
      );
      equal((await store.decision('face-match', 'd1'))?.status, 'superseded');
    });

    test('a lease has one holder until it is given back or runs out', async () => {
      const lease = await store.lease('face-match', 'a', LONG_MS);
      ok(lease);
      equal(await store.renew(lease, LONG_MS), true);
      equal(await store.lease('face-match', 'b', 60), null);
      ok(await store.lease('ocr', 'b', 60), 'another fleet is free');
      await store.release(lease);
      const next = await store.lease('face-match', 'b', LONG_MS);
      ok(next && next.fence > lease.fence);
      equal(await store.renew(lease, 60), false);
      await store.release(lease);
      equal(await store.lease('face-match', 'c', 60), null, 'an old lease gives nothing back');
      equal(await store.renew(next, 60), true);
      await under.pass(80);
      equal(await store.renew(next, 60), false, 'too late');
    });

    test('an override is set, replaced and ended, each with its version', async () => {
      equal(await store.setOverride(anOverride('o1'), anAudit('override'), [aRow()], []), 'stored');
      equal(await store.setOverride(anOverride('o1'), anAudit('override'), [], []), 'duplicate');
      deepEqual((await store.fleet('face-match')).override, anOverride('o1'));
      equal(await store.setOverride(anOverride('o2'), anAudit('override'), [], [], 0), 'conflict');
      equal(await store.setOverride(anOverride('o2'), anAudit('override'), [], [], 1), 'stored');
      equal(await store.endOverride('face-match', 'o1', anAudit('end'), [], []), 'conflict');
      equal(await store.endOverride('face-match', 'o2', anAudit('end'), [], []), 'stored');
      equal(await store.endOverride('face-match', 'o2', anAudit('end'), [], []), 'duplicate');
      equal((await store.fleet('face-match')).override, null);
      equal((await store.fleet('face-match')).version, 3);
      equal((await store.audit(10)).length, 3);
    });

    test('a freeze of all fleets shows in each and moves the version of each', async () => {
      equal(await store.setFreeze(aFreeze('f1'), anAudit('freeze'), [], []), 'stored');
      equal(await store.setFreeze(aFreeze('f2', { fleet: '*' }), anAudit('freeze'), [], []), 'stored');
      equal(await store.setFreeze(aFreeze('f2', { fleet: '*' }), anAudit('freeze'), [], []), 'duplicate');
      const ids = async (fleet: string) => (await store.fleet(fleet)).freezes.map(({ id }) => id).sort();
      deepEqual(await ids('face-match'), ['f1', 'f2']);
      deepEqual(await ids('ocr'), ['f2']);
      equal((await store.fleet('face-match')).version, 2);
      equal((await store.fleet('ocr')).version, 1);
      equal(await store.endFreeze('*', 'f2', anAudit('unfreeze'), [], []), 'stored');
      equal(await store.endFreeze('*', 'f2', anAudit('unfreeze'), [], []), 'duplicate');
      deepEqual(await ids('face-match'), ['f1']);
      equal((await store.fleet('ocr')).version, 2);
    });

    test('a freeze that replaces another is stored and ends it at once, or neither', async () => {
      const replace = (id: string, replaces: string) =>
        store.setFreeze(aFreeze(id), anAudit('freeze'), [aRow(id)], [], replaces);
      const ids = async () => (await store.fleet('face-match')).freezes.map(({ id }) => id);
      await store.setFreeze(aFreeze('f1'), anAudit('freeze'), [], []);
      equal(await replace('f2', 'f1'), 'stored');
      deepEqual(await ids(), ['f2']);
      equal(await replace('f2', 'f1'), 'duplicate');
      equal(await replace('f3', 'f1'), 'conflict');
      deepEqual(await ids(), ['f2']);
      equal((await store.fleet('face-match')).version, 2);
      equal((await store.audit(10)).length, 2);
      deepEqual(
        (await store.backlog('C1', 0, 9)).map(({ row }) => row.key),
        ['f2'],
      );
    });

    test('messages and change events of an intent are stored with it, those of a refused one are not', async () => {
      const [override, freeze] = [anOverride('o1'), aFreeze('f1')];
      const audit = anAudit('intent');
      const told = (id: string): [OutboxRow[], PagerEvent[]] => [[aRow(id)], [anEvent(id)]];
      await store.setOverride(override, audit, ...told('set'));
      await store.setOverride(anOverride('o2'), audit, ...told('refused'), 99);
      await store.endOverride('face-match', 'o2', audit, ...told('refused'));
      await store.endOverride('face-match', 'o1', audit, ...told('ended'));
      await store.setFreeze(freeze, audit, ...told('frozen'));
      await store.setFreeze(freeze, audit, ...told('refused'));
      await store.endFreeze('face-match', 'f1', audit, ...told('free'));
      await store.endFreeze('face-match', 'f1', audit, ...told('refused'));
      const rows = (await store.backlog('C1', 0, 9)).map(({ row }) => row.key);
      deepEqual(rows, ['set', 'ended', 'frozen', 'free']);
      for (const id of rows) {
        deepEqual(await store.peekPager(), anEvent(id));
        await store.sentPager(anEvent(id));
      }
      equal(await store.peekPager(), null);
    });

    test('an alert moves by compare-and-set', async () => {
      const firing = anAlert(1, { phase: 'firing', id: 'i1', since: T0, minutes: [{ at: T0, bad: null }] });
      equal(
        await store.setAlert('face-match', firing, 0, [aRow('i1', { priority: 'alert' })], [anEvent()]),
        'stored',
      );
      equal(await store.setAlert('face-match', anAlert(1), 0, [aRow('i2')], []), 'conflict');
      deepEqual(await store.alert('face-match'), firing);
      equal((await store.peek('C1'))?.key, 'i1');
      equal(await store.setAlert('face-match', anAlert(2), 1, [], []), 'stored');
    });

    test('the audit is one chain, newest first, that can be checked', async () => {
      const said = anAudit('override', {
        said: 'override face-match 9 \u{1f680} "x"\n<!channel>',
        detail: { list: [], deep: { b: 1, a: [1.5] } },
      });
      await store.appendAudit(said);
      await Promise.all(
        Array.from({ length: 600 }, (_, index) => store.appendAudit(anAudit('tick', { at: T0 + index }))),
      );
      const entries = await store.audit(700);
      equal(entries.length, 601);
      const { seq, hash, previous, ...first } = entries.at(-1) ?? { seq: 0, hash: '', previous: '' };
      deepEqual(first, said);
      equal(seq, 1);
      equal(previous, '0'.repeat(64));
      equal(hash, '143662829edd19d24bd257cdb6de77ff0bc91a6fbc2cd28bbbfe8a3b301e02e8');
      ok(entries.every((entry, index) => entry.previous === (entries[index + 1]?.hash ?? previous)));
      deepEqual(
        (await store.audit(2)).map((entry) => entry.seq),
        [601, 600],
      );
      deepEqual(await store.verifyAudit(), { ok: true, entries: 601, brokenAt: null });
    });

    test('lets something happen once within its time', async () => {
      equal(await store.once('click-1', LONG_MS), true);
      equal(await store.once('click-1', LONG_MS), false);
      await store.undoOnce('click-2');
      equal(await store.once('click-2', LONG_MS), true);
      await store.undoOnce('click-2');
      equal(await store.once('click-2', LONG_MS), true);
      equal(await store.wasOnce('click-1'), true);
      equal(await store.wasOnce('click-3'), false);
      equal(await store.once('click-3', 60), true, 'looking claims nothing');
      await under.pass(80);
      equal(await store.wasOnce('click-3'), false);
      equal(await store.once('click-3', LONG_MS), true);
    });

    test('what it gives cannot be edited behind its back', async () => {
      await store.commitDecision(aCommit('d1', { desired: aDesired() }));
      const state = await store.fleet('face-match');
      try {
        state.desired?.placement.pop();
      } catch (error) {
        // A store may give a frozen value instead of a copy.
        ok(error instanceof TypeError);
      }
      notEqual((await store.fleet('face-match')).desired?.placement.length, 1);
    });

    outboxContract(() => store);
    machinesContract(() => store);
  });
}
