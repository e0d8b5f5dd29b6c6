/** The page of a broken glass is an incident like any other: taken and ended from Slack and from PagerDuty. */
import { deepEqual, doesNotMatch, equal, match } from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { aFleet } from '../support/fleet.js';
import { aPagingScene, type PagingScene } from '../support/paging.js';

const ravi = { id: 'slack:U0RAVI', name: 'Ravi Menon' };
let scene: PagingScene;
beforeEach(async () => {
  scene = await aPagingScene();
});
afterEach(() => scene.close());

const incident = () => scene.standIn.incidents().at(-1)!;
const messages = () =>
  [...scene.shown].filter(([key]) => key.startsWith('break-glass-')).map(([, text]) => text);

/** Ravi's freeze is lifted by Asha, who waits for nobody. */
const lift = async (fleet: string): Promise<void> => {
  await scene.say(`freeze ${fleet} for 2h because the bank migrates`, ravi, 'ravi@sandbox.example');
  await scene.say(`unfreeze ${fleet} --break-glass because requests pile up`);
};

test('it is acknowledged by its button and resolved on its page, and its message says both', async () => {
  await lift('ocr');
  match(messages()[0] ?? '', /Acknowledge: \/muster page ocr ack break-glass/);
  await scene.say('page ocr ack break-glass', ravi, 'ravi@sandbox.example');
  deepEqual([incident().status, incident().by], ['acknowledged', 'Ravi Menon']);
  match(messages()[0] ?? '', /Break-glass: .*acknowledged by Ravi Menon/s);
  const { id, dedupKey: key, summary: title } = incident();
  scene.enqueue('pagerduty-event', {
    ...{ v: 1, id: 'e-1', type: 'incident.resolved', at: scene.world.now + 1_000 },
    incident: { id, key, title, url: null },
    agent: { id: 'PUMEERA', name: 'Meera Iyer' },
  });
  await scene.pass(1_000);
  match(messages()[0] ?? '', /resolved by Meera Iyer/);
  doesNotMatch(messages()[0] ?? '', /muster page ocr/);
  match(await scene.say('page ocr ack break-glass'), /Nothing is open about ocr/);
});

test('of several fleets it is found by each of them, and acknowledged by its own key when nobody can be asked', async () => {
  await lift('');
  match(incident().dedupKey, /^muster\/all\/break-glass\//);
  scene.world.set('pagerduty', 'down');
  await scene.say('page ocr ack');
  match(messages()[0] ?? '', /acknowledged by Asha Rao/);
  scene.world.set('pagerduty', null);
  await scene.pass(15_000);
  equal(incident().status, 'acknowledged');
});

test('two emergencies are two incidents: each click takes one that nobody has', async () => {
  await lift('ocr');
  await lift('ocr');
  await scene.say('page ocr ack break-glass');
  await scene.say('page ocr ack break-glass');
  deepEqual(
    scene.standIn.incidents().map(({ status }) => status),
    ['acknowledged', 'acknowledged'],
  );
  equal(messages().length, 2);
});

test('fleets with routing keys of their own are paged about each by its key, and each page has its own end', async () => {
  await scene.close();
  const fleets = ['face-match', 'liveness', 'ocr'].map((name) => ({
    ...aFleet(name),
    pagerdutyRoutingKey: (name === 'ocr' ? 'c' : 'b').repeat(32),
  }));
  scene = await aPagingScene({ fleets });
  await lift('');
  const { incidents } = scene.standIn.save() as {
    incidents: { routingKey: string; dedupKey: string; status: string }[];
  };
  deepEqual(
    incidents.map(({ routingKey, dedupKey }) => [routingKey[0], dedupKey.split('/')[1]]),
    [
      ['b', 'all'],
      ['c', 'ocr'],
    ],
  );
  equal((await scene.store.audit(20)).filter(({ action }) => action === 'break-glass').length, 1);
  match(messages()[0] ?? '', /about face-match, liveness\./);
  match(messages()[1] ?? '', /about ocr\..*page ocr ack break-glass/s);
  scene.world.set('pagerduty', 'down');
  await scene.say('page ocr ack');
  await scene.say('page liveness resolve');
  scene.world.set('pagerduty', null);
  await scene.pass(15_000);
  deepEqual(
    scene.standIn.incidents().map(({ status }) => status),
    ['resolved', 'acknowledged'],
  );
  const { id, dedupKey: key, summary: title } = incident();
  scene.enqueue('pagerduty-event', {
    ...{ v: 1, id: 'e-1', type: 'incident.resolved', at: scene.world.now + 1_000 },
    incident: { id, key, title, url: null },
    agent: { id: 'PUMEERA', name: 'Meera Iyer' },
  });
  await scene.pass(1_000);
  match(messages()[1] ?? '', /resolved by Meera Iyer/);
});

test('without PagerDuty everybody is told of it, and nobody is said to be paged', async () => {
  await scene.close();
  scene = await aPagingScene({ ports: { pager: null } });
  await lift('ocr');
  match(messages()[0] ?? '', /Break-glass: .*It is in the audit trail\./s);
  doesNotMatch(messages()[0] ?? '', /PagerDuty|paged|page ocr/);
  deepEqual((await scene.store.fleet('ocr')).freezes, []);
  const said = await scene.say('page ocr the bank is down');
  match(said, /not configured for ocr, so nobody is paged: set PAGERDUTY_ROUTING_KEY/);
  equal(await scene.store.machine('paged', 'ocr.page'), null);
  equal(
    [...scene.shown.keys()].some((key) => key.startsWith('paged-')),
    false,
  );
});
