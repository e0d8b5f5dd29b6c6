/**
 * What asking workers how they are must give, whatever stands behind it: the simulated twin, and the real adapters over
 * the stand-ins of Nomad and of the workers.
 */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { HealthSource, WorkerAddress, WorkerAddresses, WorkerHealth } from '../../src/ports.js';
import { HEALTH_FILE, HEALTH_URL } from '../../src/sandbox/workers/answer.js';
import type { Cluster, ClusterSpec } from '../../src/simulation/cluster.js';
import { aSpec, MINUTE, targetOf } from './orchestrator.js';

export interface HealthStage {
  health: WorkerAddresses & WorkerHealth;
  cluster: Cluster;
  pass(seconds: number): void;
  close(): Promise<void>;
}

const patience = { timeoutSeconds: 2, stuckAfter: 20, stuckLeastSeconds: 120 };
const FORMS = {
  'over HTTP': {
    ...{ kind: 'http', url: HEALTH_URL, port: 'health', portPerWorker: false },
    ...patience,
  },
  'by file': { ...{ kind: 'file', path: HEALTH_FILE, staleSeconds: 60 }, ...patience },
} satisfies Record<string, HealthSource>;

export function workerHealthContract(name: string, open: (spec: ClusterSpec) => Promise<HealthStage>): void {
  for (const [form, source] of Object.entries(FORMS)) contractOf(`${name}, ${form}`, source, open);
}

function contractOf(
  name: string,
  source: HealthSource,
  open: (spec: ClusterSpec) => Promise<HealthStage>,
): void {
  const label = source.kind === 'http' ? source.port : null;
  describe(`worker health contract: ${name}`, () => {
    let stage: HealthStage;
    const spec = aSpec();
    const target = targetOf(spec);
    const addresses = () => stage.health.addresses(target, label);
    const ask = async (workers?: WorkerAddress[]) => stage.health.ask(source, workers ?? (await addresses()));
    const placed = () => stage.cluster.state.allocations.filter(({ desired }) => desired === 'run');

    beforeEach(async () => {
      stage = await open(spec);
    });
    afterEach(async () => stage.close());

    it('knows every ready worker, zone by zone, and not those that start; where it listens, if that is asked', async () => {
      stage.cluster.scale('face-match-a', { count: 4, message: 'more', meta: null });
      stage.pass(1);
      const found = await addresses();
      deepEqual(
        found.map(({ zone, workers, host }) => [zone, workers, host]),
        ['a', 'a', 'a', 'b', 'b', 'b'].map((zone) => [zone, 1, label === null ? null : '127.0.0.1']),
      );
      ok(found.every(({ port }) => (port === null) === (label === null)));
      stage.pass(5 * MINUTE);
      equal((await addresses()).length, 7);
    });

    it('a worker that is well has its model, its device and a fresh success', async () => {
      stage.pass(MINUTE);
      const answers = await ask();
      equal(answers.length, 6);
      for (const slots of answers) {
        equal(slots?.length, 1);
        const [slot] = slots ?? [];
        deepEqual([slot?.modelLoaded, slot?.deviceHealthy], [true, true]);
        ok(stage.cluster.now - (slot?.lastSuccessAt ?? 0) < 5_000);
      }
    });

    it('a stuck worker holds work, and its last success stays where it was', async () => {
      const [first] = placed();
      stage.pass(MINUTE);
      stage.cluster.sicken(first!.id, { kind: 'stuck' });
      const at = stage.cluster.now;
      stage.pass(10 * MINUTE);
      const workers = await addresses();
      const answers = await ask(workers);
      const own = answers[workers.findIndex(({ id }) => id === first!.id)]?.[0];
      deepEqual([own?.inFlight, own?.lastSuccessAt], [1, at]);
      equal(
        answers.filter((slots) => stage.cluster.now - (slots?.[0]?.lastSuccessAt ?? 0) < 5_000).length,
        5,
      );
    });

    it('a GPU that fails is said by every worker on its node, and by no other', async () => {
      const node = placed()[0]!.vm;
      stage.cluster.setDevice(node, false);
      const workers = await addresses();
      const answers = await ask(workers);
      for (const [n, { nodeId }] of workers.entries())
        equal(answers[n]?.[0]?.deviceHealthy, nodeId !== node, nodeId);
    });

    it('one that does not answer is unknown, and the others are not', async () => {
      const [first] = placed();
      stage.cluster.sicken(first!.id, { kind: 'silent' });
      const workers = await addresses();
      const answers = await ask(workers);
      equal(answers[workers.findIndex(({ id }) => id === first!.id)], null);
      equal(answers.filter((slots) => slots !== null).length, 5);
    });

    it('one that is gone since its address was looked up is unknown', async () => {
      const workers = await addresses();
      stage.cluster.stopAllocation(workers[0]!.id);
      stage.pass(10 * MINUTE);
      equal((await ask(workers))[0], null);
      equal(
        (await addresses()).some(({ id }) => id === workers[0]!.id),
        false,
      );
    });

    it('those on nodes that are down are unknown, and the others are not', async () => {
      const workers = await addresses();
      stage.cluster.setZone('a', false);
      stage.pass(1);
      const answers = await ask(workers);
      for (const [n, { zone }] of workers.entries()) equal(answers[n] === null, zone === 'a', zone);
    });

    it('asked about nobody, it answers about nobody', async () => {
      deepEqual(await ask([]), []);
    });
  });

  describe(`worker health contract, four workers an allocation: ${name}`, () => {
    it('one answer has all slots of an allocation, in an order that stays', async () => {
      const spec = aSpec({ workersPerAllocation: 4, workers: 8 });
      const stage = await open(spec);
      try {
        const [first] = stage.cluster.state.allocations;
        stage.cluster.sicken(first!.id, { kind: 'no-model', slots: 1 });
        const workers = await stage.health.addresses(targetOf(spec), label);
        deepEqual(
          workers.map(({ workers: count }) => count),
          [4, 4],
        );
        const answers = await stage.health.ask(source, workers);
        const own = answers[workers.findIndex(({ id }) => id === first!.id)];
        deepEqual(
          own?.map((slot) => slot?.modelLoaded),
          [false, true, true, true],
        );
      } finally {
        await stage.close();
      }
    });
  });
}
