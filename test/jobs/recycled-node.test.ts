/** A node that a remedy drains is given back, whatever happens meanwhile. */
import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import { begun, MAINTENANCE } from '../../src/core/maintenance/state.js';
import type { NodeSeen } from '../../src/core/model.js';
import type { RemedyRun } from '../../src/core/remedies/run.js';
import { OutsideError } from '../../src/errors.js';
import { aPagingScene } from '../support/paging.js';

const MINUTE = 60_000;

/** gpu-1 is being drained; `refuses`: Nomad does not let it take work again. */
async function drained() {
  const node: NodeSeen = {
    ...{ id: 'n1', name: 'gpu-1', zone: 'a', status: 'ready', eligible: true, workers: 2, drain: null },
  };
  const cluster = { refuses: false };
  const scene = await aPagingScene({
    orchestrator: {
      nodes: async () => [{ ...node }],
      drain: async () => {
        node.eligible = false;
        node.drain = { decisionId: 'remedy', done: false };
      },
      uncordon: async () => {
        if (cluster.refuses)
          throw new OutsideError('nomad', 'POST', 'answered 403', { class: 'human', why: 'refused' });
        node.eligible = true;
        node.drain = null;
      },
    },
  });
  await scene.say('remedy ocr recycle-node gpu-1');
  equal(node.eligible, false);
  const run = async () => (await scene.store.machines('remedy'))[0]?.state as RemedyRun;
  return {
    ...{ scene, node, cluster, run },
    end: () => {
      node.drain = { decisionId: 'remedy', done: true };
    },
    async pass(minutes: number) {
      for (let n = 0; n < minutes; n += 1) {
        scene.enqueue('minute', { v: 1 });
        await scene.pass(MINUTE);
      }
    },
  };
}

test('a node takes work again also when its drain, or the bot, took more than half an hour', async (t) => {
  const day = await drained();
  t.after(day.scene.close);
  await day.scene.pass(31 * MINUTE);
  equal((await day.run()).status, 'running', 'the drain goes on');
  day.end();
  await day.pass(2);
  deepEqual([day.node.eligible, (await day.run()).status], [true, 'done']);
});

test('when the orchestrator refuses to give it back, the message says so once and it is tried on', async (t) => {
  const day = await drained();
  t.after(day.scene.close);
  day.end();
  day.cluster.refuses = true;
  await day.pass(5);
  const told = [...day.scene.shown.values()].at(-1) ?? '';
  match(told, /nomad refused it \(refused\)\. It is tried again until the node takes work\./);
  equal((await day.run()).outcome.length, 2);
  day.cluster.refuses = false;
  await day.pass(2);
  deepEqual([day.node.eligible, (await day.run()).status], [true, 'done']);
});

test('a node that is under maintenance by now stays out', async (t) => {
  const day = await drained();
  t.after(day.scene.close);
  const { now } = day.scene.world;
  const about = { id: 'n1', name: 'gpu-1', zone: 'a' };
  const notice = { event: 'TERMINATE', deadlineAt: now + 60 * MINUTE, wish: null };
  const state = { ...begun(about, notice, now), phase: 'draining' as const };
  const machine = { v: 1 as const, kind: MAINTENANCE, id: 'm1', fleet: 'ocr', rev: 0, open: true, at: now };
  await day.scene.store.saveMachine({ ...machine, state }, { outbox: [], pager: [] });
  day.end();
  await day.scene.pass(MINUTE);
  equal(day.node.eligible, false);
  match((await day.run()).outcome.at(-1) ?? '', /gpu-1 is under maintenance by now, which gives it back/);
});
