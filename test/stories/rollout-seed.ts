/**
 * Rollouts under everything at once, from a seed: good and bad images, a bot that is killed at any call, freezes, dark
 * metrics, people who pause, resume, raise and roll back. Whatever happens, the rules hold and it comes to an end.
 */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { isOver } from '../../src/core/rollout/state.js';
import { createRandom } from '../../src/simulation/random.js';
import { aRolloutWorld, FLEET, OLD } from './rollout-world.js';

export async function runSeed(seed: number): Promise<void> {
  const random = createRandom(seed * 7_919);
  const world = await aRolloutWorld({ seed, warmMinutes: 30, ceiling: 60 });
  const { cluster } = world.simulation;
  const image = `registry.example/${FLEET}:${random.pick(['2.0', '2.0', '2.1', 'bad', 'crash', 'missing'])}`;
  const batch = 1 + random.int(2);
  await world.say(`deploy ${FLEET} ${image} --soak ${1 + random.int(10)}m --batch ${batch}`);
  const deadly = random.chance(0.7);
  let asked = 0;
  const counted = (): number => cluster.state.jobs.reduce((sum, job) => sum + job.count, 0);
  const watch = async (): Promise<void> => {
    const { touched, phase } = await world.rollout();
    if (touched && !isOver(await world.rollout())) ok(counted() >= asked, `a cut during ${phase}`);
    asked = touched ? counted() : 0;
  };
  const acts: (() => Promise<unknown>)[] = [
    () => world.say(`freeze for ${5 + random.int(20)}m because we look`),
    () => world.say(`deploy pause ${FLEET}`),
    () => world.say(`deploy resume ${FLEET}`),
    () => world.say(`override ${FLEET} floor ${counted() + random.int(6)} for 1h because of a campaign`),
    () => world.say(`override cancel ${FLEET}`),
    () => world.say(random.chance(0.3) ? `deploy rollback ${FLEET}` : `deploy status ${FLEET}`),
    async () => {
      world.metrics.dark = !world.metrics.dark;
    },
    async () => {
      world.metrics.p95 = world.metrics.p95 === 'true' ? 9 : 'true';
    },
  ];
  for (let minute = 0; minute < 90; minute += 1) {
    if (deadly && random.chance(0.5)) world.killAfter(1 + random.int(60));
    if (random.chance(0.12))
      await random
        .pick(acts)()
        .catch(() => {});
    await world.pass(1);
    await watch();
  }
  // The storm is over: somebody clears up, and it has to end.
  world.killAfter(null);
  Object.assign(world.metrics, { dark: false, p95: 'true' });
  await world.pass(30);
  for (let hour = 0; hour < 6 && !isOver(await world.rollout()); hour += 1) {
    const { paused, phase } = await world.rollout();
    if (paused !== null) await world.say(`deploy ${phase === 'pre-pull' ? 'abort' : 'rollback'} ${FLEET}`);
    await world.pass(60);
  }
  const end = await world.rollout();
  ok(
    isOver(end),
    `it is still in ${end.phase}, ${JSON.stringify(end.paused)} ${JSON.stringify(end.reasons)}`,
  );
  await world.pass(10);
  deepEqual(world.broken, []);
  const right = end.phase === 'done' ? image : OLD;
  ok(cluster.state.jobs.every((job) => job.image === right));
  ok(cluster.state.deployments.every((one) => one.status !== 'paused'));
  equal(cluster.state.prepulls.length, 0);
  ok(!cluster.state.allocations.some((one) => one.image !== right && one.desired === 'run'));
  ok(!/bad|crash|missing/.test(right));
  equal((await world.ports.store.fleet(FLEET)).holds.length, 0);
}
