/** Which of PagerDuty's services a page goes to where fleets have keys of their own, and what becomes of one without a key. */
import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import { createPager } from '../../src/adapters/pagerduty/pager.js';
import type { PagerEvent } from '../../src/core/message.js';
import { changeEvent, inEachService } from '../../src/core/views/change.js';
import { routingKeys } from '../../src/main/checks.js';
import { aFleet } from '../support/fleet.js';
import { aPagingScene, type PagingScene } from '../support/paging.js';

const [B, C] = ['b'.repeat(32), 'c'.repeat(32)];
const keyed = (name: string, key: string | null) => ({ ...aFleet(name), pagerdutyRoutingKey: key });

/** Each fleet has its own key, and there is none for anybody else. */
async function withoutDefault(fleets = [keyed('face-match', B), keyed('ocr', C)]): Promise<PagingScene> {
  const scene = await aPagingScene({ fleets });
  const { host: eventsHost, ca } = scene.standIn;
  scene.ports.pager = createPager({ eventsHost, routingKey: null, ca, timeoutMs: 60_000 });
  return scene;
}

const aPage = (fleet: string, at: number): PagerEvent => ({
  ...{ v: 1, kind: 'trigger', fleet, at, dedupKey: `muster/${fleet}/latency/1` },
  ...{ summary: `${fleet} is too slow`, severity: 'critical', details: {} },
});

test('what no key applies to goes with a word in Slack, and the pages behind it are sent', async () => {
  const scene = await withoutDefault();
  try {
    const { now } = scene.world;
    const message = { summary: 'Frozen', tone: 'info' as const, parts: [] };
    await scene.store.push([], [changeEvent('*', 'f1', message, {}, now), aPage('gone', now)]);
    await scene.say('page ocr everything is down');
    deepEqual(
      scene.standIn.incidents().map(({ dedupKey }) => dedupKey),
      ['muster/ocr/page'],
    );
    match(scene.shown.get(`dropped-trigger-gone-${now}`) ?? '', /could not be sent.*PAGERDUTY_ROUTING_KEY/s);
    equal(await scene.store.peekPager(), null);
    equal(
      [...scene.shown.keys()].some((key) => key.startsWith('paging-degraded')),
      false,
    );
  } finally {
    await scene.close();
  }
});

test('doctor names the fleets that nobody is paged about', () => {
  const mixed = [keyed('face-match', B), keyed('ocr', null)];
  match(routingKeys(mixed, null).detail, /nobody is paged about ocr/);
  equal(routingKeys(mixed, null).ok, false);
  equal(routingKeys(mixed, C).ok, true);
  match(routingKeys([keyed('ocr', C)], null).detail, /of its own/);
});

test('a freeze of all fleets is a change in each service once, and so is its end', async () => {
  const scene = await withoutDefault([keyed('face-match', B), keyed('liveness', B), keyed('ocr', C)]);
  const sent: (string | null)[] = [];
  const { pager } = scene.ports;
  scene.ports.pager = {
    ...pager,
    send: async (event, key) => {
      if (event.kind === 'change') sent.push(key);
      await pager?.send(event, key);
    },
  };
  try {
    await scene.say('freeze for 1h because we look');
    deepEqual(sent.splice(0), [B, C]);
    await scene.say('unfreeze');
    deepEqual(sent.splice(0), [B, C]);
    deepEqual(
      inEachService(changeEvent('ocr', 'x', { summary: 'x', tone: 'info', parts: [] }, {}, 0), []).map(
        ({ via }) => via,
      ),
      [undefined],
    );
    equal(scene.standIn.changes().length, 4);
  } finally {
    await scene.close();
  }
});
