import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { pagedId } from '../../src/core/paged.js';
import { OutsideError } from '../../src/errors.js';
import { ASHA, aPagingScene, type PagingScene } from '../support/paging.js';

const MINUTE = 60_000;
let scene: PagingScene;
before(async () => {
  scene = await aPagingScene();
});
after(() => scene.close());

const newest = () => scene.standIn.incidents().at(-1)!;
const words = (fleet = 'ocr') =>
  [...scene.shown.entries()].findLast(([key]) => key.startsWith(`paged-${fleet}.page`))?.[1] ?? '';
const webhook = (id: string, type: string, by: string | null = null) => {
  scene.world.now += 1_000;
  const { id: incident, dedupKey, summary } = newest();
  const url = `https://muster-sandbox.pagerduty.com/incidents/${incident}`;
  scene.enqueue('pagerduty-event', {
    v: 1,
    id,
    type: `incident.${type}`,
    at: scene.world.now,
    incident: { id: incident, key: dedupKey, title: summary, url },
    agent: by === null ? null : { id: 'PURAVI', name: by },
  });
  return scene.settle();
};

test('oncall says who is on call, until when, and who comes next; each is mentioned once', async () => {
  const said = await scene.say('oncall');
  match(said, /face-match, ocr/);
  match(said, /Level 1: .*until/);
  match(said, /Level 2: Nadia Khan/);
  match(said, /Next:.*Level 1:/s);
  equal(said.match(/Level 3: Ravi Menon, always/g)?.length, 1);
});

test('page opens an incident with the numbers and says so in the channel; a second page tells PagerDuty again', async () => {
  await scene.say('page ocr results look wrong since noon');
  const { status, dedupKey, summary, severity } = newest();
  deepEqual(
    [status, dedupKey, summary, severity],
    ['triggered', 'muster/ocr/page', 'ocr: results look wrong since noon (Asha Rao)', 'critical'],
  );
  match(words(), /people are being paged.*results look wrong.*nobody has taken it yet/s);
  const again = await scene.say('page ocr really wrong');
  match(again, /told again.*being paged about ocr already.*results look wrong/s);
  equal(scene.standIn.incidents().length, 1);
  match(words(), /really wrong.*nobody has taken it yet/s);
});

test('acknowledged in Slack is acknowledged in PagerDuty, in the own name, and the message says who', async () => {
  await scene.say('page ocr ack');
  deepEqual([newest().status, newest().by], ['acknowledged', 'Asha Rao']);
  match(words(), /acknowledged by Asha Rao/);
  doesNotMatch(words(), /\/muster page ocr ack/);
});

test('resolved in PagerDuty is resolved in Slack, with who; the same webhook again changes nothing', async () => {
  scene.standIn.move(newest().id, 'resolved', { id: 'PURAVI', name: 'Ravi Menon' });
  await webhook('e-1', 'resolved', 'Ravi Menon');
  match(words(), /the page is over.*resolved by Ravi Menon/s);
  const before = (await scene.store.machine('paged', pagedId('muster/ocr/page')))!;
  equal(before.open, false);
  await webhook('e-1', 'resolved', 'Ravi Menon');
  await webhook('e-late', 'acknowledged', 'Somebody else');
  match(words(), /resolved by Ravi Menon/);
});

test('a person whom PagerDuty does not know by address is named in a note', async () => {
  scene.world.now += MINUTE;
  await scene.say('page ocr again something is wrong');
  equal(scene.standIn.incidents().length, 2);
  await scene.say('page ocr ack', { id: 'slack:U0OMAR', name: 'Omar' }, 'omar@example.com');
  deepEqual([newest().status, newest().by], ['acknowledged', 'Muster']);
  match(newest().notes.at(-1)?.text ?? '', /acknowledged in Slack by Omar/);
  await scene.say('page ocr resolve');
  equal(newest().status, 'resolved');
  match(await scene.say('page ocr resolve'), /Nothing is open about ocr/);
});

test('an override and a freeze are change events', async () => {
  await scene.say('override ocr floor 4 for 1h because campaign');
  await scene.say('freeze ocr for 1h because we look');
  deepEqual(
    scene.standIn.changes().map(({ summary }) => /override|froze|freeze|at least/i.test(summary)),
    [true, true],
  );
});

test('PagerDuty down: the page waits with its key, Slack says once that paging is degraded, and when it is back', async () => {
  scene.world.set('pagerduty', 'down');
  const count = scene.standIn.incidents().length;
  await scene.say('page face-match is slow');
  const told = () => [...scene.shown.entries()].filter(([key]) => key.startsWith('paging-degraded'));
  equal(told().length, 0, 'one lost answer is no news');
  for (let n = 0; n < 8; n += 1) await scene.pass(15_000);
  equal(told().length, 1);
  match(told()[0]![1], /Paging is degraded.*is slow/s);
  scene.world.set('pagerduty', null);
  await scene.pass(15_000);
  equal(scene.standIn.incidents().length, count + 1);
  equal(newest().dedupKey, 'muster/face-match/page');
  equal(told().length, 1);
  match(told()[0]![1], /Paging works again/);
  ok(newest().links.some(({ href }) => href.startsWith('https://slack.example/')));
});

test('while PagerDuty is down an acknowledgement is kept here and sent by its key later', async () => {
  scene.world.set('pagerduty', 'down');
  await scene.say('page face-match ack');
  match(words('face-match'), /acknowledged by Asha Rao/);
  scene.world.set('pagerduty', null);
  await scene.pass(15_000);
  equal(newest().status, 'acknowledged');
});

test('a change event that waits ahead of a page keeps nobody from hearing that paging is degraded', async () => {
  scene.world.set('pagerduty', 'down');
  await scene.say('override ocr floor 5 for 1h because campaign --replace');
  await scene.say('page ocr is slow, too');
  for (let n = 0; n < 8; n += 1) await scene.pass(15_000);
  const told = [...scene.shown].filter(([key]) => key.startsWith('paging-degraded'));
  match(told.at(-1)?.[1] ?? '', /Paging is degraded.*slow, too/s);
  scene.world.set('pagerduty', null);
  await scene.pass(15_000);
  await scene.say('page ocr resolve');
});

test('a page whose incident is over in PagerDuty, without a webhook, opens a new one', async () => {
  await scene.say('page ocr first trouble');
  scene.standIn.move(newest().id, 'resolved', { id: 'PURAVI', name: 'Ravi Menon' });
  const count = scene.standIn.incidents().length;
  await scene.pass(6 * 60 * MINUTE);
  match(await scene.say('page ocr another emergency'), /told again/);
  equal(scene.standIn.incidents().length, count + 1);
  deepEqual([newest().status, newest().summary], ['triggered', 'ocr: another emergency (Asha Rao)']);
  await scene.say('page ocr resolve');
});

test('a page that PagerDuty refuses is lost and says so, and the next one is the first', async () => {
  const { pager } = scene.ports;
  const answered = { class: 'human', why: 'error', status: 400 } as const;
  scene.ports.pager = {
    send: () => Promise.reject(new OutsideError('pagerduty', 'POST /v2/enqueue', 'answered 400', answered)),
  };
  const degraded = () => [...scene.shown.keys()].filter((key) => key.startsWith('paging-degraded')).length;
  const before = degraded();
  await scene.say('page ocr nobody hears this');
  scene.ports.pager = pager;
  match(words(), /ocr: the page is lost.*it did not take the page, and called nobody/s);
  doesNotMatch(words(), /page ocr ack/);
  match([...scene.shown].find(([key]) => key.startsWith('dropped-trigger-ocr'))?.[1] ?? '', /was refused/);
  equal(degraded(), before, 'it is not sent again, so nothing says so');
  match(await scene.say('page ocr said again'), /the person on call for ocr is being paged/);
  equal(newest().summary, 'ocr: said again (Asha Rao)');
});

test('a page waits a moment for the link to its message, and no longer than that for Slack', async () => {
  const { chat } = scene.ports;
  const announce = scene.app.handlers().announce!;
  const given = { signal: new AbortController().signal, slot: null };
  await scene.say('page ocr resolve');
  const count = scene.standIn.incidents().length;
  scene.world.now += MINUTE;
  await scene.app.handle({ text: 'page ocr is slow', by: ASHA, email: 'asha@sandbox.example', where: 'C1' });
  // The pager's sender comes first, while Slack takes its time.
  await announce.run({ v: 1, channel: 'pagerduty' }, given);
  equal(scene.standIn.incidents().length, count);
  await announce.run({ v: 1, channel: '#ml-ops' }, given);
  await scene.pass(250);
  equal(scene.standIn.incidents().length, count + 1);
  ok(newest().links.some(({ href }) => href.startsWith('https://slack.example/')));

  await scene.say('page ocr resolve');
  const away = { class: 'retry', why: 'timeout' } as const;
  const post = () => Promise.reject(new OutsideError('slack', 'chat.postMessage', 'no answer', away));
  scene.ports.chat = { ...chat!, post };
  await scene.say('page ocr is slow while Slack is away');
  equal(scene.standIn.incidents().length, count + 1);
  for (let n = 0; n < 8; n += 1) await scene.pass(250);
  equal(scene.standIn.incidents().length, count + 2);
  deepEqual(newest().links, []);
  scene.ports.chat = chat;
  await scene.pass(15_000);
});

test('a certificate that is not trusted loses no page: it is sent when that is mended', async () => {
  await scene.say('page ocr resolve');
  const { pager } = scene.ports;
  const untrusted = { class: 'human', why: 'unreachable' } as const;
  scene.ports.pager = {
    send: () => Promise.reject(new OutsideError('pagerduty', 'POST', 'SELF_SIGNED', untrusted)),
  };
  await scene.say('page ocr behind a proxy');
  match([...scene.shown].at(-1)?.[1] ?? '', /Paging is degraded.*behind a proxy/s);
  scene.ports.pager = pager;
  // As the watchdog does each minute.
  scene.enqueue('announce', { v: 1, channel: 'pagerduty' });
  await scene.settle();
  equal(newest().summary, 'ocr: behind a proxy (Asha Rao)');
});
