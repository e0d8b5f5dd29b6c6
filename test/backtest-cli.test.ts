import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runBacktest } from '../src/backtest-cli.js';
import { OperatorError } from '../src/errors.js';

const folder = mkdtempSync(join(tmpdir(), 'muster-backtest-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const trace = join(folder, 'day.csv');
const minutes = Array.from({ length: 240 }, (_, i) => {
  const at = new Date(Date.UTC(2026, 0, 5) + i * 60_000).toISOString().replace('.000Z', 'Z');
  return `${at},${Math.round(900 + 600 * Math.sin(i / 40))}`;
});
writeFileSync(trace, `timestamp,requests\n${minutes.join('\n')}\n`);

async function run(...argv: string[]): Promise<string> {
  let text = '';
  const code = await runBacktest(argv, { out: (more) => (text += more), note: () => {} });
  assert.equal(code, 0);
  return text;
}

test('--json prints every policy with its numbers, and only JSON', async () => {
  const { policies } = JSON.parse(await run('--trace', trace, '--json')) as {
    policies: Record<string, unknown>[];
  };
  const names = policies.map((one) => one.name as string);
  for (const name of [
    'muster/thrifty',
    'muster/balanced',
    'muster/careful',
    'static-peak',
    'slope',
    'clairvoyant',
  ])
    assert.ok(names.includes(name), name);
  for (const target of [50, 60, 70, 80, 90]) assert.ok(names.includes(`hpa/${target}`));
  for (const peer of ['keda-queue/', 'keda-rate/', 'nomad-autoscaler/'])
    assert.ok(names.some((name) => name.startsWith(peer)));
  for (const one of policies) {
    for (const field of [
      'workerHours',
      'nodeHours',
      'cost',
      'ratioToClairvoyant',
      'shareOfStatic',
      'lateShare',
    ])
      assert.equal(typeof one[field], 'number', `${one.name} ${field}`);
    for (const field of ['p95Seconds', 'p99Seconds', 'availability', 'changes']) assert.ok(field in one);
    assert.ok((one.lateShare as number) >= 0 && (one.lateShare as number) <= 1);
  }
});

test('prints a table for people, and draws a chart whose words are there without any system font', async () => {
  const chart = join(folder, 'out.png');
  const text = await run('--trace', trace, '--chart', chart, '--startup', '60', '--service-time', '0.4');
  assert.match(text, /start-up 60 s/);
  assert.match(text, /muster\/balanced/);
  const picture = readFileSync(chart);
  assert.equal(picture.subarray(1, 4).toString(), 'PNG');
  assert.ok(picture.length > 25_000, `${picture.length}`);
});

test('mistakes are told in a sentence', async () => {
  const cases: [string[], RegExp][] = [
    [[], /name the recorded traffic/],
    [['--trace', join(folder, 'no.csv')], /cannot be read \(ENOENT\)/],
    [['--trace', trace, '--scale', 'much'], /--scale must be a number above 0, not "much"/],
    [['--trace', trace, '--scale', '-1'], /--scale must be a number above 0, not "-1"/],
    [['--trace', trace, '--startup=-1'], /--startup must be a number of at least 0/],
    [['--trace', trace, '--fleet', 'cats'], /no fleet named "cats"; there are: face-match/],
    [['--trace', trace, '--config', join(folder, 'no.yml')], /no\.yml cannot be read/],
    [['--trace', trace, '--speed'], /--speed/],
  ];
  for (const [argv, words] of cases) {
    await assert.rejects(
      run(...argv),
      (error: Error) => error instanceof OperatorError && words.test(error.message),
    );
  }
});
