/** Files of allocations as real agents give them: what goes wrong comes with status 200 (1.1.2, 1.11.2 and 2.0.5). */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { createNomadFiles } from '../../../src/adapters/nomad/files.js';
import { isForbidden } from '../../../src/adapters/nomad/plan.js';
import { OutsideError } from '../../../src/errors.js';
import type { Log, WorkerFiles } from '../../../src/ports.js';

const ANSWERS: Record<string, [status: number, text: string]> = {
  well: [200, '{"a":1}\n'],
  missing: [200, 'stat /var/nomad/alloc/x/alloc/health.json: no such file or directory'],
  secret: [200, 'Reading secret file prohibited: compose/secrets/health.json'],
  unknown: [200, 'Unknown allocation "00000000-0000-4000-8000-000000000000"'],
  'node-down': [200, 'No path to node'],
  denied: [200, 'Permission denied'],
  'denied-by-node': [200, 'rpc error: Permission denied'],
  'no-token': [200, 'ACL token not found'],
  'denied-by-status': [403, 'Permission denied'],
  'denied-by-1.1': [500, 'Permission denied'],
  huge: [200, `{"a":"${'x'.repeat(100_000)}"}`],
};

describe('files of allocations', () => {
  const said: string[] = [];
  const asked: string[] = [];
  const keep = (_fields: object, message: string) => {
    said.push(message);
  };
  const log: Log = { debug: keep, info: keep, warn: keep, error: keep };
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const id = (request.url ?? '').replace(/^.*\/|\?.*$/g, '');
    const known = ANSWERS[id];
    // The others never answer.
    if (known !== undefined)
      response
        .on('error', () => {})
        .writeHead(known[0])
        .end(known[1]);
  });
  let files: WorkerFiles;
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    files = createNomadFiles({
      ...{ address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: 'a-token', log },
      ...{ namespace: 'ml', region: null, timeoutMs: 2_000 },
      tls: { ca: null, cert: null, key: null, serverName: null, skipVerify: false },
    });
  });
  after(() => {
    server.close();
    server.closeAllConnections();
  });
  const read = (id: string, timeoutMs = 2_000) =>
    files.object(id, 'alloc/health.json', { bytes: 65_536, timeoutMs });
  const errorOf = (id: string, timeoutMs?: number) =>
    read(id, timeoutMs).then(
      () => null,
      (thrown: unknown) => thrown,
    );

  it('gives the text of an object, asked for in the namespace', async () => {
    asked.length = 0;
    equal(await read('well'), '{"a":1}\n');
    deepEqual(asked, ['/v1/client/fs/cat/well?namespace=ml&path=alloc%2Fhealth.json']);
  });

  for (const id of ['missing', 'secret', 'unknown', 'node-down', 'huge'])
    it(`“${id}” is an error, and none of rights`, async () => {
      const error = await errorOf(id);
      ok(error instanceof OutsideError && !isForbidden(error), String(error));
    });

  for (const id of Object.keys(ANSWERS).filter((id) => /denied|no-token/.test(id)))
    it(`“${id}” is a missing right`, async () => {
      ok(isForbidden(await errorOf(id)));
    });

  it('one that hangs is given up at its own limit', async () => {
    await rejects(read('hangs', 50), /no answer within 0.05 s/);
  });

  it('a missing right is told once, and again after it was there', async () => {
    await read('well');
    said.length = 0;
    for (const id of ['denied', 'no-token', 'missing', 'denied']) await errorOf(id);
    equal(said.length, 1);
    ok(said[0]?.includes('read-fs'), said[0]);
    await read('well');
    await errorOf('denied');
    equal(said.length, 2);
  });
});
