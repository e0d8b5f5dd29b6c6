/** A risky change is approved, and the process that took the click is killed at each of its steps. */
import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { accessSchema } from '../../src/core/access.js';
import type { Message } from '../../src/core/message.js';
import type { Override } from '../../src/core/model.js';
import type { Proposal } from '../../src/core/proposal.js';
import type { StoredMachine } from '../../src/ports.js';
import { createMemoryStore } from '../../src/simulation/memory-store.js';
import { withDecision } from '../support/fleet.js';
import { type Life, mortal } from '../support/mortal.js';
import { aPagingScene, type PagingScene } from '../support/paging.js';

const RISKY = 'override ocr 2 for 1h because the database is slow';
const ASHA = { id: 'slack:U0ASHA', name: 'Asha Rao' };
const MINUTE = 60_000;

interface Asked {
  scene: PagingScene;
  life: Life;
  id: string;
  click(): Promise<Message>;
  /** The click, which ends in the death of its process before or after the n-th change of the store; false: it lived. */
  clickAndDie(n: number): Promise<boolean>;
  pass(minutes: number): Promise<void>;
  proposal(): Promise<StoredMachine<Proposal>>;
  made(action: string): Promise<number>;
  override(): Promise<Override | null>;
}

async function asked(): Promise<Asked> {
  let now = () => 0;
  const life = mortal(createMemoryStore({ now: () => now() }));
  const access = accessSchema.parse({ secondPerson: false });
  const scene = await aPagingScene({ ports: { store: life.store }, access });
  now = () => scene.world.now;
  await withDecision(life.store, 'ocr');
  const say = async (text: string): Promise<Message> =>
    (await scene.app.handle({ text, by: ASHA, where: 'C1', whereName: '#elsewhere' })).message;
  match((await say(RISKY)).summary, /Not done yet/);
  const proposal = async () => (await life.store.machines('proposal'))[0] as StoredMachine<Proposal>;
  const { id } = await proposal();
  const click = () => say(`confirm ${id}`);
  return {
    ...{ scene, life, id, proposal, click },
    async clickAndDie(n) {
      const death = life.death();
      life.dieAt(n);
      const isDead = (await Promise.race([click(), death])) === 'dead';
      life.beBorn();
      return isDead;
    },
    async pass(minutes) {
      for (let n = 0; n < minutes; n += 1) {
        scene.world.now += MINUTE;
        scene.enqueue('minute', { v: 1 });
        await scene.settle();
      }
    },
    made: async (action) => (await life.store.audit(500)).filter((one) => one.action === action).length,
    override: async () => (await life.store.fleet('ocr')).override,
  };
}

test('what was approved is done once, wherever its process is killed', async () => {
  let deaths = 0;
  for (let n = 1; ; n += 1) {
    const day = await asked();
    try {
      if (!(await day.clickAndDie(n))) break;
      deaths += 1;
      await day.pass(4);
      const { open, state } = await day.proposal();
      if (state.outcome === 'waiting') {
        deepEqual([await day.made('override'), await day.override()], [0, null], `death ${n}`);
        continue;
      }
      deepEqual([open, state.outcome, state.undone], [false, 'approved', undefined], `death ${n}`);
      deepEqual([await day.made('override'), await day.made('approve')], [1, 1], `death ${n}`);
      const override = await day.override();
      deepEqual([override?.by.name, override?.workers], ['Asha Rao', 2], `death ${n}`);
    } finally {
      await day.scene.close();
    }
  }
  ok(deaths >= 6, `only ${deaths} places to die at`);
});

test('meanwhile another click says who approved it and that it is being done; it decides nothing', async (t) => {
  const day = await asked();
  t.after(day.scene.close);
  // The fourth step: approved and claimed, and lost before the effect.
  ok(await day.clickAndDie(4));
  equal((await day.proposal()).state.outcome, 'approved');
  equal(await day.override(), null);
  match((await day.click()).summary, /was confirmed, by Asha Rao\. It is being done\./);
  equal(await day.override(), null);
  await day.pass(2);
  equal((await day.override())?.workers, 2);
  match((await day.click()).summary, /was confirmed, by Asha Rao\.$/);
  equal(await day.made('override'), 1);
});

test('an approval that comes too late, or for a fleet that changed, is not carried out, and the channel hears so', async (t) => {
  for (const why of ['late', 'changed'] as const) {
    const day = await asked();
    t.after(day.scene.close);
    ok(await day.clickAndDie(4));
    if (why === 'late') day.scene.world.now += 16 * MINUTE;
    else await day.scene.say('freeze ocr down for 1h because wait');
    await day.pass(3);
    equal(await day.override(), null, why);
    equal((await day.proposal()).open, false);
    equal(await day.made('approved-but-failed'), 1);
    const told = [...day.scene.shown.values()].join('\n');
    match(told, /Approved, but not done: Scale ocr 4 → 2.*(quarter of an hour|ocr changed before)/s, why);
  }
});

test('a proposal that nobody clicked in time loses its buttons, and a click after that changes nothing', async (t) => {
  let machine = 0;
  const scene = await aPagingScene({ ports: { machineNow: () => machine } });
  t.after(scene.close);
  const ravi = { id: 'slack:U0RAVI', name: 'Ravi Menon' };
  await scene.say('freeze ocr for 2h because the bank migrates', ravi, 'ravi@sandbox.example');
  scene.world.now += 1_000;
  await scene.app.handle({ text: 'unfreeze ocr', by: ASHA, where: 'C9' });
  await scene.settle();
  const posted = () => [...scene.shown.entries()].find(([key]) => key.startsWith('proposal'))?.[1] ?? '';
  const pass = async (ms: number) => {
    machine += ms;
    scene.enqueue('minute', { v: 1 });
    await scene.pass(ms);
  };
  await pass(299_000);
  match(posted(), /Drop it/, 'it waits still');
  await pass(60_000);
  match(posted(), /expired: nobody confirmed it within five minutes/);
  doesNotMatch(posted(), /Drop it/);
  const [stored] = (await scene.store.machines('proposal')) as StoredMachine<Proposal>[];
  deepEqual([stored?.open, stored?.state.outcome, stored?.state.decidedBy], [false, 'expired', null]);
  const made = async () =>
    (await scene.store.audit(50)).filter(({ action }) => /expired|decline/.test(action));
  deepEqual(
    (await made()).map(({ action, by }) => [action, by.id]),
    [['proposal-expired', 'muster']],
  );
  match(await scene.say(`confirm ${stored?.id}`), /expired/);
  equal((await scene.store.fleet('ocr')).freezes.length, 1);
  equal((await made()).length, 1);
});
