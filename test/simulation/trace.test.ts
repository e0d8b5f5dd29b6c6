import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OperatorError } from '../../src/errors.js';
import { parseTrace, readTrace } from '../../src/simulation/trace.js';

const START = Date.UTC(2026, 0, 5);

test('a missing minute is missing and not zero', async () => {
  const trace = await parseTrace([
    'timestamp,requests\r\n2026-01-05T00:00:00Z,10\r\n2026-01-05T00:02:00Z,0\r\n2026-01-05T00:03:00Z,\r\n',
    '2026-01-05T00:04:00Z,7',
  ]);
  assert.deepEqual(trace, { start: START, minutes: [10, null, 0, null, 7] });
});

test('rows may be cut anywhere, lack the header and the zone, or count seconds of the epoch', async () => {
  const pieces = ['2026-01-05 00:0', '0:00,1\n2026-01-05T00:01', ',2\n\n', `${START / 1_000 + 120},3\n`];
  assert.deepEqual((await parseTrace(pieces)).minutes, [1, 2, 3]);
});

test('junk is named by line and value, the first mistakes together', async () => {
  const text = [
    'timestamp,requests',
    '2026-01-05T00:00:00Z,5',
    'yesterday,5',
    '2026-01-05T00:01:00Z,many',
    '2026-01-05T00:02:00Z,-3',
    '2026-01-05T00:02:00Z,3',
    '2026-01-05T00:02:00Z,3',
    '2026-01-05T00:01:00Z,3',
    'x',
  ].join('\n');
  await assert.rejects(parseTrace([text], 'day.csv'), (error: OperatorError) => {
    assert.equal(error.code, 'bad-input');
    for (const words of [
      'day.csv',
      'line 3: timestamp "yesterday"',
      'line 4: requests "many"',
      'line 5: requests "-3"',
    ])
      assert.ok(error.message.includes(words), error.message);
    assert.match(error.message, /line 7: .* repeats/);
    assert.match(error.message, /line 8: .* earlier/);
    assert.match(error.message, /and more/);
    return true;
  });
});

test('a day that its month does not have is a mistake, not a day of the next month', async () => {
  const rows = (day: string) => [`2026-02-28T23:59:00Z,1\n${day}T00:00:00Z,2`];
  await assert.rejects(parseTrace(rows('2026-02-29')), /line 2: timestamp "2026-02-29T00:00:00Z"/);
  await assert.rejects(parseTrace(rows('2026-02-30')), /line 2: timestamp/);
  assert.deepEqual((await parseTrace(rows('2026-03-01'))).minutes, [1, 2]);
});

test('an empty file, a wrong year and a missing file are refused in a sentence', async () => {
  await assert.rejects(parseTrace([]), /holds no minute/);
  await assert.rejects(parseTrace(['2026-01-05T00:00:00Z,1\n2062-01-05T00:00:00Z,1']), /three years/);
  await assert.rejects(readTrace('/no/such/trace.csv'), (error: OperatorError) => {
    return error instanceof OperatorError && error.message.includes('ENOENT');
  });
});
