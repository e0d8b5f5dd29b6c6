import { z } from 'zod';
import type { JobContext } from '../src/app.js';
import type { FleetConfig } from '../src/config.js';
import { begun, MAINTENANCE, type MaintenanceState, type Phase } from '../src/core/maintenance/state.js';
import type { Millis, NodeSeen } from '../src/core/model.js';
import { OutsideError } from '../src/errors.js';
import type { StoredMachine } from '../src/ports.js';
import { announceAll } from './announce.js';
import { defineJob } from './job.js';
import { wakeMaintenance } from './maintenance.js';
import { maintenanceStep } from './maintenance-messages.js';

type Machine = StoredMachine<MaintenanceState>;

const RETRY_MS = 20_000;
/** A notice is asked about again so long while peers are silent; then its hour is long over. */
const PATIENCE_MS = 2 * 3_600_000;
/** The cloud gives GPU VMs an hour. */
const NOTICE_MS = 3_600_000;
/** Reports of the same event, whose hours a restarted watcher may see a little differently. */
const SAME_MS = 90 * 60_000;
const ATTEMPTS = 4;
/** The kind of the newest word about a node that could not be taken at once, in the store. */
const HEARD = 'heard';
const GIVING_BACK: ReadonlySet<Phase> = new Set(['checking', 'returning', 'shrinking']);

const data = z.object({
  v: z.literal(1),
  /** The VM's name, or the orchestrator's id of the node. */
  node: z.string(),
  /** The cloud's word; NONE: the event is over or was withdrawn. */
  event: z.string(),
  deadlineAt: z.number().nullable(),
  heardAt: z.number(),
  /** Set when a person asked. */
  by: z.object({ id: z.string(), name: z.string(), timeZone: z.string().optional() }).optional(),
});
export type Notice = z.output<typeof data>;

/** Finds the node that a notice is about and keeps the notice; the same one again changes nothing. */
export const notice = defineJob({
  name: 'notice',
  data,
  deadlineMs: 30_000,
  async run(given, context) {
    let heard: Notice = given;
    try {
      heard = await newestOf(given, context);
      await take(heard, context);
    } catch (error) {
      if (!(error instanceof OutsideError)) throw error;
      context.meter.peerFailed(error.peer, error.why);
      if (context.clock.now() - heard.heardAt > PATIENCE_MS) throw error;
      await putOff(heard, context);
    }
  },
});

/** One that waits already comes first: it finds the newest word then. */
async function putOff(heard: Notice, context: JobContext): Promise<void> {
  await context.queue.enqueue('notice', heard, { dedupe: `notice-${heard.node}`, delayMs: RETRY_MS });
  await keepWord(heard, context);
}

/** What was put off may have been taken back, or its hour moved, meanwhile. */
async function newestOf(given: Notice, context: JobContext): Promise<Notice> {
  if (given.by !== undefined) return given;
  const kept = await context.store.machine(HEARD, given.node);
  const word = kept === null ? null : data.parse(kept.state);
  return word !== null && isNewer(word, given) ? word : given;
}

/** Of two that were heard in the same moment the end is the later one. */
const isNewer = (one: Notice, other: Notice): boolean =>
  one.heardAt > other.heardAt ||
  (one.heardAt === other.heardAt && one.event === 'NONE' && other.event !== 'NONE');

/** Kept where there is no maintenance, or none that may take it: it has no fleet of its own, so it stands with the first. */
async function keepWord(heard: Notice, context: JobContext): Promise<void> {
  const [first] = context.fleets;
  if (heard.by !== undefined || first === undefined) return;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const kept = await context.store.machine(HEARD, heard.node);
    if (kept !== null && !isNewer(heard, data.parse(kept.state))) return;
    const at = context.clock.now();
    const rev = kept?.rev ?? 0;
    const word = { v: 1, kind: HEARD, id: heard.node, fleet: first.name, rev, open: false, at } as const;
    if ((await context.store.saveMachine({ ...word, state: heard }, { outbox: [], pager: [] })) === 'stored')
      return;
  }
}

async function take(heard: Notice, context: JobContext): Promise<void> {
  const known = ((await context.store.machines(MAINTENANCE)) as Machine[]).filter((each) =>
    isAbout(each.state, heard.node),
  );
  // A stop that was put off must not begin after its end was heard.
  if (heard.event === 'NONE') await keepWord(heard, context);
  const open = known.find((each) => each.open);
  if (open !== undefined && isNextStop(open.state, heard)) return awaitEnd(open, heard, context);
  if (open !== undefined) return change(open, heard, context);
  if (heard.event === 'NONE') return;
  const now = context.clock.now();
  const deadlineAt = heard.by === undefined ? hourOf(heard) : null;
  if (deadlineAt !== null && known.some((each) => wasKnown(each, heard, deadlineAt))) return;
  const found = await find(heard.node, context);
  if (found === null) {
    context.log.warn(
      { node: heard.node, event: heard.event },
      'a maintenance notice of a node that no fleet has',
    );
    return;
  }
  const { fleet, node } = found;
  const wish = heard.by === undefined ? null : { kind: 'fix' as const, by: personOf(heard.by), at: now };
  const { id: nodeId, name, zone } = node;
  const state = begun({ id: nodeId, name, zone }, { event: heard.event, deadlineAt, wish }, now);
  const first = `${name}-${secondsOf(deadlineAt ?? now)}`;
  // The same hour may be announced again after it was taken back.
  const id = known.some((each) => each.id === first) ? `${first}-${secondsOf(heard.heardAt)}` : first;
  await save(
    { v: 1, kind: MAINTENANCE, id, fleet: fleet.name, rev: 0, open: true, at: now, state },
    null,
    context,
  );
}

const secondsOf = (at: Millis): string => Math.floor(at / 1_000).toString(36);

const hourOf = ({ deadlineAt, heardAt }: Notice): Millis => deadlineAt ?? heardAt + NOTICE_MS;

/** A report of a stop that was dealt with. One that was withdrawn was not, and a node that is back may be stopped again. */
function wasKnown({ state, at }: Machine, heard: Notice, deadlineAt: Millis): boolean {
  if (state.deadlineAt === null || Math.abs(state.deadlineAt - deadlineAt) >= SAME_MS) return false;
  if (state.outcome === 'withdrawn') return false;
  if (state.outcome !== 'back') return true;
  const isPast = deadlineAt <= heard.heardAt;
  return isPast || (!state.withdrawn && heard.heardAt <= Math.min(at, state.deadlineAt));
}

/** A stop that comes after the one this maintenance is about: that was called off, or is behind the node. */
function isNextStop(state: MaintenanceState, heard: Notice): boolean {
  if (heard.by !== undefined || heard.event === 'NONE' || hourOf(heard) <= heard.heardAt) return false;
  if (state.phase === 'calling-off') return true;
  const isBehind = state.wentDown || GIVING_BACK.has(state.phase);
  return isBehind && (state.withdrawn || state.deadlineAt === null || heard.heardAt > state.deadlineAt);
}

/** A maintenance ends soon after its node is back; the next one begins then. */
async function awaitEnd({ fleet }: Machine, heard: Notice, context: JobContext): Promise<void> {
  if (context.clock.now() - heard.heardAt <= PATIENCE_MS) return putOff(heard, context);
  context.log.warn(
    { fleet, node: heard.node, event: heard.event },
    'a maintenance notice came to nothing: the one before it does not end',
  );
}

/** A node of ours that has an open maintenance: the event is over, or its hour has moved. */
async function change(machine: Machine, heard: Notice, context: JobContext): Promise<void> {
  let current: Machine | null = machine;
  for (let attempt = 0; attempt < ATTEMPTS && current?.open === true; attempt += 1) {
    const state = changed(current.state, heard);
    if (state === current.state) return;
    const now = context.clock.now();
    if (await save({ ...current, at: now, state }, current.state, context)) return;
    current = (await context.store.machine(MAINTENANCE, machine.id)) as Machine | null;
  }
}

function changed(state: MaintenanceState, heard: Notice): MaintenanceState {
  if (heard.by !== undefined) return state;
  // A stop that is over takes back no wish of a person.
  if (heard.event === 'NONE')
    return state.withdrawn || state.deadlineAt === null ? state : { ...state, withdrawn: true };
  const { deadlineAt } = heard;
  const moved = deadlineAt !== null && hasMoved(state, deadlineAt);
  if (!moved && !state.withdrawn) return state;
  return { ...state, withdrawn: false, ...(moved ? { deadlineAt, event: heard.event } : {}) };
}

/**
 * A small difference is the same hour. A watcher that was restarted counts the cloud's hour from its own start, so a later
 * hour is believed only where it cannot be that; an earlier one always, and any after the notice was taken back.
 */
function hasMoved({ deadlineAt: known, withdrawn }: MaintenanceState, heard: Millis): boolean {
  if (known === null) return true;
  if (Math.abs(heard - known) <= SAME_MS / 9) return false;
  return heard < known || withdrawn || heard - known >= SAME_MS;
}

async function save(
  machine: Machine,
  before: MaintenanceState | null,
  context: JobContext,
): Promise<boolean> {
  const fleet = context.fleet(machine.fleet);
  const step = maintenanceStep(fleet, machine.id, before, machine.state, machine.at);
  if ((await context.store.saveMachine(machine, step)) !== 'stored') return false;
  await announceAll(step.outbox, step.pager, context);
  await wakeMaintenance(machine.fleet, context);
  return true;
}

async function find(
  node: string,
  context: JobContext,
): Promise<{ fleet: FleetConfig; node: NodeSeen } | null> {
  for (const fleet of context.fleets) {
    const nodes = await context.orchestrator.nodes(fleet.orchestrator);
    const found = nodes.find((one) => one.name === node || one.id === node);
    if (found !== undefined) return { fleet, node: found };
  }
  return null;
}

const isAbout = ({ node }: MaintenanceState, name: string): boolean => node.name === name || node.id === name;

const personOf = ({ id, name, timeZone }: NonNullable<Notice['by']>) => ({
  id,
  name,
  ...(timeZone === undefined ? {} : { timeZone }),
});
