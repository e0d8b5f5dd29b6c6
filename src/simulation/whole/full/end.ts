/** When the faults are over, people look after what is still open, as they would on any day, until nothing is. */
import type { FleetConfig } from '../../../config.js';
import { MAINTENANCE, type MaintenanceState } from '../../../core/maintenance/state.js';
import type { Millis, Person } from '../../../core/model.js';
import type { Proposal } from '../../../core/proposal.js';
import { liftsItself } from '../../../core/rollout/look.js';
import type { RolloutState } from '../../../core/rollout/state.js';
import type { Store } from '../../../ports.js';
import type { DayLog } from '../log.js';
import { storedPhase } from '../machines.js';
import { PEOPLE } from '../people.js';
import type { Time } from '../time.js';
import type { World } from '../world.js';
import { ON_CALL, type PagerDuty } from './pagerduty.js';

export interface Ending {
  fleets: FleetConfig[];
  world: World;
  store: Store;
  pagerduty: PagerDuty;
  say(text: string, by: Person): Promise<string>;
  time: Pick<Time, 'passTo'>;
  log: DayLog;
}

const MINUTE = 60_000;
/** What has stayed in its phase for so long is stuck: nobody's notice comes so early, nobody's patience is so long. */
const STUCK_MS = 210 * MINUTE;
const LOOK_MS = 10 * MINUTE;
/** A rollout that found no room for so long is called off; a maintenance that cannot begin is given up. */
const PATIENCE_MS = 90 * MINUTE;

/** Risky changes wait for somebody else's word: they get it, or are declined. */
export async function answerProposals(
  store: Store,
  say: Ending['say'],
  agrees: () => boolean = () => true,
): Promise<void> {
  for (const { id, state } of (await machinesOf(store, ['proposal'])).filter((one) => one.open)) {
    const { by } = state as Proposal;
    const other = PEOPLE.find((one) => one.id !== by.id)!;
    await say(`${agrees() ? 'confirm' : 'decline'} ${id}`, other);
  }
}

export async function bringToAnEnd(ending: Ending): Promise<void> {
  const { world, store, time, pagerduty, log, say } = ending;
  const since = world.now();
  await answerProposals(store, say);
  await replaceLost(ending);
  await time.passTo(since + LOOK_MS);
  let phases = '';
  let changedAt = since;
  while (world.now() - changedAt < STUCK_MS) {
    for (const { id, key } of pagerduty.open())
      if (key.endsWith('/page')) await pagerduty.move(id, 'resolved', ON_CALL[0]!);
    const open = (await machinesOf(store, ['rollout', MAINTENANCE, 'remedy'])).filter((one) => one.open);
    if (open.length === 0) break;
    const now = open.map((one) => `${one.id} ${storedPhase(one)?.phase}`).join();
    if (now !== phases) changedAt = world.now();
    phases = now;
    for (const { kind, fleet, state } of open) {
      if (kind === 'rollout') await lookAfterRollout(ending, fleet, state as RolloutState, since);
      if (kind === MAINTENANCE) await lookAfterNode(ending, fleet, state as MaintenanceState, since);
    }
    await answerProposals(store, say);
    await time.passTo(world.now() + LOOK_MS);
  }
  log.line(world.now(), 'nothing is under way any more');
}

/** A VM that never returns and that no maintenance looks after any more, as somebody had it ignored. */
async function replaceLost({ world, store, log }: Ending): Promise<void> {
  const open = (await machinesOf(store, [MAINTENANCE])).filter((one) => one.open);
  const known = new Set(open.map(({ state }) => (state as MaintenanceState).node.name));
  for (const { name, group, state, maintenance } of world.cluster.state.vms)
    if (state === 'down' && maintenance?.downMs === null && !known.has(name))
      replace(group, name, world, log);
}

function replace(group: string, name: string, world: World, log: DayLog): void {
  const size = world.cluster.group(group)?.size ?? 0;
  log.line(world.now(), `somebody puts another machine in the place of ${name}`);
  world.cluster.deleteInstances(group, [name]);
  world.cluster.resize(group, size);
}

async function lookAfterRollout(
  { say, world }: Ending,
  fleet: string,
  state: RolloutState,
  since: Millis,
): Promise<void> {
  const asha = PEOPLE[0]!;
  const { paused, phase } = state;
  const isStuck = world.now() - Math.max(since, state.phaseAt) > PATIENCE_MS;
  if (paused !== null && !liftsItself(paused, state)) {
    await say(
      `deploy ${phase === 'rolling-back' || paused.why === 'person' ? 'resume' : 'rollback'} ${fleet}`,
      asha,
    );
  } else if (isStuck && phase !== 'rolling-back') await say(`deploy abort ${fleet}`, asha);
}

async function lookAfterNode(
  { say, world, log }: Ending,
  fleet: string,
  state: MaintenanceState,
  since: Millis,
): Promise<void> {
  const { phase, phaseAt, node, asked } = state;
  if (world.now() - Math.max(since, phaseAt) < PATIENCE_MS) return;
  if (phase === 'waiting' || phase === 'fencing' || phase === 'surging') {
    await say(`migrate ignore ${node.name}`, PEOPLE[0]!);
  } else if (asked?.why === 'empty') {
    await say(`migrate ignore ${node.name}`, PEOPLE[0]!);
  } else if (asked?.why === 'never-returned' || asked?.why === 'unhealthy') {
    // Nobody can make a new one here but a person, who puts another machine in its place.
    const group = `${fleet}-${node.zone}`;
    if (world.cluster.vms(group).some((vm) => vm.name === node.name)) replace(group, node.name, world, log);
  }
}

const machinesOf = async (store: Store, kinds: string[]) =>
  (await Promise.all(kinds.map((kind) => store.machines(kind)))).flat();
