import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '../../src/adapters/pino/log.js';
import { type Config, loadConfig } from '../../src/config.js';
import { differences } from '../../src/core/difference.js';
import { reload } from '../../src/main/reload.js';
import { createMemoryStore } from '../../src/simulation/memory-store.js';

const ENV = {
  SLACK_BOT_TOKEN: 'xoxb-1',
  SLACK_SIGNING_SECRET: 's',
  NOMAD_ADDR: 'http://127.0.0.1:4646',
  RABBITMQ_MANAGEMENT_URL: 'http://127.0.0.1:15672',
  OCR_KEY: 'a-routing-key',
};
const file = (knobs = '', more = ''): string => `
${more}
fleets:
  ocr:
    zones: [a]
    orchestrator: { kind: nomad, jobs: { a: { job: ocr-a } } }
    demand: { kind: rabbitmq, queue: ocr }
    pagerdutyRoutingKeyFrom: OCR_KEY
${knobs}
`;
const silent = { debug() {}, info() {}, warn() {}, error() {}, hide() {} };
const clock = { now: () => 0, speed: 1, sleep: async () => {} };

async function reloaded(text: string, env: Record<string, string> = ENV) {
  const store = createMemoryStore({ now: () => 0 });
  const before = loadConfig(file(), ENV);
  const taken: Config[] = [];
  const parts = { store, clock, log: silent, take: async (next: Config) => void taken.push(next) };
  const inForce = await reload(before, () => loadConfig(text, env), parts);
  return { before, inForce, taken, audit: await store.audit(5) };
}

test('a changed file is in force, and the audit has what changed and nothing secret', async () => {
  const { inForce, taken, audit } = await reloaded(
    file('    ceiling: 30\n    mode: act', 'access: { admins: [U0ASHA] }'),
  );
  equal(inForce.fleets[0]?.policy.ceiling, 30);
  deepEqual(taken, [inForce]);
  deepEqual(audit[0]?.detail, {
    changed: [
      'access.admins: [] → ["U0ASHA"]',
      'fleets.ocr.policy.mode: "advise" → "act"',
      'fleets.ocr.policy.ceiling: 100 → 30',
    ],
  });
});

test('the daily digest moves and ends with the file, too', async () => {
  const moved = await reloaded(file('', 'digest: { at: "07:00" }'));
  deepEqual(moved.inForce.digest, { at: '07:00', timeZone: 'UTC' });
  deepEqual(moved.audit[0]?.detail, { changed: ['digest.at: "09:00" → "07:00"'] });
  equal((await reloaded(file('', 'digest: null'))).inForce.digest, null);
});

test('a fleet’s new routing key alone is in force, and neither the audit nor the log shows it', async () => {
  const key = 'another-routing-key';
  const { inForce, taken, audit } = await reloaded(file(), { ...ENV, OCR_KEY: key });
  equal(inForce.fleets[0]?.pagerdutyRoutingKey, key);
  deepEqual(taken, [inForce]);
  deepEqual(audit[0]?.detail, { changed: ['fleets.ocr.pagerdutyRoutingKey: a key → another key'] });
});

test('the log hides every secret of a file that was read again, also of one that was refused', async () => {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const log = createLog({ level: 'info', secrets: [], destination });
  const secrets = { OCR_KEY: 'another-routing-key', SLACK_BOT_TOKEN: 'xoxb-another' };
  const read = () => loadConfig(file('', 'command: /scale'), { ...ENV, ...secrets });
  const store = createMemoryStore({ now: () => 0 });
  const before = loadConfig(file(), ENV);
  equal(await reload(before, read, { store, clock, log, take: async () => {} }), before);
  log.info({}, `sent with ${secrets.OCR_KEY} and ${secrets.SLACK_BOT_TOKEN}`);
  match(lines.at(-1) ?? '', /sent with \[hidden\] and \[hidden\]/);
});

test('an invalid file changes nothing, and the audit says why', async () => {
  const { before, inForce, taken, audit } = await reloaded(file('    ceiling: -1'));
  equal(inForce, before);
  deepEqual(taken, []);
  equal(audit[0]?.action, 'configuration-refused');
  match(String(audit[0]?.detail?.why), /ceiling = -1/);
});

test('what the process was started without, or cannot change, is refused', async () => {
  const other = await reloaded(file('', 'command: /scale'));
  equal(other.inForce, other.before);
  match(String(other.audit[0]?.detail?.why), /command cannot change/);
  const { GCE_TOKEN: _none, ...env } = { ...ENV, GCE_TOKEN: '' };
  const gce = file('    nodes: { kind: gce-mig, project: p, groups: { a: { zone: z, group: g } } }');
  const store = createMemoryStore({ now: () => 0 });
  const before = loadConfig(file(), ENV);
  const take = async (): Promise<void> => {};
  equal(await reload(before, () => loadConfig(gce, env), { store, clock, log: silent, take }), before);
  match(String((await store.audit(1))[0]?.detail?.why), /gce.*start it again/);
});

test('the same file again is no change and no audit entry', async () => {
  const { before, inForce, audit } = await reloaded(file());
  equal(inForce, before);
  deepEqual(audit, []);
});

test('without the audit nothing is taken', async () => {
  const before = loadConfig(file(), ENV);
  const store = { appendAudit: () => Promise.reject(new Error('no redis')) };
  const taken: Config[] = [];
  const parts = { store, clock, log: silent, take: async (next: Config) => void taken.push(next) };
  equal(await reload(before, () => loadConfig(file('    ceiling: 30'), ENV), parts), before);
  deepEqual(taken, []);
});

test('differences are said leaf by leaf, lists whole', () => {
  deepEqual(differences({ a: { b: 1, c: [1] }, d: null }, { a: { b: 2, c: [1, 2] }, e: 'x' }), [
    { place: 'a.b', from: '1', to: '2' },
    { place: 'a.c', from: '[1]', to: '[1,2]' },
    { place: 'd', from: 'null', to: 'nothing' },
    { place: 'e', from: 'nothing', to: '"x"' },
  ]);
});
