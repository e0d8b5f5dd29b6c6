/** The rollout contract on real agents: two nodes a zone, workers that are processes. */
import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe } from 'node:test';
import { createNomadOrchestrator } from '../../../src/adapters/nomad/orchestrator.js';
import { createNomadRollouts } from '../../../src/adapters/nomad/rollouts.js';
import { firstImage } from '../../../src/simulation/cluster/images.js';
import type { ClusterSpec } from '../../../src/simulation/cluster.js';
import { deploymentContract } from '../../contracts/deployment.js';
import { type RolloutStage, rolloutContract } from '../../contracts/rollout.js';
import { nomadVersion, until } from './agent.js';
import { aWorkerJob, type RealCluster, startCluster } from './cluster.js';

const version = nomadVersion();
const skip = version === null ? 'nomad is not on PATH: the stand-in alone was tested' : false;
const UPDATE = { MaxParallel: 2, Canary: 1, AutoPromote: true, AutoRevert: true };

describe(`rollouts on real agents (${version ?? 'none'})`, { skip }, () => {
  let cluster: RealCluster;
  let wire: Wire;
  before(async () => {
    cluster = await startCluster();
    wire = await openWire(cluster.url);
  });
  after(async () => {
    await wire.close();
    await cluster.stop();
  });

  const open = async ({ fleets: [fleet] }: ClusterSpec): Promise<RolloutStage> => {
    assert.ok(fleet !== undefined);
    const each = fleet.workers / fleet.zones.length;
    const image = firstImage(fleet.name);
    await cluster.begin(
      fleet.zones.map((zone) => aWorkerJob(`${fleet.name}-${zone}`, zone, each, image, UPDATE)),
    );
    const reached = {
      address: wire.url,
      token: null,
      namespace: 'default',
      region: null,
      tls: { ca: null, cert: null, key: null, serverName: null, skipVerify: false },
      timeoutMs: 10_000,
    };
    return {
      orchestrator: createNomadOrchestrator(reached),
      rollouts: createNomadRollouts(reached),
      reach: (what, holds) => until(holds, what, 90),
      rest: () => new Promise((resolve) => setTimeout(resolve, 5_000)),
      async deploy(zone, to, canaries) {
        const at = `/v1/job/${fleet.name}-${zone}`;
        const Job = (await cluster.api('GET', at)).body as ReturnType<typeof aWorkerJob>;
        const [group] = Job.TaskGroups;
        const Update = { MaxParallel: 2, Canary: canaries, AutoPromote: false, AutoRevert: false };
        Object.assign(group!.Update, Update);
        group!.Tasks[0]!.Env.IMAGE = to;
        const { status } = await cluster.api('POST', at, { Job, PreserveCounts: true });
        assert.equal(status, 200);
      },
      async updateOf(zone) {
        const { body } = await cluster.api('GET', `/v1/job/${fleet.name}-${zone}`);
        return (body as { TaskGroups: { Update: object }[] }).TaskGroups[0]?.Update ?? {};
      },
      mayMove: true,
      loseNextAnswer: wire.loseNextAnswer,
      close: async () => {},
    };
  };
  rolloutContract(version ?? 'none', open);
  deploymentContract(version ?? 'none', open);
});

interface Wire {
  url: string;
  loseNextAnswer(): void;
  close(): Promise<void>;
}

/** Between the adapter and the agent: it can lose the answer to a change that was made. */
async function openWire(to: string): Promise<Wire> {
  let lose = false;
  const server = createServer((asked, answer) => {
    const { method, url, headers } = asked;
    const on = request(`${to}${url}`, { method, headers }, (said) => {
      if (lose && method !== 'GET') {
        lose = false;
        said.resume();
        answer.destroy();
        return;
      }
      answer.writeHead(said.statusCode ?? 500, said.headers);
      said.pipe(answer);
    });
    on.on('error', () => answer.destroy());
    asked.pipe(on);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    loseNextAnswer: () => {
      lose = true;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
