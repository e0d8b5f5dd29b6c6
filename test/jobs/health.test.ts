/** The alert about workers that are not well, over the PagerDuty stand-in: taken and ended from either side. */
import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { SlotHealth } from '../../src/core/health/state.js';
import { OutsideError } from '../../src/errors.js';
import type { HealthSource, WorkerSeen } from '../../src/ports.js';
import { aFleet, withDecision } from '../support/fleet.js';
import { aPagingScene } from '../support/paging.js';

const MINUTE = 60_000;
const patience = { timeoutSeconds: 1, stuckAfter: 20, stuckLeastSeconds: 120 };
const overHttp: HealthSource = {
  ...{ kind: 'http', url: 'http://{address}:{port}/health', port: 'health', portPerWorker: false },
  ...patience,
};
const byFile: HealthSource = {
  ...{ kind: 'file', path: 'alloc/health.json', staleSeconds: 60 },
  ...patience,
};

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const scene of open.splice(0)) await scene.close();
});

async function aWard(health: HealthSource = overHttp) {
  const workers = ['w1', 'w2', 'w3', 'w4'].map(
    (id): WorkerSeen => ({
      id: `${id}-aaaa-bbbb`,
      zone: id < 'w3' ? 'a' : 'b',
      nodeId: `n-${id}`,
      state: 'ready',
      workers: 1,
    }),
  );
  const ward = {
    ill: new Set<string>(),
    dark: false,
    silent: false,
    asked: 0,
    labels: new Set<string | null>(),
    now: (): number => 0,
  };
  const scene = await aPagingScene({
    fleets: [{ ...aFleet('ocr'), health }],
    orchestrator: { workers: async () => workers },
    ports: {
      health: {
        addresses: async (_target, label) => {
          ward.labels.add(label);
          if (ward.dark)
            throw new OutsideError('nomad', 'read', 'no answer', { class: 'retry', why: 'timeout' });
          return workers.map((one) => ({ ...one, host: '127.0.0.1', port: 1 }));
        },
        ask: async (_source, all) => {
          ward.asked += all.length;
          if (ward.silent) return all.map(() => null);
          return all.map(({ id }): SlotHealth[] => [
            {
              modelLoaded: true,
              deviceHealthy: !ward.ill.has(id),
              lastSuccessAt: ward.now() - 1_000,
              inFlight: 0,
            },
          ]);
        },
      },
    },
  });
  open.push(scene);
  ward.now = () => scene.world.now;
  await withDecision(scene.store, 'ocr');
  const minutes = async (many: number): Promise<void> => {
    for (let n = 0; n < many; n += 1) {
      scene.world.now += MINUTE;
      scene.enqueue('observe', { v: 1, fleet: 'ocr' });
      await scene.settle();
    }
  };
  const message = () => [...scene.shown].findLast(([key]) => key.startsWith('health-'))?.[1] ?? '';
  return { scene, ward, minutes, message, incident: () => scene.standIn.incidents().at(-1) };
}

test('an ill worker is one message and one incident, taken from its message, and both end by themselves', async () => {
  const { scene, ward, minutes, message, incident } = await aWard();
  ward.ill.add('w1-aaaa-bbbb');
  await minutes(2);
  equal(scene.standIn.incidents().length, 0, 'a moment is no incident');
  await minutes(2);
  match(message(), /w1-aaaa-.? in a on node n-w1: has a device that does not work/);
  match(message(), /Drain and recycle a node: \/muster remedy ocr recycle-node n-w1/);
  deepEqual([incident()?.status, incident()?.dedupKey.startsWith('muster/ocr/health/')], ['triggered', true]);
  await scene.say('page ocr ack health');
  deepEqual([incident()?.status, incident()?.by], ['acknowledged', 'Asha Rao']);
  match(message(), /acknowledged by Asha Rao/);
  doesNotMatch(message(), /ack health/);
  match(await scene.say('doctor'), /Health of the workers of ocr: 1 of 4 do not serve, 1 with a bad device/);
  match(await scene.say('status ocr'), /4\/4, 1 of them not serving/);
  ward.ill.clear();
  await minutes(4);
  match(message(), /all workers that answer are well again/);
  deepEqual([incident()?.status, scene.standIn.incidents().length], ['resolved', 1]);
  equal([...scene.shown.keys()].filter((key) => key.startsWith('health-')).length, 1);
});

test('nobody can be asked: what was known stands for ten minutes, the look goes on, and nothing is said', async () => {
  const { scene, ward, minutes, message } = await aWard();
  await minutes(3);
  ok(ward.asked >= 12);
  ward.dark = true;
  await minutes(5);
  equal((await scene.store.fleet('ocr')).memory?.lastAt, scene.world.now, 'samples are kept all the same');
  match(await scene.say('status ocr'), /4 of 4 answered/);
  await minutes(8);
  match(await scene.say('status ocr'), /unknown, so all count as running/);
  match(await scene.say('doctor'), /nobody could be asked lately, so all count as running/);
  equal(message(), '');
});

test('where workers write a file nobody asks where they listen, and doctor says what to look at when none is read', async () => {
  const { scene, ward, minutes } = await aWard(byFile);
  ward.silent = true;
  await minutes(2);
  deepEqual([...ward.labels], [null]);
  const said = await scene.say('doctor');
  match(said, /none of 4 answered, so all count as running/);
  match(said, /health\.file of ocr/);
});
