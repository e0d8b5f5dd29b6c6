/** What a file says counts when it was written lately; anything else is unknown, and never throws. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createWorkerHealth } from '../../../src/adapters/worker-health/ask.js';
import { OutsideError } from '../../../src/errors.js';
import type { HealthSource, WorkerAddress, WorkerFiles } from '../../../src/ports.js';

const NOW = Date.UTC(2026, 0, 5, 12);
const source: HealthSource = {
  ...{ kind: 'file', path: 'alloc/health.json', staleSeconds: 60 },
  ...{ timeoutSeconds: 0.2, stuckAfter: 20, stuckLeastSeconds: 120 },
};
const WELL = { modelLoaded: true, deviceHealthy: true, lastSuccessAt: NOW - 1_000, inFlight: 0 };
const written = (ageMs: number, more: object = WELL) =>
  JSON.stringify({ writtenAt: new Date(NOW - ageMs).toISOString(), ...more });
const workers = (ids: string[]): WorkerAddress[] =>
  ids.map((id) => ({ id, zone: 'a', nodeId: 'n', workers: 1, host: null, port: null }));

/** `texts` by worker; one that has none has no file. */
function ask(texts: Record<string, string>, speed = 1) {
  const files: WorkerFiles = {
    object: async (id) => {
      const text = texts[id];
      if (text !== undefined) return text;
      throw new OutsideError('nomad', 'GET it', '404 no such file', { class: 'human', why: 'refused' });
    },
  };
  const health = createWorkerHealth({ files, clock: { now: () => NOW, speed } });
  return health.ask(source, workers(Object.keys(texts).concat('none')));
}

describe('health by file', () => {
  it('reads one slot or several, one of which may be unknown', async () => {
    const several = { slots: [WELL, null, { ...WELL, deviceHealthy: false }] };
    deepEqual(await ask({ one: written(10_000), several: written(10_000, several) }), [
      [WELL],
      several.slots,
      null,
    ]);
  });

  it('an old file is no answer, nor is one from a clock that is far ahead', async () => {
    const heard = await ask({
      young: written(59_000),
      old: written(63_000),
      ahead: written(-59_000),
      far: written(-63_000),
    });
    deepEqual(
      heard.map((said) => said !== null),
      [true, false, true, false, false],
    );
  });

  it('two seconds of the machine are no age, however fast its clock runs', async () => {
    const heard = await ask(
      { young: written(60_000 + 2 * 240_000), old: written(61_000 + 2 * 240_000) },
      240,
    );
    deepEqual(
      heard.map((said) => said !== null),
      [true, false, false],
    );
  });

  it('takes a file without its time, junk and half a file for unknown', async () => {
    const whole = written(0);
    const heard = await ask({
      timeless: JSON.stringify(WELL),
      words: JSON.stringify({ writtenAt: 'noon', ...WELL }),
      junk: 'Permission denied',
      half: whole.slice(0, whole.length / 2),
      empty: '',
    });
    ok(
      heard.every((said) => said === null),
      JSON.stringify(heard),
    );
  });

  it('asks for no more than 64 KB, and gives each file its own time, all together two of them', async () => {
    const asked: { bytes: number; timeoutMs: number }[] = [];
    const files: WorkerFiles = {
      object: (_id, _path, most) => {
        asked.push(most);
        return new Promise((_, reject) => {
          const late = new OutsideError('nomad', 'GET it', 'no answer', { class: 'retry', why: 'timeout' });
          setTimeout(() => reject(late), most.timeoutMs);
        });
      },
    };
    const health = createWorkerHealth({ files, clock: { now: () => NOW, speed: 1 } });
    const from = performance.now();
    const heard = await health.ask(source, workers(Array.from({ length: 100 }, (_, n) => `w${n}`)));
    ok(performance.now() - from < 10 * source.timeoutSeconds * 1_000, 'it takes far too long');
    equal(heard.filter((said) => said !== null).length, 0);
    ok(asked.length < 100 && asked.every(({ bytes, timeoutMs }) => bytes === 65_536 && timeoutMs <= 200));
  });
});
