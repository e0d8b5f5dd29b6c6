/**
 * A real Nomad of four nodes on loopback, two a zone, with room for four workers each: a server that is a node too, and
 * three clients. Workers are shell scripts under raw_exec; `docker` is a script that takes its time to pull. An image's
 * tag says how it behaves, as in the simulation: `bad…` does not come up, `missing…` is not in the registry.
 */
import { chmod, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Agent, aJob, askOf, clearAway, configOf, freePort, launch, until } from './agent.js';

export interface RealCluster {
  url: string;
  api: Agent['api'];
  /** Registers the jobs afresh, all nodes eligible, and waits until every worker is healthy. */
  begin(jobs: { ID: string }[]): Promise<void>;
  /** What docker was asked for on each node, oldest first. */
  calls(): Promise<string[][]>;
  stop(): Promise<void>;
}

const DOCKER = `#!/bin/sh
# docker pull IMAGE: once it is there it is there. docker compose: containers are lines of a file, one a project.
if [ "$1" = pull ]; then
  at="$MUSTER_IMAGES/$(echo "$2" | tr '/:' '__')"
  [ -e "$at" ] && exit 0
  case "$2" in *:missing*) echo "manifest for $2 not found" >&2; exit 1;; esac
  sleep 4
  : > "$at"
fi
[ "$1" = compose ] || exit 0
containers="$MUSTER_IMAGES/$3.containers"
shift 5
echo "$1 $IMAGE" >> "$MUSTER_IMAGES/calls"
case "$1" in
  up)
    case "$IMAGE" in *:bad*) echo "health: model not loaded ($IMAGE)" >&2; exit 1;; esac
    printf '%s\\n' 1 2 3 4 > "$containers" ;;
  ps) cat "$containers" ;;
  logs) while [ -s "$containers" ]; do sleep 1; done ;;
  stop|down) : > "$containers" ;;
esac
`;

const WORKER = `echo "loading model weights" >&2
case "$IMAGE" in *:bad*) echo "health: model not loaded ($IMAGE)" >&2; sleep 1; exit 1;; esac
exec sleep 100000`;

export async function startCluster(): Promise<RealCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-nomads-'));
  await mkdir(join(folder, 'bin'));
  await writeFile(join(folder, 'bin', 'docker'), DOCKER);
  await chmod(join(folder, 'bin', 'docker'), 0o755);
  const stops: (() => Promise<void>)[] = [];
  const [http = 0, rpc = 0, serf = 0] = await Promise.all([freePort(), freePort(), freePort()]);
  const url = `http://127.0.0.1:${http}`;
  const api = askOf(url);
  /**
   * A client that ends leaves its tasks alone, so they go first. Failed workers of a purged job would be taken for those of
   * the next one of its name (Nomad 1.1 gives their numbers out twice), so their last traces go, too.
   */
  const clear = async () => {
    for (const { ID } of (await api('GET', '/v1/jobs')).body as { ID: string }[])
      await api('DELETE', `/v1/job/${ID}?purge=true`);
    await until(async () => {
      const { body } = await api('GET', '/v1/allocations');
      const live = ['running', 'pending'];
      return !(body as { ClientStatus: string }[]).some((one) => live.includes(one.ClientStatus));
    }, 'nothing runs');
    await until(async () => {
      await api('PUT', '/v1/system/gc');
      return ((await api('GET', '/v1/allocations')).body as unknown[]).length === 0;
    }, 'nothing is left');
  };
  const stop = async () => {
    await clear().catch(() => {});
    for (const one of stops.reverse()) await one();
    await clearAway(folder);
  };
  const node = async (n: number) => {
    const images = join(folder, `images-${n}`);
    await mkdir(images);
    return { PATH: `${join(folder, 'bin')}:${process.env.PATH}`, MUSTER_IMAGES: images };
  };
  try {
    const server = { ...configOf('a', { http, rpc, serf }), name: 'node-0' };
    stops.push(await launch(folder, 0, server, ['-dev'], await node(0)));
    await until(
      async () => (await api('GET', '/v1/agent/health').catch(() => null))?.status === 200,
      'it is up',
    );
    for (const n of [1, 2, 3]) {
      const [own = 0, ownRpc = 0, ownSerf = 0] = await Promise.all([freePort(), freePort(), freePort()]);
      const config = configOf(n < 2 ? 'a' : 'b', { http: own, rpc: ownRpc, serf: ownSerf });
      const client = { ...config.client, enabled: true, servers: [`127.0.0.1:${rpc}`] };
      const data = { ...config, client, name: `node-${n}`, data_dir: join(folder, `data-${n}`) };
      stops.push(await launch(folder, n, data, [], await node(n)));
    }
    await until(async () => {
      const { body } = await api('GET', '/v1/nodes');
      return (body as { Status: string }[]).filter((one) => one.Status === 'ready').length === 4;
    }, 'four nodes are ready');
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    api,
    stop,
    calls: () =>
      Promise.all(
        [0, 1, 2, 3].map(async (n) =>
          (await readFile(join(folder, `images-${n}`, 'calls'), 'utf8').catch(() => '')).trim().split('\n'),
        ),
      ),
    async begin(jobs) {
      await clear();
      for (const { ID } of (await api('GET', '/v1/nodes')).body as { ID: string }[])
        await api('POST', `/v1/node/${ID}/drain`, { DrainSpec: null, MarkEligible: true });
      for (const Job of jobs) {
        const { status, body } = await api('POST', '/v1/jobs', { Job });
        if (status !== 200) throw new Error(String(body));
      }
      await until(async () => {
        const asked = jobs.map(async ({ ID }) => (await api('GET', `/v1/job/${ID}/deployment`)).body);
        return (await Promise.all(asked)).every(
          (one) => (one as { Status?: string } | null)?.Status === 'successful',
        );
      }, 'every worker is healthy');
    },
  };
}

export function aWorkerJob(id: string, zone: string, count: number, image: string, update: object) {
  const job = aJob(id, count);
  const group = job.TaskGroups[0]!;
  return {
    ...job,
    Constraints: [{ LTarget: `$${'{meta.zone}'}`, RTarget: zone, Operand: '=' }],
    TaskGroups: [
      {
        ...group,
        Update: { ...group.Update, MinHealthyTime: 2e9, ProgressDeadline: 600e9, ...update },
        RestartPolicy: { Attempts: 1, Delay: 1e9, Interval: 60e9, Mode: 'fail' },
        Tasks: [
          { ...group.Tasks[0], Config: { command: '/bin/sh', args: ['-c', WORKER] }, Env: { IMAGE: image } },
        ],
      },
    ],
  };
}
