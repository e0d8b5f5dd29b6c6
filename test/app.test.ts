import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import { ASHA, aPagingScene } from './support/paging.js';

test('while it rests, the bot does nothing of what people say and tells why; what a job says is done', async () => {
  let why: string | null = null;
  const scene = await aPagingScene({ ports: { rests: () => why } });
  try {
    await scene.say('page ocr because the customer calls');
    why = "This machine's clock is 3600 s ahead of Redis's.";
    const said = { text: 'override ocr 12 for 2h because load test', by: ASHA, where: 'C1' };
    const reply = await scene.app.handle(said);
    equal(reply.refused, 'resting');
    match(reply.message.summary, /^This machine's clock is 3600 s ahead of Redis's\. .*does nothing/);
    equal((await scene.store.fleet('ocr')).override, null);
    equal(scene.app.forms.opens('override'), null, 'a form would only be filled in vain');
    match((await scene.app.home({ ...said, text: '' })).summary, /3600 s ahead/);

    // Another replica took the click; this one took the job before its clock went wrong.
    const { id, dedupKey: key } = scene.standIn.incidents().at(-1)!;
    scene.enqueue('pagerduty-action', {
      ...{ v: 1, id: 'm-1', action: 'hold-scale-down', incident: { id, key }, agent: 'PUASHA' },
    });
    await scene.settle();
    deepEqual(
      (await scene.store.fleet('ocr')).freezes.map(({ kind }) => kind),
      ['down'],
    );

    why = null;
    equal((await scene.app.handle(said)).refused, undefined);
    equal((await scene.store.fleet('ocr')).override?.workers, 12);
  } finally {
    await scene.close();
  }
});

test('the evaluation of a cycle waits for none before it: a killed one keeps its id until its lock has ended', async () => {
  const scene = await aPagingScene();
  await scene.close();
  const cycles = scene.app.schedules().filter(({ job }) => job === 'evaluate');
  deepEqual(
    cycles.map(({ id, dedupe }) => [id, dedupe]),
    [
      ['cycle-face-match', null],
      ['cycle-ocr', null],
    ],
  );
});
