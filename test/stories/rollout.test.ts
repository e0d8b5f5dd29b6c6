/** Rollouts as people live through them, with the real app over the twins of every peer. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { OutsideError } from '../../src/errors.js';
import { aRolloutWorld, BAD, FLEET, GOOD, OLD, type RolloutWorld } from './rollout-world.js';

const phase = async (world: RolloutWorld) => (await world.rollout()).phase;
const isIn = (world: RolloutWorld, wanted: string) => async () => (await phase(world)) === wanted;
const total = (world: RolloutWorld) => world.ready(OLD) + world.ready(GOOD);
const lateOf = (world: RolloutWorld) => world.simulation.traffic.totals();
/** Share of the requests since then that were late. */
const lateSince = (world: RolloutWorld, since: { arrivals: number; late: number }) =>
  (lateOf(world).late - since.late) / (lateOf(world).arrivals - since.arrivals);

test('a good image goes out at peak, node after node, and makes nobody late', async () => {
  // Into the morning's peak: 46 requests a second of 51 at the most.
  const world = await aRolloutWorld({ warmMinutes: 210 });
  const twin = await aRolloutWorld({ warmMinutes: 210 });
  const begun = lateOf(world);
  deepEqual(lateOf(twin), begun);
  match(await world.say(`deploy ${FLEET} ${GOOD} --soak 10m`), /begins/);
  const from = world.now();
  let golden = '';
  let touchedSecondBefore = false;
  const watch = () => {
    const fresh = world.simulation.cluster.state.allocations.filter((one) => one.image === GOOD);
    golden ||= fresh[0]?.vm ?? '';
    const readyOne = fresh.some((one) => one.servesAt <= world.now());
    if (fresh.some((one) => one.vm !== golden) && !readyOne && fresh.length > 4) touchedSecondBefore = true;
  };
  while ((await phase(world)) !== 'done' && world.now() - from < 4 * 3_600_000) await world.pass(1, watch);
  equal(await phase(world), 'done');
  await twin.pass((world.now() - twin.now()) / 60_000);
  equal(world.ready(OLD), 0);
  ok(world.ready(GOOD) > 0);
  ok(!touchedSecondBefore);
  const [with_, without] = [lateSince(world, begun), lateSince(twin, begun)];
  ok(with_ <= without + 0.001, `late share ${with_}, without the rollout ${without}`);
  deepEqual(world.errors, []);
  match([...world.messages].find(([key]) => key.startsWith('rollout-'))?.[1] ?? '', /is done/);
  deepEqual(world.changes.filter((one) => one.kind === 'change' && one.id.includes('-begin')).length, 1);
  equal(world.simulation.cluster.state.prepulls.length, 0);
});

test('a bad image is stopped at the golden node and rolls back by itself', async () => {
  const world = await aRolloutWorld();
  await world.say(`deploy ${FLEET} ${BAD}`);
  const golden = new Set<string>();
  const before = world.ready(OLD);
  const most = Math.max(...world.simulation.cluster.state.vms.map(() => 4));
  let fewest = before;
  await world.until('the rollback', 60, async () => {
    for (const one of world.simulation.cluster.state.allocations) if (one.image === BAD) golden.add(one.id);
    fewest = Math.min(fewest, world.ready(OLD));
    return (await phase(world)) === 'rolled-back';
  });
  ok(golden.size > 0 && golden.size <= most, `${golden.size} workers had it`);
  ok(before - fewest <= most);
  const state = await world.rollout();
  equal(state.backBy, null);
  match(state.failure?.log ?? '', /model not loaded/);
  ok(
    [...world.messages].some(
      ([key, text]) => key.startsWith('rollout-alert') && /rolls back|rolled/.test(text),
    ),
  );
  ok(world.simulation.cluster.state.jobs.every((job) => job.image === OLD));
  await world.pass(25);
  equal(world.ready(BAD), 0);
  deepEqual(world.errors, []);
});

test('a right that lacks is said in the channel, once, and the rollout goes on when it is there', async () => {
  const world = await aRolloutWorld();
  const { rollouts } = world.ports;
  ok(rollouts !== undefined);
  const { prepull } = rollouts;
  let denied = true;
  rollouts.prepull = async (...asked) => {
    if (denied)
      throw new OutsideError('nomad', 'post /v1/job/x', 'Permission denied', {
        class: 'human',
        why: 'refused',
        status: 403,
      });
    return prepull(...asked);
  };
  await world.say(`deploy ${FLEET} ${GOOD} --soak 1m`);
  const alerts = () => [...world.messages.keys()].filter((key) => key.startsWith('rollout-alert')).length;
  await world.pass(6);
  const said = () => [...world.messages].map(([, text]) => text).join('; ');
  match(said(), /cannot go on, and tries again each minute: \[nomad\] post \/v1\/job\/x: Permission denied/);
  equal(alerts(), 1);
  denied = false;
  await world.until('the end', 120, isIn(world, 'done'));
  equal((await world.rollout()).refusal, undefined);
  equal(alerts(), 1);
});

test('an image that is not in the registry touches nobody, and an abort ends it', async () => {
  const world = await aRolloutWorld();
  await world.say(`deploy ${FLEET} registry.example/face-match:missing`);
  await world.until('the pause', 10, async () => (await world.rollout()).paused?.why === 'pull-failed');
  match(await world.say(`deploy abort ${FLEET}`), /abort/);
  await world.until('the end', 5, isIn(world, 'aborted'));
  equal((await world.rollout()).touched, false);
  equal(world.simulation.cluster.state.prepulls.length, 0);
});

test('a breach of the objective pauses it, and it goes on when a person says so', async () => {
  const world = await aRolloutWorld();
  await world.say(`deploy ${FLEET} ${GOOD} --soak 10m`);
  await world.until('the soak', 30, isIn(world, 'soak'));
  world.metrics.p95 = 9;
  await world.until('the pause', 5, async () => (await world.rollout()).paused?.why === 'slo-breach');
  const updated = world.ready(GOOD);
  world.metrics.p95 = 'true';
  await world.pass(30);
  equal((await world.rollout()).paused?.why, 'slo-breach', 'it waits for a person');
  ok(world.ready(GOOD) >= updated && world.ready(OLD) > 0);
  match(await world.say(`deploy resume ${FLEET}`), /watches/);
  await world.until('the end', 180, isIn(world, 'done'));
});

test('a freeze and missing numbers stop it, and their end lets it go on', async () => {
  const world = await aRolloutWorld();
  await world.say(`deploy ${FLEET} ${GOOD} --soak 2m`);
  await world.until('the soak', 30, isIn(world, 'soak'));
  await world.say('freeze for 20m because we investigate');
  await world.until('the pause', 2, async () => (await world.rollout()).paused?.why === 'freeze');
  const before = world.ready(OLD);
  await world.pass(15);
  equal(world.ready(OLD), before);
  await world.until('going on', 10, async () => (await world.rollout()).paused === null);
  world.metrics.dark = true;
  await world.until('the dark', 5, async () => (await world.rollout()).paused?.why === 'metrics-missing');
  world.metrics.dark = false;
  await world.until('the end', 180, isIn(world, 'done'));
});

test('a freeze of everything holds a rollout node by node, and unfreeze lets it go on within a minute', async () => {
  const world = await aRolloutWorld();
  await world.say(`deploy ${FLEET} ${GOOD} --soak 1m`);
  await world.until('the rest', 60, isIn(world, 'rest'));
  await world.say('freeze for 8h because we investigate');
  await world.until('the pause', 2, async () => (await world.rollout()).paused?.why === 'freeze');
  // What was told to stop before comes up again.
  await world.pass(5);
  const updated = world.ready(GOOD);
  const held = total(world);
  await world.pass(30);
  deepEqual([world.ready(GOOD), total(world)], [updated, held], 'no worker is touched');
  ok(world.ready(OLD) > 0);
  await world.say('unfreeze');
  await world.until('going on', 1, async () => (await world.rollout()).paused === null);
  await world.until('the end', 180, isIn(world, 'done'));
  equal(world.ready(OLD), 0);
  deepEqual(world.broken, []);
});

test('a rollback that a person asks for brings every worker back, without going below the need', async () => {
  const world = await aRolloutWorld();
  await world.say(`deploy ${FLEET} ${GOOD} --soak 1m`);
  await world.until('the rest', 60, isIn(world, 'rest'));
  await world.pass(4);
  match(await world.say(`deploy rollback ${FLEET}`), /rolls back/);
  await world.until('the end', 180, isIn(world, 'rolled-back'));
  equal(world.ready(GOOD), 0);
  equal((await world.rollout()).backBy?.name, 'Asha Rao');
  match(await world.say(`deploy rollback ${FLEET}`), /nothing to roll back/i);
});

test('the fleet is raised during a rollout, and never cut', async () => {
  const world = await aRolloutWorld();
  await world.say(`deploy ${FLEET} ${GOOD} --soak 5m`);
  await world.until('the soak', 30, isIn(world, 'soak'));
  const before = total(world);
  await world.say(`override ${FLEET} floor ${before + 6} for 2h because a customer starts`);
  await world.until('the raise', 15, () => total(world) >= before + 6);
  await world.say(`override cancel ${FLEET}`);
  let fewest = Number.POSITIVE_INFINITY;
  await world.until('the end', 240, async () => {
    const asked = world.simulation.cluster.state.jobs.reduce((sum, job) => sum + job.count, 0);
    fewest = Math.min(fewest, asked);
    return (await phase(world)) === 'done';
  });
  ok(fewest >= before + 6, `${fewest} of ${before + 6}`);
});

test('a bot that is killed again and again, in every step, still brings it to its end', async () => {
  for (const seed of [3, 4]) {
    const world = await aRolloutWorld({ seed, warmMinutes: 30 });
    await world.say(`deploy ${FLEET} ${seed === 3 ? GOOD : BAD} --soak 3m`);
    let next = 3;
    await world.until('the end', 400, async () => {
      if (world.kills() < 150) {
        next = (next * 7 + seed) % 61;
        world.killAfter(next);
      }
      return ['done', 'rolled-back'].includes(await phase(world));
    });
    ok(world.kills() > 20, `${world.kills()} kills`);
    await world.pass(10);
    equal(await phase(world), seed === 3 ? 'done' : 'rolled-back');
    equal(world.ready(seed === 3 ? OLD : BAD), 0);
    ok(world.simulation.cluster.state.deployments.every((one) => one.status !== 'paused'));
  }
});

test('only one rollout of a fleet runs, and a dry run changes nothing', async () => {
  const world = await aRolloutWorld({ warmMinutes: 30 });
  match(await world.say(`deploy ${FLEET} ${GOOD} --dry-run`), /Dry run: Deploy/);
  match(await world.say(`deploy ${FLEET} ${GOOD}`), /begins/);
  match(await world.say(`deploy ${FLEET} ${BAD}`), /under way/);
  match(await world.say(`deploy pause ${FLEET}`), /paused/);
  await world.pass(20);
  equal((await world.rollout()).touched, false);
  match(await world.say(`deploy ${FLEET} latest`), /tag or digest/);
});

test('a maintenance that cannot wait goes first, no unproven image is spread by it, and both come to their end', async () => {
  const world = await aRolloutWorld({ warmMinutes: 30 });
  const { cluster } = world.simulation;
  await world.say(`deploy ${FLEET} ${GOOD} --soak 60m`);
  await world.until('the soak', 60, isIn(world, 'soak'));
  const { golden } = await world.rollout();
  const other = cluster.vms(`${FLEET}-${golden?.zone}`).find(({ id }) => id !== golden?.node);
  ok(other !== undefined);
  // Less than the drain needs: it does not wait for the rollout.
  await world.notice(other.name, 20);
  await world.until('going back', 5, isIn(world, 'rolling-back'));
  match((await world.rollout()).failure?.why ?? '', /has to be maintained/);
  const empty = () => cluster.state.allocations.every((one) => one.vm !== other.id || one.desired === 'stop');
  await world.until('the node is empty in time', 20, empty);
  await world.until('the end', 120, isIn(world, 'rolled-back'));
  equal(world.ready(GOOD), 0);
  deepEqual(world.broken, []);
});

test('a rollout that has touched nothing gives way to a maintenance, and begins when the node is empty', async () => {
  const world = await aRolloutWorld({ warmMinutes: 30 });
  const { cluster } = world.simulation;
  const node = cluster.state.vms.find(({ group }) => group.startsWith(FLEET));
  ok(node !== undefined);
  await world.say(`deploy ${FLEET} ${GOOD} --soak 1m`);
  await world.say(`migrate fix ${node.name}`);
  const here = () => cluster.state.allocations.some((one) => one.vm === node.id && one.desired === 'run');
  await world.until('the golden node', 120, async () => {
    const { touched } = await world.rollout();
    if (touched) ok(!here(), 'no worker is touched while the node is emptied');
    return touched;
  });
  await world.until('the end', 240, isIn(world, 'done'));
});
