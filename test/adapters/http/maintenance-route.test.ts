import { deepEqual, equal } from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { hookRoute } from '../../../src/adapters/http/hook.js';
import {
  createNoticeRoute,
  NOTICE_HEADER,
  NOTICE_PATH,
} from '../../../src/adapters/http/maintenance-route.js';

const NOW = Date.UTC(2026, 0, 5, 12);
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

describe('POST /maintenance/notice', () => {
  let queued: { job: string; data: unknown; dedupe: string | undefined }[] = [];
  let broken = false;
  let rests: string | null = null;
  const route = hookRoute(
    createNoticeRoute({
      secret: 'right secret',
      clock: { now: () => NOW },
      rests: () => rests,
      log: quiet,
      enqueue: async (job, data, options) => {
        if (broken) throw new Error('no Redis');
        queued.push({ job, data, dedupe: options?.dedupe });
      },
    }),
    quiet,
  );
  const server = createServer((request, response) => route.handler(request, response));
  let url = '';
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${NOTICE_PATH}`;
  });
  after(() => server.close());
  beforeEach(() => {
    queued = [];
    broken = false;
    rests = null;
  });
  const report = async (body: unknown, secret: string | null = 'right secret') => {
    const headers: Record<string, string> = secret === null ? {} : { [NOTICE_HEADER]: secret };
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return (await fetch(url, { method: 'POST', body: text, headers })).status;
  };
  const notice = { node: 'gpu-1', event: 'TERMINATE_ON_HOST_MAINTENANCE' };

  it('takes no report while its own clock is wrong, so that it comes again', async () => {
    rests = 'This clock is wrong.';
    equal(await report(notice), 503);
    deepEqual(queued, []);
  });
  it('queues a report with its hour, whichever way that is written', async () => {
    equal(
      await report({
        ...notice,
        node: 'gpu-1.zone.c.project.internal',
        deadline: '2026-01-05T14:00:00+01:00',
      }),
      202,
    );
    equal(await report({ ...notice, deadline: (NOW + 3_600_000) / 1_000 }), 202);
    equal(await report(notice), 202);
    const at = (deadlineAt: number | null) => ({
      job: 'notice',
      data: { v: 1, ...notice, deadlineAt, heardAt: NOW },
      dedupe: 'notice-gpu-1',
    });
    deepEqual(queued, [at(NOW + 3_600_000), at(NOW + 3_600_000), at(null)]);
  });

  it('refuses who does not know the secret, whatever they send', async () => {
    for (const secret of [null, '', 'wrong secret', 'right secret!'])
      equal(await report(notice, secret), 401);
    equal(await report('{', null), 401);
    deepEqual(queued, []);
  });

  it('says what is wrong with a report, and takes nothing of it', async () => {
    for (const body of [
      '{',
      [],
      {},
      { ...notice, node: 'a/b' },
      { ...notice, deadline: 'soon' },
      { ...notice, event: '' },
    ])
      equal(await report(body), 400, JSON.stringify(body));
    equal(await report({ ...notice, more: 'x'.repeat(20_000) }), 413);
    deepEqual(queued, []);
  });

  it('asks to be told again when it cannot be kept', async () => {
    broken = true;
    equal(await report(notice), 503);
  });
});
