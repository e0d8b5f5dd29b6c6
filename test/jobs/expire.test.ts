import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import { expireIntents } from '../../jobs/expire.js';
import type { JobContext } from '../../src/app.js';
import type { Override } from '../../src/core/model.js';
import { shellText } from '../../src/shell-text.js';
import { aFleet, aMemory, aScene, aSeen, NOON } from '../support/fleet.js';

const MINUTE = 60_000;
const asha = { id: 'slack:U0ASHA', name: 'Asha' };

async function scene(lasts: number) {
  const { store, context, queued } = aScene();
  const override: Override = {
    ...{ v: 1, id: 'o1', fleet: 'ocr', kind: 'pin', workers: 12, by: asha, reason: 'load test' },
    ...{ at: NOON, until: NOON + lasts * MINUTE, postedIn: [] },
  };
  await store.setOverride(override, { at: NOON, by: asha, action: 'override', fleet: 'ocr' }, [], []);
  const job = {
    store,
    queue: context.queue,
    settings: { channel: '#ml-ops' },
  } as unknown as JobContext;
  const fleet = aFleet('ocr');
  const at = async (minute: number): Promise<void> => {
    const now = NOON + minute * MINUTE;
    const state = await store.fleet('ocr');
    await expireIntents(
      fleet,
      state,
      aSeen('ocr', { now, memory: aMemory(now), override: state.override }),
      job,
    );
  };
  return { store, queued, at };
}

test('a quarter of an hour before its end an override is announced once, with what follows and two buttons', async () => {
  const { store, at } = await scene(120);
  await at(104);
  equal(await store.peek('#ml-ops'), null);
  await at(105);
  const row = await store.peek('#ml-ops');
  match(
    row?.message.summary ?? '',
    /ocr \(pinned at 12 workers\) by Asha ends in 15 m\. The forecast needs \d+ workers/,
  );
  match(
    shellText(row!.message),
    /Extend by 1 h: \/muster override extend ocr 1h #o1.*End it now: \/muster override cancel ocr #o1/s,
  );
  await store.sent(row!, { channel: 'C1', ts: '1' }, 0);
  await at(106);
  equal(await store.peek('#ml-ops'), null);
});

test('a short override is not announced again before its end', async () => {
  const { store, at } = await scene(20);
  await at(10);
  equal(await store.peek('#ml-ops'), null);
});

test('at its end the notice says what follows, and an evaluation is asked for', async () => {
  const { store, queued, at } = await scene(120);
  await at(120);
  equal((await store.fleet('ocr')).override, null);
  match(
    (await store.peek('#ml-ops'))?.message.summary ?? '',
    /has run out; the forecast decides again\. The forecast needs/,
  );
  deepEqual(
    queued.map(({ dedupe }) => dedupe),
    ['evaluate-ocr', 'announce-#ml-ops', 'announce-pagerduty'],
  );
});
