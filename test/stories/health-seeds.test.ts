/**
 * Seeds of all that can befall workers, with people, rollouts and kill -9 in between. What must hold: a worker that is
 * well is never recycled by itself, nobody is while the storage is out, never more an hour than allowed, the fleet never
 * grows beyond what the rule for ill workers allows, and in the end all is well and every incident is over.
 */
import { deepEqual, ok } from 'node:assert/strict';
import { test } from 'node:test';
import type { RolloutState } from '../../src/core/rollout/state.js';
import type { SimAllocation } from '../../src/simulation/cluster/state.js';
import { createRandom, seedFor } from '../../src/simulation/random.js';
import { aRolloutWorld, FLEET, GOOD, type RolloutWorld } from './rollout-world.js';

const HOLLOW = `registry.example/${FLEET}:hollow`;
const SEEDS = Number(process.env.HEALTH_SEEDS ?? 6);
const HOURS = 2;
const PER_HOUR = 3;
const REMEDIES = { auto: ['recycle-worker', 'recycle-node'], perHour: PER_HOUR };

interface Stop {
  at: number;
  what: string;
}

let recycled = 0;

for (let seed = 1; seed <= SEEDS; seed += 1) {
  test(`seed ${seed}: what befalls workers is mended, and nothing else is touched`, async () => {
    const world = await aRolloutWorld({ seed, remedies: REMEDIES, warmMinutes: 30 });
    const random = createRandom(seedFor(seed, 'health'));
    const wrong: string[] = [];
    const stops: Stop[] = [];
    watchHands(world, stops, wrong);
    const { cluster } = world.simulation;
    let storageBack = 0;
    for (let minute = 0; minute < HOURS * 60; minute += 1) {
      const dice = random.next();
      const well = servers(world).filter((one) => one.ill === undefined);
      const victim = well[random.int(Math.max(1, well.length))];
      if (storageBack > 0 && minute >= storageBack) {
        cluster.setDependency(true);
        storageBack = 0;
      }
      if (victim !== undefined && dice < 0.03) cluster.sicken(victim.id, { kind: 'stuck' });
      else if (victim !== undefined && dice < 0.05) cluster.sicken(victim.id, { kind: 'no-model' });
      else if (victim !== undefined && dice < 0.06) cluster.setDevice(victim.vm, false);
      else if (victim !== undefined && dice < 0.08) cluster.sicken(victim.id, { kind: 'silent' });
      else if (dice < 0.09 && storageBack === 0) {
        cluster.setDependency(false);
        storageBack = minute + 3 + random.int(15);
      } else if (dice < 0.1)
        await world.say(`deploy ${FLEET} ${random.chance(0.5) ? GOOD : HOLLOW} --soak 3m`);
      if (random.chance(0.1)) world.killAfter(1 + random.int(30));
      await world.pass(1);
      world.killAfter(null);
      await tendRollout(world);
      const desired = cluster.fleet(FLEET).reduce((sum, zone) => sum + zone.desired, 0);
      if (desired > 120) wrong.push(`${minute}: ${desired} workers are asked for`);
    }
    world.killAfter(null);
    cluster.setDependency(true);
    // What is silent only is a person's to recycle.
    for (const one of servers(world)) if (one.ill?.kind === 'silent') cluster.sicken(one.id, null);
    await world.until('all well', 300, async () => {
      await tendRollout(world);
      const stored = await world.ports.store.machine('health', FLEET);
      const open = (await world.ports.store.machines('remedy')).some((one) => one.open);
      const ill =
        servers(world).some((one) => one.ill !== undefined) ||
        cluster.state.vms.some((vm) => vm.deviceFailedAt !== undefined);
      return !ill && !open && (stored?.state as { alert: unknown } | undefined)?.alert === null;
    });
    await world.pass(3);
    deepEqual(wrong, []);
    deepEqual(overTheLimit(stops), []);
    deepEqual(openPages(world), []);
    deepEqual(world.broken, []);
    recycled += stops.length;
  });
}

test('the seeds were no calm days', () => {
  ok(recycled > SEEDS, `${recycled} recycled in ${SEEDS} seeds`);
});

/** Asha rolls back what stands still for ten minutes. */
async function tendRollout(world: RolloutWorld): Promise<void> {
  const open = (await world.ports.store.machines('rollout')).find((one) => one.open);
  const paused = (open?.state as RolloutState | undefined)?.paused ?? null;
  if (paused !== null && paused.why !== 'person' && world.now() - paused.at > 600_000)
    await world.say(`deploy rollback ${FLEET}`);
}

const servers = ({ simulation }: RolloutWorld): SimAllocation[] =>
  simulation.cluster.state.allocations.filter(
    (one) => one.desired === 'run' && one.client === 'running' && one.servesAt <= simulation.cluster.now,
  );

/** Every hand that a remedy lays on a worker or a node is judged by the truth of that moment. */
function watchHands(world: RolloutWorld, stops: Stop[], wrong: string[]): void {
  const { cluster } = world.simulation;
  const judge = (what: string, isIll: boolean): void => {
    stops.push({ at: world.now(), what });
    if (!isIll) wrong.push(`${what} is well`);
    if (cluster.state.dependencyOutAt !== undefined && !isIll) wrong.push(`${what} while the storage is out`);
  };
  const failed = (vm: string): boolean =>
    cluster.state.vms.find(({ id }) => id === vm)?.deviceFailedAt !== undefined;
  world.watch({
    stopWorker: (id) => {
      const one = cluster.state.allocations.find((each) => each.id === id);
      if (one === undefined || one.desired !== 'run') return;
      judge(`worker ${id}`, one.ill !== undefined || failed(one.vm));
    },
    drain: (id, decisionId) => {
      if (decisionId !== 'remedy') return;
      const here = servers(world).filter(({ vm }) => vm === id);
      judge(`node ${id}`, failed(id) || here.every(({ ill }) => ill !== undefined));
    },
  });
}

/** A step may be repeated after a crash; the same target counts once. */
function overTheLimit(stops: Stop[]): string[] {
  const first = stops.filter((one, n) => stops.findIndex(({ what }) => what === one.what) === n);
  return first.flatMap(({ at, what }) => {
    const within = first.filter((one) => one.at >= at && one.at < at + 3_600_000).length;
    return within > PER_HOUR ? [`${within} within the hour from ${what}`] : [];
  });
}

function openPages({ pages }: RolloutWorld): string[] {
  const open = new Set<string>();
  for (const page of pages)
    if ('dedupKey' in page && page.dedupKey.includes('/health/')) {
      if (page.kind === 'resolve') open.delete(page.dedupKey);
      else open.add(page.dedupKey);
    }
  return [...open];
}
