/**
 * A rollout from its first word to its last on real Nomad agents: the real app, the job file and the wrapper of deploy/, and
 * a docker that only keeps books. One allocation is one node with four workers.
 */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createFixedNodeGroups } from '../../src/adapters/fixed/node-groups.js';
import { createNomadAddresses } from '../../src/adapters/nomad/addresses.js';
import { createNomadFiles } from '../../src/adapters/nomad/files.js';
import { createNomadOrchestrator } from '../../src/adapters/nomad/orchestrator.js';
import { createNomadRollouts } from '../../src/adapters/nomad/rollouts.js';
import { createWorkerHealth } from '../../src/adapters/worker-health/ask.js';
import { createApp, type Ports } from '../../src/app.js';
import type { Person } from '../../src/core/model.js';
import type { RolloutState } from '../../src/core/rollout/state.js';
import type { HealthSource } from '../../src/ports.js';
import { createMemoryQueue } from '../../src/simulation/memory-queue.js';
import { createMemoryStore } from '../../src/simulation/memory-store.js';
import { nomadVersion, until } from '../adapters/nomad/agent.js';
import { type RealCluster, startCluster } from '../adapters/nomad/cluster.js';
import { aFleet } from '../support/fleet.js';

const version = nomadVersion();
const skip = version === null ? 'nomad is not on PATH: the stand-in alone was tested' : false;
const deploy = fileURLToPath(new URL('../../../deploy/nomad/', import.meta.url));
const image = (tag: string) => `registry.example/face-match:${tag}`;
const asha: Person = { id: 'slack:U0ASHA', name: 'Asha Rao' };
const meera: Person = { id: 'slack:U0MEERA', name: 'Meera Iyer' };
const WELL = { modelLoaded: true, deviceHealthy: true, lastSuccessAt: null, inFlight: 0 };
const BY_FILE: HealthSource = {
  ...{ kind: 'file', path: 'alloc/health.json', staleSeconds: 60 },
  ...{ timeoutSeconds: 2, stuckAfter: 20, stuckLeastSeconds: 120 },
};
/** Muster's minutes are six seconds here. */
const SPEED = 10;

describe(`a rollout on real agents (${version ?? 'none'})`, { skip }, () => {
  let cluster: RealCluster;
  let bot: ReturnType<typeof aBot>;
  let working = true;
  const workersOf = async () => (await bot.rollouts.images(bot.fleet.orchestrator)).workers;
  const phase = async () => (await bot.rollout())?.phase;

  before(async () => {
    cluster = await startCluster();
    await cluster.begin(['a', 'b'].map((zone) => fromFile(zone)));
    bot = aBot(cluster.url);
    void (async () => {
      await bot.start();
      while (working) {
        if ((await bot.next()) === null) await new Promise((resolve) => setTimeout(resolve, 50));
      }
    })();
  });
  after(async () => {
    working = false;
    await cluster.stop();
  });

  it('a good image goes out: golden node, soak, then node after node, and the stanza is given back', async () => {
    const before = await updates();
    await until(async () => (await bot.decided()) !== null, 'a decision');
    match(await bot.say(`deploy face-match ${image('2.0')} --soak 30s`), /begins/);
    const seen = new Set<string>();
    await until(
      async () => {
        const now = await phase();
        if (now !== undefined) seen.add(now);
        const news = (await workersOf()).filter((one) => one.image === image('2.0'));
        if (now === 'soak') equal(new Set(news.map((one) => one.node)).size, 1, 'the golden node alone');
        return now === 'done';
      },
      'the rollout is done',
      150,
    );
    for (const one of ['pre-pull', 'golden', 'soak', 'rest']) ok(seen.has(one), [...seen].join(' '));
    const workers = await workersOf();
    ok(workers.length >= 3 && workers.every((one) => one.image === image('2.0') && one.state === 'ready'));
    await until(async () => JSON.stringify(await updates()) === JSON.stringify(before), 'as it was', 10);
  });

  it('a bad image is stopped at the golden node and goes back by itself; nobody else is touched', async () => {
    await until(async () => (await bot.blocked()) === 0, 'nothing runs in Nomad');
    const before = await workersOf();
    match(await bot.say(`deploy face-match ${image('bad')} --soak 30s`), /begins/);
    await until(async () => (await phase()) === 'rolled-back', 'it is back', 150);
    const state = await bot.rollout();
    match(state?.failure?.log ?? '', /model not loaded/);
    await until(async () => {
      const now = await workersOf();
      return now.every((one) => one.image === image('2.0') && one.state === 'ready');
    }, 'all are of the old image');
    const left = new Set((await workersOf()).map((one) => one.id));
    const gone = before.filter((one) => !left.has(one.id));
    deepEqual(
      gone.map((one) => one.node),
      [state?.golden?.node],
    );
  });

  it('each worker, old or new, says by the file of its wrapper how it is', async () => {
    const workers = await bot.health.addresses(bot.fleet.orchestrator, null);
    ok(workers.length >= 3);
    const answers = await bot.health.ask(BY_FILE, workers);
    for (const slots of answers) deepEqual(slots, Array(4).fill(WELL));
  });

  it('the wrapper let old containers finish before new ones came up, on every node', async () => {
    for (const calls of await cluster.calls()) {
      let up: string | null = null;
      for (const call of calls) {
        const [what, of = ''] = call.split(' ');
        if (what === 'up') {
          equal(up, null, calls.join(', '));
          up = of;
        } else if (what === 'down') up = null;
      }
    }
  });

  async function updates(): Promise<unknown[]> {
    const jobs = ['a', 'b'].map((zone) => cluster.api('GET', `/v1/job/face-match-${zone}`));
    return (await Promise.all(jobs)).map(
      ({ body }) => (body as { TaskGroups: { Update: object }[] }).TaskGroups[0]?.Update,
    );
  }
});

/** The job file of deploy/, with times and room for a test. */
function fromFile(zone: string) {
  const said = JSON.stringify({ slots: Array(4).fill(WELL) });
  const vars = Object.entries({
    ...{ fleet: 'face-match', zone, image: image('1'), count: zone === 'a' ? 2 : 1 },
    health_command: `echo '${said}'`,
  });
  const args = ['job', 'run', '-output', ...vars.flatMap(([name, value]) => ['-var', `${name}=${value}`])];
  const made = spawnSync('nomad', [...args, `${deploy}workers.nomad.hcl`], { encoding: 'utf8' });
  equal(made.status, 0, made.stderr);
  const { Job } = JSON.parse(made.stdout) as { Job: ParsedJob };
  const [group] = Job.TaskGroups;
  const [task] = group?.Tasks ?? [];
  ok(group !== undefined && task !== undefined);
  // Globs are younger than 1.1.
  Job.Datacenters = ['dc1'];
  const second = 1e9;
  Object.assign(Job.Update, { MinHealthyTime: 2 * second, HealthyDeadline: 60 * second });
  Object.assign(group.RestartPolicy, { Attempts: 0, Delay: second });
  Object.assign(task.Config, { command: '/bin/sh', args: [`${deploy}compose-worker.sh`] });
  Object.assign(task.Resources, { CPU: 100, MemoryMB: 100 });
  task.KillTimeout = 20 * second;
  return Job;
}

interface ParsedJob {
  ID: string;
  Datacenters: string[];
  Update: object;
  TaskGroups: {
    RestartPolicy: object;
    Tasks: { Config: object; Resources: object; KillTimeout: number }[];
  }[];
}

function aBot(address: string) {
  const base = aFleet('face-match', {
    ...{
      floor: 12,
      ceiling: 16,
      slotsPerNode: 4,
      workersPerAllocation: 4,
      startupSeconds: 60,
      cycleSeconds: 120,
    },
  });
  const targets = ['a', 'b'].map((zone) => ({ zone, job: `face-match-${zone}`, group: 'workers' }));
  const fleet = {
    ...base,
    orchestrator: { kind: 'nomad' as const, targets, workersPerAllocation: 4, slotsPerNode: 4 },
  };
  const tls = { ca: null, cert: null, key: null, serverName: null, skipVerify: false };
  const reached = { address, token: null, namespace: 'default', region: null, tls, timeoutMs: 10_000 };
  const from = Date.now();
  const now = () => from + (Date.now() - from) * SPEED;
  const clock = { now, speed: SPEED, sleep: async () => {} };
  const queue = createMemoryQueue(clock);
  const store = createMemoryStore(clock);
  const rollouts = createNomadRollouts(reached);
  const orchestrator = createNomadOrchestrator(reached);
  // Files have the machine's time, whatever Muster's is.
  const machine = { now: () => Date.now(), speed: 1 };
  const health = {
    ...createNomadAddresses(reached),
    ...createWorkerHealth({ files: createNomadFiles(reached), clock: machine }),
  };
  let ids = 0;
  const ports: Ports = {
    ...{ clock, store, queue: queue.queue, orchestrator, rollouts, nodeGroups: createFixedNodeGroups() },
    demand: {
      demand: async () => ({
        ...{ at: now(), requestsPerSecond: 1, backlog: 0, oldestAgeSeconds: 0, consumers: null },
      }),
    },
    gauge: { gauge: async () => ({ at: now(), value: 0.5 }) },
    chat: {
      post: async (row) => ({ channel: row.channel, ts: row.key }),
      update: async () => {},
      reply: async (ref) => ref,
      find: async () => null,
    },
    pager: { send: async () => {} },
    meter: { decided() {}, fleet() {}, peerFailed() {}, outbox() {}, job() {} },
    log: { debug() {}, info() {}, warn() {}, error() {} },
    newId: () => `id${++ids}`,
    heartbeat: async () => {},
  };
  const app = createApp(ports, [fleet], {
    ...{ holder: 'bot', channel: '#ml-ops', command: '/muster', leaseMs: 30_000, maxOverrideSeconds: 86_400 },
  });
  const at = { where: 'C1', whereName: '#ml-ops' };
  return {
    fleet,
    rollouts,
    health,
    async start() {
      await queue.schedule(app.schedules());
      await queue.work(app.handlers(), { concurrency: 1 });
    },
    next: () => queue.next(),
    decided: async () => (await store.fleet('face-match')).memory,
    async rollout() {
      const [newest] = await store.machines('rollout');
      return newest?.state as RolloutState | undefined;
    },
    async blocked() {
      return (await orchestrator.zones(fleet.orchestrator)).filter((zone) => zone.blocked !== null).length;
    },
    async say(text: string) {
      const asked = await app.handle({ text, by: asha, ...at });
      const [button] = asked.message.parts.flatMap((part) => (part.kind === 'buttons' ? part.buttons : []));
      if (button?.command.startsWith('confirm ') !== true) return asked.message.summary;
      return (await app.handle({ text: button.command, by: meera, ...at })).message.summary;
    },
  };
}
