import { deepEqual, doesNotMatch, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import { createLog, type HidingLog } from '../../../src/adapters/pino/log.js';
import { OutsideError } from '../../../src/errors.js';

function aLog(secrets: string[] = [], level = 'debug'): { log: HidingLog; lines: string[] } {
  const lines: string[] = [];
  const destination = {
    write: (line: string) => {
      lines.push(line);
    },
  };
  return { log: createLog({ level, secrets, destination }), lines };
}
const parsed = (lines: string[]) => lines.map((line) => JSON.parse(line) as Record<string, unknown>);

test('a line is one JSON object with level, time, fields and message', () => {
  const { log, lines } = aLog();
  log.warn({ fleet: 'ocr', waited: 3 }, 'the peer is slow');
  const [line] = parsed(lines);
  deepEqual([line?.level, line?.fleet, line?.waited, line?.msg], ['warn', 'ocr', 3, 'the peer is slow']);
  match(String(line?.time), /^\d{4}-\d\d-\d\dT/);
});

test('lower levels are left out', () => {
  const { log, lines } = aLog([], 'warn');
  log.debug({}, 'a');
  log.info({}, 'b');
  log.error({}, 'c');
  equal(lines.length, 1);
});

test('a secret is hidden wherever it turns up', () => {
  const secret = 'xoxb-"quoted"/and+more';
  const { log, lines } = aLog([secret]);
  log.info({ deep: { er: [`Bearer ${secret}`] } }, `sent with ${secret}`);
  log.error({ err: new Error(`GET /?key=${encodeURIComponent(secret)} failed`) }, 'failed');
  const all = lines.join('');
  doesNotMatch(all, /quoted|%22/);
  equal(parsed(lines)[0]?.msg, 'sent with [hidden]');
});

test('a secret that is part of another one leaves nothing of it', () => {
  const { log, lines } = aLog(['password', 'password-of-production']);
  log.info({}, 'using password-of-production');
  equal(parsed(lines)[0]?.msg, 'using [hidden]');
});

test('a secret that is learnt later is hidden from then on, and the first ones still are', () => {
  const { log, lines } = aLog(['the-first-one']);
  log.hide(['the-second-one']);
  log.info({}, 'the-first-one and the-second-one');
  equal(parsed(lines)[0]?.msg, '[hidden] and [hidden]');
});

test('short words are no secrets', () => {
  const { log, lines } = aLog(['', 'guest']);
  log.info({}, 'the guest house');
  equal(parsed(lines)[0]?.msg, 'the guest house');
});

test('fields that are named like a secret are hidden though nobody told their value', () => {
  const { log, lines } = aLog();
  log.info({ token: 'one', config: { headers: { authorization: 'two' }, password: 'three' } }, 'x');
  doesNotMatch(lines.join(''), /one|two|three/);
});

test('an error of a client library does not bring its request along', () => {
  const { log, lines } = aLog();
  const error = Object.assign(new Error('Request failed'), {
    code: 'ERR_BAD_RESPONSE',
    config: { auth: { username: 'muster', passphrase: 'unknown-secret' } },
  });
  log.error({ err: error }, 'failed');
  doesNotMatch(lines.join(''), /unknown-secret/);
  const { err } = parsed(lines)[0] ?? {};
  equal((err as { code: string }).code, 'ERR_BAD_RESPONSE');
});

test("the outside's error keeps its peer, class and reason", () => {
  const { log, lines } = aLog();
  const err = new OutsideError('nomad', 'GET /v1/jobs', 'no answer', { class: 'retry', why: 'timeout' });
  log.error({ err }, 'held');
  const { err: logged } = parsed(lines)[0] ?? {};
  const { peer, class: kind, why } = logged as Record<string, unknown>;
  deepEqual([peer, kind, why], ['nomad', 'retry', 'timeout']);
});
