/**
 * Holds the stand-in against exchanges recorded from a live Nomad 1.1.2, where that recording lies beside the repository:
 * same status, same kind of content, same error text, same JSON keys.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createNomadStandIn } from '../../src/sandbox/nomad/stand-in.js';
import { aSpec, MINUTE } from '../contracts/orchestrator.js';
import { aWorld, type World } from './stage.js';

interface Exchange {
  method: string;
  path: string;
  reqBody?: unknown;
  status: number;
  contentType: string;
  index: string | null;
  body: unknown;
}

interface Deployment {
  ID: string;
  Status: string;
  StatusDescription: string;
  TaskGroups: {
    workers: {
      DesiredCanaries: number;
      DesiredTotal: number;
      HealthyAllocs: number;
      Promoted: boolean;
      PlacedCanaries: string[];
    };
  };
}

const folder = recordings();
const skip = folder === null ? 'no recording of a live Nomad beside this repository' : false;
const UNKNOWN = 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee';

describe('the Nomad stand-in answers as the recorded 1.1.2', { skip }, () => {
  let world: World;
  let url: string;
  let close: () => Promise<void>;
  let recorded: Exchange[] = [];

  before(async () => {
    recorded = read(folder ?? '');
    world = aWorld(aSpec({ scaling: { min: 1, max: 5 } }));
    const standIn = await createNomadStandIn({ ...world, profile: '1.1', token: 't' });
    ({ url } = standIn);
    close = () => standIn.close();
  });
  after(async () => close());

  const ask = async (method: string, path: string, body?: unknown): Promise<Exchange> => {
    const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
    const answer = await fetch(`${url}${path}`, { method, headers: { 'x-nomad-token': 't' }, ...sent });
    const text = await answer.text();
    const contentType = answer.headers.get('content-type') ?? '';
    return {
      method,
      path,
      status: answer.status,
      contentType,
      index: answer.headers.get('x-nomad-index'),
      body: contentType.startsWith('application/json') ? JSON.parse(text) : text,
    };
  };
  const find = (method: string, path: RegExp, which: (one: Exchange) => boolean = () => true): Exchange => {
    const found = recorded.find((one) => one.method === method && path.test(one.path) && which(one));
    assert.ok(found !== undefined, `nothing recorded for ${method} ${path}`);
    return found;
  };
  const sameAnswer = (ours: Exchange, theirs: Exchange) => {
    assert.deepEqual([ours.status, ours.contentType], [theirs.status, theirs.contentType]);
    if (theirs.status >= 400) assert.equal(ours.body, theirs.body);
    else assert.deepEqual(shape(ours.body, theirs.body), shape(theirs.body, ours.body));
  };

  const scalePath = '/v1/job/face-match-a/scale';
  const workers = { Group: 'workers' };
  const refusals: [title: string, body: unknown][] = [
    ['above the maximum', { Count: 9, Target: workers }],
    ['below the minimum', { Count: 0, Target: workers }],
    ['no group', { Count: 2 }],
    ['an unknown group', { Count: 2, Target: { Group: 'nope' } }],
    ['a negative count', { Count: -2, Target: workers }],
    ['a count with an error', { Count: 2, Error: true, Target: workers }],
    ['half a body', '{'],
    ['a count in words', { Count: '2', Target: workers }],
    ['another job', { Count: 2, Target: { Group: 'workers', Job: 'other' } }],
  ];
  for (const [title, body] of refusals) {
    it(`refuses a scale with ${title}`, async () => {
      const theirs = find('POST', /\/scale$/, (one) => JSON.stringify(one.reqBody) === JSON.stringify(body));
      sameAnswer(await ask('POST', scalePath, body), theirs);
    });
  }

  it('refuses a scale without a body, of no job, and by another method', async () => {
    sameAnswer(
      await ask('POST', scalePath),
      find('POST', /\/scale$/, (one) => one.body === 'Request body is empty'),
    );
    sameAnswer(
      await ask('POST', '/v1/job/nojob/scale', { Count: 2, Target: workers }),
      find('POST', /nojob\/scale/),
    );
    sameAnswer(await ask('GET', '/v1/job/nojob/scale'), find('GET', /nojob\/scale/));
    sameAnswer(await ask('DELETE', scalePath), find('DELETE', /\/scale$/));
  });

  it('scales, refuses the next while the deployment runs, and keeps that refusal as an event', async () => {
    const done = await ask('POST', scalePath, { Count: 4, Target: workers, Message: 'm', Meta: { k: 'v' } });
    sameAnswer(
      done,
      find('POST', /\/scale$/, (one) => one.status === 200),
    );
    const blocked = await ask('POST', scalePath, { Count: 3, Target: workers, Message: 'x' });
    sameAnswer(
      blocked,
      find('POST', /\/scale$/, (one) => one.status === 400),
    );
    const status = await ask('GET', scalePath);
    const theirs = find('GET', /ml\/scale$/, (one) => one.status === 200);
    sameAnswer(status, theirs);
    const refusal = (one: Exchange) =>
      (one.body as { TaskGroups: { workers: { Events: { Message: string; Meta: object }[] } } }).TaskGroups
        .workers.Events[0];
    assert.equal(refusal(status)?.Message, refusal(theirs)?.Message);
    assert.deepEqual(Object.keys(refusal(status)?.Meta ?? {}).sort(), [
      'OriginalCount',
      'OriginalMessage',
      'OriginalMeta',
    ]);
    const path = '/v1/job/face-match-a/deployment';
    sameAnswer(await ask('GET', path), find('GET', /\/deployment$/));
    world.pass(2 * MINUTE);
    assert.equal(((await ask('GET', path)).body as { Status: string }).Status, 'successful');
  });

  it('takes an event without a count', async () => {
    const body = { Error: true, Message: 'could not scale', Meta: { k: 'v' }, Target: workers };
    const ours = await ask('POST', scalePath, body);
    const theirs = find('POST', /\/scale$/, (one) => JSON.stringify(one.reqBody) === JSON.stringify(body));
    sameAnswer(ours, theirs);
    const parts = (one: Exchange) => one.body as { EvalID: string; EvalCreateIndex: number };
    assert.deepEqual([parts(ours).EvalID, parts(ours).EvalCreateIndex], ['', 0]);
  });

  const reads: [title: string, path: string, recordedPath: RegExp][] = [
    ['jobs', '/v1/jobs', /^\/v1\/jobs\?meta/],
    ['a job', '/v1/job/face-match-a', /^\/v1\/job\/ml$/],
    ['its allocations', '/v1/job/face-match-a/allocations', /plain\/allocations$/],
    ['its summary', '/v1/job/face-match-a/summary', /\/summary$/],
    ['nodes', '/v1/nodes', /^\/v1\/nodes$/],
    ['scaling policies', '/v1/scaling/policies', /^\/v1\/scaling\/policies$/],
    [
      'the scheduler configuration',
      '/v1/operator/scheduler/configuration',
      /^\/v1\/operator\/scheduler\/configuration$/,
    ],
    ['the leader', '/v1/status/leader', /^\/v1\/status\/leader$/],
    ['health', '/v1/agent/health', /^\/v1\/agent\/health$/],
    ['regions', '/v1/regions', /^\/v1\/regions$/],
    ['namespaces', '/v1/namespaces', /^\/v1\/namespaces$/],
    ['an unknown namespace', '/v1/jobs?namespace=nope', /namespace=nope$/],
    ['an unknown region', '/v1/jobs?region=nope', /region=nope$/],
    ['a wrong wait', '/v1/jobs?index=1&wait=abc', /wait=abc$/],
    ['a wrong index', '/v1/jobs?index=-1', /index=-1$/],
    ['an unknown deployment', `/v1/deployment/${UNKNOWN}`, new RegExp(`^/v1/deployment/${UNKNOWN}`)],
    ['a short deployment id', '/v1/deployment/aaaa', /^\/v1\/deployment\/aaaa$/],
  ];
  for (const [title, path, recordedPath] of reads) {
    it(`reads ${title}`, async () => sameAnswer(await ask('GET', path), find('GET', recordedPath)));
  }

  it('plans with the same keys, and marks what has no room', async () => {
    const job = (await ask('GET', '/v1/job/face-match-a')).body as { TaskGroups: { Count: number }[] };
    job.TaskGroups[0]!.Count = 6;
    const ours = await ask('POST', '/v1/job/face-match-a/plan', { Job: job, Diff: false });
    const theirs = find('POST', /\/plan$/);
    assert.deepEqual(Object.keys(ours.body as object).sort(), Object.keys(theirs.body as object).sort());
    const metric = find('GET', /\/v1\/evaluation\//).body as { FailedTGAllocs: { workers: object } };
    const failed = (ours.body as { FailedTGAllocs: { workers: object } }).FailedTGAllocs.workers;
    assert.deepEqual(Object.keys(failed).sort(), Object.keys(metric.FailedTGAllocs.workers).sort());
  });

  it('drains, and refuses what it cannot', async () => {
    const [vm] = world.cluster.vms('face-match-b');
    const at = `/v1/node/${vm!.id}`;
    const spec = { DrainSpec: { Deadline: 1e9 } };
    const notFound = (one: Exchange) => one.body === 'node not found';
    sameAnswer(await ask('POST', `/v1/node/${UNKNOWN}/drain`, spec), find('POST', /\/drain$/, notFound));
    const short = (one: Exchange) => String(one.body).includes('UUID must be');
    sameAnswer(await ask('POST', '/v1/node/db240830/drain', spec), find('POST', /\/drain$/, short));
    const wish = (Eligibility: string) => ask('POST', `${at}/eligibility`, { NodeID: vm!.id, Eligibility });
    const eligibility = (status: number, text: RegExp) =>
      find('POST', /\/eligibility$/, (one) => one.status === status && text.test(JSON.stringify(one.body)));
    sameAnswer(await wish('x'), eligibility(500, /invalid/));
    sameAnswer(await wish('eligible'), eligibility(200, /Index/));
    const drained = await ask('POST', `${at}/drain`, {
      DrainSpec: { Deadline: 30e9, IgnoreSystemJobs: true },
      Meta: { reason: 'r' },
    });
    sameAnswer(
      drained,
      find('POST', /\/drain$/, (one) => one.status === 200),
    );
    sameAnswer(await ask('GET', at), find('GET', /^\/v1\/node\/[0-9a-f-]+$/));
    sameAnswer(await wish('eligible'), eligibility(500, /draining/));
  });

  it('fails a deployment once', async () => {
    await ask('POST', scalePath, { Count: 3, Target: workers });
    const { body } = await ask('GET', '/v1/job/face-match-a/deployment');
    const path = `/v1/deployment/fail/${(body as { ID: string }).ID}`;
    const theirs = (status: number) => find('POST', /\/deployment\/fail\//, (one) => one.status === status);
    sameAnswer(await ask('POST', path), theirs(200));
    sameAnswer(await ask('POST', path), theirs(500));
  });

  it('deploys with a canary, promotes it once it is healthy, and reverts', async () => {
    world.cluster.resize('face-match-b', 3);
    world.pass(10 * MINUTE);
    const at = '/v1/job/face-match-b';
    const { body: before } = await ask('GET', at);
    const job = before as { TaskGroups: { Update: object; Tasks: { Config: object }[] }[] };
    const [group] = job.TaskGroups;
    Object.assign(group!.Update, { Canary: 1, AutoPromote: false, AutoRevert: false });
    Object.assign(group!.Tasks[0]!.Config, { image: 'registry.example/face-match:2' });
    const done = (one: Exchange) => one.status === 200;
    sameAnswer(await ask('POST', at, { Job: job }), find('POST', /^\/v1\/job\/canary$/, done));
    const own = async () => (await ask('GET', `${at}/deployment`)).body as Deployment;
    const theirs = (healthy: number, promoted: boolean) =>
      find('GET', /canary\/deployment$/, ({ body }) => {
        const { DesiredCanaries, HealthyAllocs, Promoted } = (body as Deployment).TaskGroups.workers;
        return DesiredCanaries === 1 && HealthyAllocs === healthy && Promoted === promoted;
      });
    const same = async (recorded: Exchange) => {
      const [ours, other] = [await own(), recorded.body as Deployment];
      sameAnswer(await ask('GET', `${at}/deployment`), recorded);
      const said = ({ StatusDescription, TaskGroups: { workers } }: Deployment) => {
        const { DesiredCanaries, HealthyAllocs, Promoted, PlacedCanaries } = workers;
        return [StatusDescription, DesiredCanaries, HealthyAllocs, Promoted, PlacedCanaries.length];
      };
      assert.deepEqual(said(ours), said(other));
    };
    await same(theirs(0, false));
    const { ID } = await own();
    const promote = (DeploymentID?: string, to = ID) =>
      ask('POST', `/v1/deployment/promote/${to}`, { DeploymentID, All: true });
    const refused = (text: RegExp) => find('POST', /promote/, (one) => text.test(String(one.body)));
    sameAnswer(await promote(ID), refused(/0\/1 healthy/));
    sameAnswer(await promote(), refused(/must be specified/));
    sameAnswer(await promote('x'), refused(/does not match/));
    sameAnswer(await promote(UNKNOWN, UNKNOWN), refused(/not found/));
    const canaries = async () =>
      ((await ask('GET', `${at}/allocations`)).body as { DeploymentStatus: { Canary: boolean } | null }[])
        .map((one) => one.DeploymentStatus)
        .filter((one) => one?.Canary);
    assert.deepEqual(
      (await canaries()).map((one) => ({ ...one, ModifyIndex: 0 })),
      [{ Canary: true, Healthy: null, ModifyIndex: 0, Timestamp: null }],
    );
    world.pass(10 * MINUTE);
    sameAnswer(await promote(ID), find('POST', /promote/, done));
    assert.deepEqual(await canaries(), [], 'they are workers like others');
    world.pass(20 * MINUTE);
    assert.equal((await own()).Status, 'successful');
    sameAnswer(await promote(ID), refused(/terminal/));
    const back = { JobID: 'face-match-b', JobVersion: 0 };
    sameAnswer(await ask('POST', `${at}/revert`, back), find('POST', /revert$/));
    assert.equal((await own()).TaskGroups.workers.DesiredTotal, 3);
  });

  it('sends the index where the recording has one', async () => {
    assert.match((await ask('GET', '/v1/nodes')).index ?? '', /^\d+$/);
    assert.equal((await ask('GET', '/v1/regions')).index, find('GET', /^\/v1\/regions$/).index);
  });
});

/** Names of data, not of fields: what lies below differs from cluster to cluster. */
const OPEN = new Set(
  'Attributes Config Constraints Details Drivers Env Events Meta NodeResources Policy Reserved ReservedResources Resources'.split(
    ' ',
  ),
);
/** Maps by a name that somebody chose. */
const NAMED = new Set(['TaskGroups', 'TaskStates', 'Summary']);

/** The paths of all keys, as far down as both sides have something. */
function shape(value: unknown, other: unknown, at = ''): string[] {
  if (Array.isArray(value)) {
    const [first] = value;
    const [theirs] = Array.isArray(other) ? other : [];
    return first === undefined || theirs === undefined ? [] : shape(first, theirs, `${at}[]`);
  }
  if (!isObject(value) || !isObject(other)) return [];
  const isNamed = NAMED.has(at.split('.').at(-1) ?? '');
  if (isNamed) return shape(Object.values(value)[0], Object.values(other)[0], `${at}.*`);
  const own = Object.keys(value).map((key) => `${at}.${key}`);
  const below = Object.entries(value).flatMap(([key, one]) =>
    OPEN.has(key) ? [] : shape(one, other[key], `${at}.${key}`),
  );
  return [...own, ...below].sort();
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function read(from: string): Exchange[] {
  return readdirSync(from)
    .filter((name) => /^nomad-.*\.jsonl$/.test(name))
    .sort()
    .flatMap((name) => readFileSync(join(from, name), 'utf8').trim().split('\n'))
    .map((line) => JSON.parse(line) as Exchange);
}

/** `../shared/transcripts`, seen from the repository's root. */
function recordings(): string | null {
  let root = resolve(import.meta.dirname);
  while (!existsSync(join(root, 'package-lock.json')) && dirname(root) !== root) root = dirname(root);
  const found = [join(root, '..', 'shared', 'transcripts')].find((path) => existsSync(path));
  return found ?? null;
}
