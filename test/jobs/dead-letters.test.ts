/** The alert about dead letters, from the minute's look to PagerDuty and back. */
import { deepEqual, doesNotMatch, equal, match } from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { OutsideError } from '../../src/errors.js';
import { aFleet, withDecision } from '../support/fleet.js';
import { aPagingScene } from '../support/paging.js';

const MINUTE = 60_000;
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const scene of open.splice(0)) await scene.close();
});

async function aQueue(remedies = { auto: [] as string[], perHour: 1 }) {
  const queue = { count: 0, silent: false, requeued: 0 };
  const scene = await aPagingScene({
    fleets: [{ ...aFleet('ocr'), deadLetterLimit: 10, remedies }],
    ports: {
      deadLetters: {
        count: async () => {
          if (!queue.silent) return queue.count;
          throw new OutsideError('rabbitmq', 'count', 'no answer', { class: 'retry', why: 'timeout' });
        },
        requeue: async (_source, most) => {
          queue.requeued += most;
          queue.count -= most;
          return most;
        },
      },
    },
  });
  open.push(scene);
  await withDecision(scene.store, 'ocr');
  const minutes = async (many: number): Promise<void> => {
    for (let n = 0; n < many; n += 1) {
      scene.world.now += MINUTE;
      scene.enqueue('observe', { v: 1, fleet: 'ocr' });
      await scene.settle();
    }
  };
  const messages = () => [...scene.shown].filter(([key]) => key.startsWith('dead-letters-'));
  const message = () => messages().at(-1)?.[1] ?? '';
  return { scene, queue, minutes, messages, message, incident: () => scene.standIn.incidents().at(-1) };
}

test('too many are one message with the remedy and one warning, taken from the message, gone when they are', async () => {
  const { scene, queue, minutes, messages, message, incident } = await aQueue();
  queue.count = 10;
  await minutes(2);
  deepEqual([messages().length, scene.standIn.incidents().length], [0, 0], 'up to the limit nobody hears');
  queue.count = 25;
  await minutes(1);
  match(message(), /ocr: messages are dead-lettered/);
  match(message(), /Requeue dead letters: \/muster remedy ocr requeue/);
  deepEqual([incident()?.status, incident()?.severity], ['triggered', 'warning']);
  queue.count = 31;
  await minutes(1);
  match(message(), /In the queue now: 31/);
  await scene.say('page ocr ack dead-letters');
  deepEqual([incident()?.status, incident()?.by], ['acknowledged', 'Asha Rao']);
  match(message(), /acknowledged by Asha Rao/);
  match(message(), /Requeue dead letters/, 'the remedy stays with it');
  queue.silent = true;
  await minutes(3);
  equal(incident()?.status, 'acknowledged', 'silence heals nothing');
  queue.silent = false;
  await scene.say('remedy ocr requeue');
  await minutes(3);
  match(message(), /the dead-letter queue is empty again/);
  doesNotMatch(message(), /remedy ocr requeue/);
  deepEqual([incident()?.status, scene.standIn.incidents().length, messages().length], ['resolved', 1, 1]);
});

test('where the configuration allows it the remedy runs by itself, once an hour', async () => {
  const { queue, minutes } = await aQueue({ auto: ['requeue'], perHour: 3 });
  queue.count = 150;
  await minutes(5);
  deepEqual([queue.requeued, queue.count], [100, 50]);
});
