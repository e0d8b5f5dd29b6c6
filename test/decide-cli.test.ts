import assert from 'node:assert/strict';
import { PassThrough, Writable } from 'node:stream';
import { test } from 'node:test';
import { createSession, runDecide } from '../src/decide-cli.js';
import { aPolicy } from './core/builders.js';

interface Answer {
  at?: string;
  desired?: number;
  kind?: string;
  trigger?: string | null;
  reasons?: { code: string }[];
  error?: { line: number; code: string; message: string };
}

function talk(policy = aPolicy()): (fields: Record<string, unknown> | string) => Answer {
  const session = createSession(policy);
  return (fields) =>
    JSON.parse(session.answer(typeof fields === 'string' ? fields : JSON.stringify(fields))) as Answer;
}

const line = (at: string, changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  at: `2026-01-05T${at}Z`,
  requestsPerSecond: 12,
  backlog: 0,
  oldestAgeSeconds: 0,
  p95Seconds: 0.9,
  ready: 12,
  starting: 0,
  ...changes,
});

test('the first line is a cycle, then the first line at or after each multiple of the cycle', () => {
  const say = talk();
  assert.equal(say(line('00:01:00')).trigger, 'cycle');
  assert.equal(say(line('00:02:00')).trigger, null);
  assert.equal(say(line('00:19:00')).trigger, null);
  assert.equal(say(line('00:20:00')).trigger, 'cycle');
  assert.equal(say(line('00:43:00')).trigger, 'cycle');
  assert.equal(say(line('00:59:00')).trigger, null);
});

test('desired is on every answer, and at repeats the line’s', () => {
  const say = talk();
  const answer = say(line('00:01:00'));
  assert.equal(answer.at, '2026-01-05T00:01:00Z');
  for (const at of ['2026-01-05T00:02:00.000Z', '2026-01-05T05:33:00+05:30'])
    assert.equal(say({ ...line('00:00:00'), at }).at, at);
  assert.ok(answer.desired! >= 8);
  assert.ok(answer.reasons!.length > 0);
});

test('junk, wrong numbers and time that stands still are errors that change nothing', () => {
  const say = talk();
  say(line('00:01:00'));
  const codes = [
    'junk',
    '[]',
    '',
    { ...line('00:02:00'), at: 'noon' },
    { ...line('00:02:00'), at: '2026-02-30T00:02:00Z' },
    line('00:01:00'),
    line('00:00:00'),
    line('00:02:00', { requestsPerSecond: -1 }),
    line('00:02:00', { ready: 1.5 }),
    line('00:02:00', { backlog: 'many' }),
  ].map((input) => say(input).error!);
  assert.deepEqual(
    codes.map(({ code }) => code),
    [
      'bad-json',
      'bad-json',
      'bad-json',
      'bad-time',
      'bad-time',
      'time-not-increasing',
      'time-not-increasing',
      'bad-number',
      'bad-number',
      'bad-number',
    ],
  );
  assert.deepEqual(
    codes.map((error) => error.line),
    [2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
  );
  assert.equal(say(line('00:02:00')).kind, 'hold');
});

test('the guard raises at once on a jump, believes it after two minutes, and counts what it asked for', () => {
  const say = talk();
  say(line('00:01:00'));
  say(line('00:02:00'));
  const rush = { requestsPerSecond: 40, oldestAgeSeconds: 30 };
  const jump = say(line('00:03:00', { ...rush, backlog: 900 }));
  assert.equal(jump.trigger, 'guard');
  assert.ok(jump.desired! > 12);
  // 40 requests/s keep 24 workers busy, and what waits must be cleared besides.
  const sure = say(line('00:04:00', { ...rush, backlog: 2_100, starting: jump.desired! - 12 }));
  assert.ok(sure.desired! >= 30, `${sure.desired}`);
  const next = say(line('00:05:00', { ...rush, backlog: 3_300, starting: sure.desired! - 12 }));
  assert.ok(next.desired! >= sure.desired! && next.desired! < sure.desired! * 1.5, `${next.desired}`);
});

test('unknown numbers hold, and never cut', () => {
  const say = talk();
  say(line('00:01:00', { ready: 40 }));
  const nulls = { requestsPerSecond: null, backlog: null, oldestAgeSeconds: null, p95Seconds: null };
  const blind = say(line('00:20:00', { ...nulls, ready: 40 }));
  assert.equal(blind.desired, 40);
  assert.equal(blind.kind, 'hold');
  assert.ok(blind.reasons!.some(({ code }) => code === 'hold-metrics-missing'));
});

test('keeps its own books while ready and starting are unknown', () => {
  const say = talk();
  const first = say(line('00:01:00', { ready: null, starting: null }));
  assert.ok(first.desired! > 0);
  const second = say(line('00:02:00', { ready: null, starting: null }));
  assert.equal(second.desired, first.desired);
  assert.equal(second.kind, 'hold');
});

test('the input wins where it differs from what was asked for', () => {
  const say = talk();
  const asked = say(line('00:01:00')).desired!;
  assert.equal(say(line('00:02:00', { ready: asked + 5 })).desired, asked + 5);
});

test('counts single workers, not whole allocations', () => {
  const asked = (workersPerAllocation: number) =>
    talk(aPolicy({ workersPerAllocation }))(line('00:01:00', { ready: 21 })).desired;
  assert.notEqual(asked(1)! % 5, 0);
  assert.equal(asked(5), asked(1));
});

test('the same lines give the same answers', () => {
  const play = (): string => {
    const say = talk();
    return JSON.stringify(
      Array.from({ length: 60 }, (_, i) =>
        say(line(`01:${String(i).padStart(2, '0')}:00`, { requestsPerSecond: 10 + ((i * 7) % 13) })),
      ),
    );
  };
  assert.equal(play(), play());
});

test('a line that does not end fills no memory, is told, and the stream goes on', async () => {
  const said: string[] = [];
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      said.push(chunk.toString());
      done();
    },
  });
  const most = { held: 0 };
  async function* input(): AsyncGenerator<string> {
    const before = process.memoryUsage().heapUsed;
    for (let n = 0; n < 400; n += 1) {
      yield 'x'.repeat(100_000) + String(n);
      most.held = Math.max(most.held, process.memoryUsage().heapUsed - before);
    }
    yield `\n${JSON.stringify(line('00:01:00'))}\n`;
  }
  await runDecide({ policy: aPolicy(), input: input(), output });
  const [first, second] = said.map((text) => JSON.parse(text) as Answer);
  assert.deepEqual([first?.error?.line, first?.error?.code], [1, 'too-long']);
  assert.equal(second?.trigger, 'cycle');
  assert.ok(most.held < 30_000_000, `${most.held} bytes more were held`);
});

test('answers each line before the next one is written', async () => {
  const input = new PassThrough();
  const answers: string[] = [];
  let heard = (): void => {};
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      answers.push(chunk.toString());
      heard();
      setImmediate(done);
    },
  });
  const running = runDecide({ policy: aPolicy(), input, output });
  for (let i = 1; i <= 3; i++) {
    const answered = new Promise<void>((resolve) => {
      heard = resolve;
    });
    input.write(`${JSON.stringify(line(`00:0${i}:00`))}\r\n`);
    await answered;
    assert.equal(answers.length, i);
  }
  // The last line may lack its end.
  input.end(JSON.stringify(line('00:04:00')));
  await running;
  assert.equal(answers.length, 4);
  for (const answer of answers) assert.match(answer, /^\{.*\}\n$/);
});
