/** Both ways to a worker's health on a real agent: the port that Nomad gave it, and the file that the script of deploy/ writes. */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createNomadAddresses } from '../../../src/adapters/nomad/addresses.js';
import { checkNomad } from '../../../src/adapters/nomad/check.js';
import type { NomadOptions } from '../../../src/adapters/nomad/client.js';
import { createNomadFiles } from '../../../src/adapters/nomad/files.js';
import { createWorkerHealth } from '../../../src/adapters/worker-health/ask.js';
import type { HealthSource, Log, OrchestratorTarget } from '../../../src/ports.js';
import { type Agent, aJob, freePort, nomadVersion, startAgent, until } from './agent.js';

const version = nomadVersion();
const skip = version === null ? 'nomad is not on PATH: the stand-in alone was tested' : false;
const deploy = fileURLToPath(new URL('../../../../deploy/nomad/', import.meta.url));

const WELL = { modelLoaded: true, deviceHealthy: true, lastSuccessAt: null };
/** A worker is told from the others by what it holds. */
const SERVER = `const body = JSON.stringify({ ...${JSON.stringify(WELL)}, inFlight: 1 + Number(process.env.NOMAD_ALLOC_INDEX) });
require('node:http').createServer((_, response) => response.end(body)).listen(process.env[process.argv[1]], '127.0.0.1');`;
/** The second one's command hangs. */
const COMMAND = `[ "$NOMAD_ALLOC_INDEX" = 0 ] && echo '{"slots":[${JSON.stringify({ ...WELL, inFlight: 1 })},null]}' || sleep 1000`;

const patience = { timeoutSeconds: 2, stuckAfter: 20, stuckLeastSeconds: 120 };
const overHttp = (port: string): HealthSource => ({
  ...{ kind: 'http', url: 'http://{address}:{port}/', port, portPerWorker: false },
  ...patience,
});
const byFile: HealthSource = {
  ...{ kind: 'file', path: 'alloc/health.json', staleSeconds: 60 },
  ...patience,
};

describe(`health of workers on a real agent (${version ?? 'none'})`, { skip }, () => {
  let agent: Agent;
  let management: string;
  let token: string;
  let fixed: number;
  const warned: string[] = [];

  before(async () => {
    agent = await startAgent(version ?? '', { acl: { enabled: true } });
    const { body } = await agent.api('POST', '/v1/acl/bootstrap');
    management = (body as { SecretID: string }).SecretID;
    fixed = await freePort();
    token = await tokenOf('deployed', readFileSync(`${deploy}muster.policy.hcl`, 'utf8'));
    const script = { command: '/bin/sh', args: [`${deploy}worker-health.sh`] };
    const env = { HEALTH_COMMAND: COMMAND, HEALTH_SECONDS: '1', HEALTH_TIMEOUT: '1' };
    const listens = (port: string) => ({ command: process.execPath, args: ['-e', SERVER, port] });
    await run('by-file', 2, script, env);
    await run('by-port', 2, listens('NOMAD_PORT_health'), {}, { DynamicPorts: [{ Label: 'health' }] });
    const reserved = { ReservedPorts: [{ Label: 'fixed', Value: fixed }] };
    await run('by-fixed-port', 1, listens('NOMAD_PORT_fixed'), {}, reserved);
    for (const [job, count] of Object.entries({ 'by-file': 2, 'by-port': 2, 'by-fixed-port': 1 }))
      await until(async () => (await healthOf(token).addresses(target(job), null)).length === count, job);
  });
  after(async () => agent.stop());

  async function run(id: string, count: number, config: object, env: object, network: object | null = null) {
    const job = aJob(id, count);
    const group = job.TaskGroups[0]!;
    const task = { ...group.Tasks[0]!, Config: config, Env: env, Resources: { CPU: 20, MemoryMB: 50 } };
    const Networks = network === null ? [] : [network];
    const Job = { ...job, TaskGroups: [{ ...group, Networks, Tasks: [task] }] };
    equal((await agent.api('POST', '/v1/jobs', { Job }, management)).status, 200);
  }
  async function tokenOf(name: string, Rules: string): Promise<string> {
    await agent.api('POST', `/v1/acl/policy/${name}`, { Name: name, Rules }, management);
    const asked = { Name: name, Type: 'client', Policies: [name] };
    const { body } = await agent.api('POST', '/v1/acl/token', asked, management);
    return (body as { SecretID: string }).SecretID;
  }
  const target = (job: string): OrchestratorTarget => ({
    kind: 'nomad',
    targets: [{ zone: 'a', job, group: 'workers' }],
    workersPerAllocation: 1,
    slotsPerNode: 4,
  });
  const reached = (secret: string): NomadOptions => ({
    ...{ address: agent.url, token: secret, namespace: 'default', region: null, timeoutMs: 10_000 },
    tls: { ca: null, cert: null, key: null, serverName: null, skipVerify: false },
  });
  const healthOf = (secret: string) => {
    const keep = (_fields: object, message: string) => {
      warned.push(message);
    };
    const log: Log = { debug: keep, info: keep, warn: keep, error: keep };
    const clock = { now: () => Date.now(), speed: 1 };
    return {
      ...createNomadAddresses(reached(secret)),
      ...createWorkerHealth({ files: createNomadFiles({ ...reached(secret), log }), clock }),
    };
  };

  it('reads what the script writes; the worker whose command hangs is unknown', async () => {
    const health = healthOf(token);
    const workers = await health.addresses(target('by-file'), null);
    const heard = [[{ ...WELL, inFlight: 1 }, null], null];
    await until(
      async () => {
        const answers = await health.ask(byFile, workers);
        return heard.every((one) => answers.some((said) => JSON.stringify(said) === JSON.stringify(one)));
      },
      'one answers and one does not',
      15,
    );
  });

  it('asks each worker at the port that Nomad gave it', async () => {
    const health = healthOf(token);
    const workers = await health.addresses(target('by-port'), 'health');
    deepEqual(
      workers.map(({ host }) => host),
      ['127.0.0.1', '127.0.0.1'],
    );
    equal(new Set(workers.map(({ port }) => port)).size, 2);
    const indexes = await Promise.all(
      workers.map(async ({ id }) => {
        const { body } = await agent.api('GET', `/v1/allocation/${id}`, undefined, management);
        return Number(/\[(\d+)\]$/.exec((body as { Name: string }).Name)?.[1]);
      }),
    );
    const expected = indexes.map((index) => [{ ...WELL, inFlight: 1 + index }]);
    await until(
      async () => JSON.stringify(await health.ask(overHttp('health'), workers)) === JSON.stringify(expected),
      'both answer as themselves',
      15,
    );
  });

  it('asks at a fixed port, too, and knows none of another label', async () => {
    const health = healthOf(token);
    const workers = await health.addresses(target('by-fixed-port'), 'fixed');
    deepEqual(
      workers.map(({ host, port }) => [host, port]),
      [['127.0.0.1', fixed]],
    );
    await until(async () => (await health.ask(overHttp('fixed'), workers))[0] !== null, 'it answers', 15);
    const [other] = await health.addresses(target('by-fixed-port'), 'health');
    deepEqual([other?.host, other?.port], ['127.0.0.1', null]);
  });

  it('without read-fs nobody is heard by file, and log and doctor name it', async () => {
    const rights = readFileSync(`${deploy}muster.policy.hcl`, 'utf8').replace(/^.*"read-fs".*$/m, '');
    const lean = await tokenOf('lean', rights);
    const health = healthOf(lean);
    warned.length = 0;
    const answers = await health.ask(byFile, await health.addresses(target('by-file'), null));
    deepEqual(answers, [null, null]);
    deepEqual(warned, ['the token may not read files of allocations (read-fs)']);
    const failing = async (secret: string) =>
      (await checkNomad(reached(secret), [target('by-file')], { readsFiles: true })).filter(({ ok }) => !ok);
    deepEqual(await failing(lean), [
      { what: 'health: read files', ok: false, detail: 'the token lacks read-fs', optional: true },
    ]);
    deepEqual(await failing(token), []);
  });

  it('a worker that is told to stop takes its file along', async () => {
    const files = createNomadFiles(reached(token));
    const most = { bytes: 65_536, timeoutMs: 5_000 };
    const workers = await healthOf(token).addresses(target('by-file'), null);
    const answers = await healthOf(token).ask(byFile, workers);
    const worker = workers[answers.findIndex((said) => said !== null)];
    ok(worker !== undefined);
    await agent.api('DELETE', '/v1/job/by-file', undefined, management);
    await until(async () => {
      const { body } = await agent.api('GET', `/v1/allocation/${worker.id}`, undefined, management);
      return (body as { ClientStatus: string }).ClientStatus === 'complete';
    }, 'it has ended');
    await rejects(files.object(worker.id, 'alloc/health.json', most), /no such file/);
  });
});
