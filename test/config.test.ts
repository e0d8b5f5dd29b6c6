import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ConfigurationError, loadConfig, offsetOf, parseFile } from '../src/config.js';

const FILE = `
environment: staging
channel: '#ml-ops'
fleets:
  ocr:
    mode: act
    zones: [a, b]
    orchestrator: { kind: nomad, jobs: { a: { job: ocr-a }, b: { job: ocr-b } } }
    nodes: { kind: gce-mig, project: p, groups: { a: { zone: z-a, group: ocr-a }, b: { zone: z-b, group: ocr-b } } }
    demand: { kind: rabbitmq, queue: ocr }
    latency: { kind: prometheus, p95: 'max(x)' }
    floor: 2
    ceiling: 40
    schedule:
      - { cron: '0 8 * * 1-5', durationSeconds: 3600, timeZone: Asia/Kolkata, floor: 6 }
`;
const ENV = {
  SLACK_BOT_TOKEN: 'xoxb-secret',
  SLACK_SIGNING_SECRET: 'shh',
  NOMAD_ADDR: 'http://127.0.0.1:4646',
  RABBITMQ_MANAGEMENT_URL: 'http://127.0.0.1:15672',
  PROMETHEUS_URL: 'http://127.0.0.1:9090',
  REDIS_URL: 'redis://127.0.0.1:6379',
};

function problemsOf(run: () => unknown): { place: string; value: string; rule: string }[] {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
}

describe('loadConfig', () => {
  it('wants a scheme that it can speak: localhost:4646 is none', () => {
    const env = { ...ENV, NOMAD_ADDR: 'localhost:4646', REDIS_URL: 'http://127.0.0.1:6379' };
    assert.deepEqual(
      problemsOf(() => loadConfig(FILE, env)).map(({ place, rule }) => [place, /http|redis/.test(rule)]),
      [
        ['NOMAD_ADDR', true],
        ['REDIS_URL', true],
      ],
    );
    for (const REDIS_URL of ['/run/redis.sock', 'unix:///run/redis.sock', 'rediss://a:6379'])
      assert.deepEqual(
        problemsOf(() => loadConfig(FILE, { ...ENV, REDIS_URL })),
        [],
      );
  });

  it('tells of a routing key whose file cannot be read among the other mistakes', () => {
    const file = FILE.replace('    floor: 2\n', '    floor: 2\n    pagerdutyRoutingKeyFrom: OCR_KEY\n');
    const places = problemsOf(() => loadConfig(file, { ...ENV, OCR_KEY_FILE: '/nowhere/key', PORT: 'x' }));
    assert.deepEqual(
      places.map(({ place }) => place).filter((place) => place !== 'OCR_KEY'),
      ['OCR_KEY_FILE', 'PORT'],
    );
  });

  it('reads fleets, policy and peers', () => {
    const config = loadConfig(FILE, ENV);
    const ocr = config.fleets[0];
    assert.equal(ocr?.name, 'ocr');
    assert.equal(ocr.policy.cycleSeconds, 1_200);
    assert.equal(ocr.policy.schedule[0]?.timeZone, 'Asia/Kolkata');
    assert.deepEqual(
      ocr.orchestrator.targets.map((target) => Object.values(target)),
      [
        ['a', 'ocr-a', 'workers'],
        ['b', 'ocr-b', 'workers'],
      ],
    );
    assert.equal(config.nomad?.address, 'http://127.0.0.1:4646');
    assert.equal(config.pagerduty, null);
    assert.equal(config.clock, null);
  });
  it('advises in a new production configuration until somebody says act', () => {
    const config = loadConfig(FILE.replace('    mode: act\n', ''), ENV);
    assert.equal(config.fleets[0]?.policy.mode, 'advise');
  });
  it('reports all mistakes together, each with rule, value and place', () => {
    const bad = FILE.replace('ceiling: 40', 'ceiling: 0')
      .replace('Asia/Kolkata', 'India')
      .replace('floor: 2', 'flor: 2');
    const problems = problemsOf(() => loadConfig(bad, { REDIS_URL: ENV.REDIS_URL }));
    const places = problems.map((problem) => problem.place);
    for (const place of [
      'fleets.ocr.ceiling',
      'fleets.ocr.schedule.0.timeZone',
      'fleets.ocr.flor',
      'SLACK_BOT_TOKEN',
      'SLACK_SIGNING_SECRET',
    ]) {
      assert.ok(places.includes(place), `${place} among ${places.join(', ')}`);
    }
    assert.equal(problems.find((problem) => problem.place === 'fleets.ocr.ceiling')?.value, '0');
  });
  it('looks at every address, and names those that are wrong together and without their values', () => {
    const env = {
      ...ENV,
      PAGERDUTY_API_URL: 'api.eu.pagerduty.com',
      PAGERDUTY_EVENTS_HOST: 'https://events.eu.pagerduty.com/v2',
      HEARTBEAT_URL: 'hc-ping.example/s3cret',
      SLACK_API_URL: 'slack',
      NOMAD_ADDR: 'localhost:4646',
    };
    const problems = problemsOf(() => loadConfig(FILE, env));
    assert.deepEqual(problems.map(({ place }) => place).sort(), [
      'HEARTBEAT_URL',
      'NOMAD_ADDR',
      'PAGERDUTY_API_URL',
      'PAGERDUTY_EVENTS_HOST',
      'SLACK_API_URL',
    ]);
    assert.ok(problems.every(({ value }) => value === '(hidden)'));
    const right = {
      PAGERDUTY_API_URL: 'https://api.eu.pagerduty.com',
      PAGERDUTY_EVENTS_HOST: '127.0.0.1:8443',
    };
    const config = loadConfig(FILE, {
      ...ENV,
      ...right,
      PAGERDUTY_TOKEN: 'token',
      HEARTBEAT_URL: 'https://a.example/b',
    });
    assert.deepEqual(
      [config.pagerduty?.apiUrl, config.pagerduty?.eventsHost, config.heartbeatUrl],
      ['https://api.eu.pagerduty.com', '127.0.0.1:8443', 'https://a.example/b'],
    );
  });
  it('names line and column of broken YAML', () => {
    const [problem] = problemsOf(() => parseFile('fleets:\n  ocr: [1, 2\n'));
    assert.match(problem?.place ?? '', /^line \d+, column \d+$/);
  });
  it('refuses a floor above the ceiling, and a zone without its job', () => {
    const bad = FILE.replace('floor: 2', 'floor: 41').replace(', b: { job: ocr-b }', '');
    const places = problemsOf(() => loadConfig(bad, ENV)).map((problem) => problem.place);
    assert.deepEqual(places.sort(), ['fleets.ocr.floor', 'fleets.ocr.orchestrator.jobs.b']);
  });
  it('never repeats a secret in a message', () => {
    const env = { ...ENV, NOMAD_ADDR: 'not a url with s3cret', SLACK_MODE: 'pigeon' };
    try {
      loadConfig(FILE, env);
      assert.fail('a bad address was accepted');
    } catch (error) {
      assert.doesNotMatch(String(error), /s3cret|xoxb/);
    }
  });
  it('takes each secret from a file, too, and says which file it could not read', () => {
    const folder = mkdtempSync(join(tmpdir(), 'muster-config-'));
    try {
      writeFileSync(join(folder, 'token'), 'xoxb-from-file\n');
      const { SLACK_BOT_TOKEN: _, ...rest } = ENV;
      const config = loadConfig(FILE, { ...rest, SLACK_BOT_TOKEN_FILE: join(folder, 'token') });
      assert.equal(config.slack?.botToken, 'xoxb-from-file');
      const problems = problemsOf(() =>
        loadConfig(FILE, { ...rest, SLACK_BOT_TOKEN_FILE: join(folder, 'none') }),
      );
      assert.ok(problems.some((problem) => problem.place === 'SLACK_BOT_TOKEN_FILE'));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
  it('accepts the example file that ships with the project', () => {
    const text = readFileSync(new URL('../../muster.example.yml', import.meta.url), 'utf8');
    const { fleets } = parseFile(text, { PAGERDUTY_ROUTING_KEY_FACE_MATCH: 'key' });
    assert.deepEqual(
      fleets.map((fleet) => [fleet.name, fleet.policy.mode, fleet.pagerdutyRoutingKey]),
      [['face-match', 'advise', 'key']],
    );
  });
  it('asks workers over HTTP or reads what they write, and never both', () => {
    const health = (text: string) => FILE.replace('    floor: 2', `    health: ${text}\n    floor: 2`);
    const read = (text: string) => parseFile(health(text)).fleets[0]?.health;
    const patience = { timeoutSeconds: 2, stuckAfter: 20, stuckLeastSeconds: 120 };
    assert.deepEqual(read('{ portPerWorker: true }'), {
      ...{ kind: 'http', url: 'http://{address}:{port}/health', port: 'health', portPerWorker: true },
      ...patience,
    });
    assert.deepEqual(read('{ file: alloc/health.json }'), {
      ...{ kind: 'file', path: 'alloc/health.json', staleSeconds: 60 },
      ...patience,
    });
    const wrong = (text: string) =>
      problemsOf(() => parseFile(health(text))).map(
        ({ place, value, rule }) => `${place} = ${value}: ${rule}`,
      );
    const both = 'must not stand beside file: workers are asked over HTTP or by a file, one of the two';
    assert.deepEqual(wrong('{ url: "http://{address}/health", port: h, file: alloc/health.json }'), [
      `fleets.ocr.health.url = "http://{address}/health": ${both}`,
      `fleets.ocr.health.port = "h": ${both}`,
    ]);
    assert.deepEqual(wrong('{ staleSeconds: 30 }'), [
      'fleets.ocr.health.staleSeconds = 30: has a meaning only beside file',
    ]);
    for (const path of ['/etc/passwd', '../x', 'alloc/../../x', 'alloc//x', ''])
      assert.match(
        wrong(`{ file: "${path}" }`)[0] ?? '',
        /health\.file = .*: must be a path in the allocation/,
      );
    assert.match(wrong('{ file: worker/secrets/x }')[0] ?? '', /must not lie in secrets/);
  });
  it('refuses a cron line with an impossible field, naming it', () => {
    const [problem] = problemsOf(() => parseFile(FILE.replace('0 8 * * 1-5', '0 25 * * 1-5')));
    assert.equal(problem?.place, 'fleets.ocr.schedule.0.cron');
    assert.match(problem?.rule ?? '', /hour/);
  });
  it('takes a p95 of the service time for its deviation, and refuses an impossible one', () => {
    const withP95 = (p95: number) =>
      parseFile(FILE.replace('floor: 2', `floor: 2\n    serviceP95Seconds: ${p95}`));
    // A lognormal of mean 0.6 s and deviation 0.3 s has its 95th percentile at 1.164 s.
    const cv = withP95(1.164).fleets[0]?.policy.serviceCv ?? 0;
    assert.ok(Math.abs(cv - 0.5) < 0.01, `${cv}`);
    assert.deepEqual(
      problemsOf(() => withP95(0.5)).map((problem) => problem.place),
      ['fleets.ocr.serviceP95Seconds'],
    );
    assert.equal(problemsOf(() => withP95(9)).length, 1);
  });
  it('asks only for the peers that fleets use', () => {
    const { RABBITMQ_MANAGEMENT_URL: _, ...rest } = ENV;
    const places = problemsOf(() => loadConfig(FILE, rest)).map((problem) => problem.place);
    assert.deepEqual(places, ['RABBITMQ_MANAGEMENT_URL']);
    const other = FILE.replace(
      '{ kind: rabbitmq, queue: ocr }',
      "{ kind: prometheus, rate: 'sum(rate(x[1m]))' }",
    );
    assert.equal(loadConfig(other, rest).rabbitmq, null);
  });
});

describe('offsetOf', () => {
  it('is for fleets that say none: 0 is an offset, too', () => {
    const offset = (text: string) => parseFile(text).fleets[0]?.policy.cycleOffsetSeconds;
    assert.equal(offset(FILE.replace('    zones:', '    cycleOffsetSeconds: 0\n    zones:')), 0);
    assert.equal(offset(FILE), offsetOf('ocr', 1_200));
  });
  it('spreads fleets over the cycle in whole minutes', () => {
    const offsets = Array.from({ length: 200 }, (_, index) => offsetOf(`fleet-${index}`, 1_200));
    assert.ok(offsets.every((offset) => offset % 60 === 0 && offset >= 0 && offset < 1_200));
    assert.ok(new Set(offsets).size >= 15);
  });
});
