import { z } from 'zod';
import type { JobContext } from '../src/app.js';
import type { FleetConfig } from '../src/config.js';
import { begun, MAINTENANCE, type MaintenanceState } from '../src/core/maintenance/state.js';
import type { NodeSeen } from '../src/core/model.js';
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
  async run(heard, context) {
    try {
      await take(heard, context);
    } catch (error) {
      if (!(error instanceof OutsideError)) throw error;
      context.meter.peerFailed(error.peer, error.why);
      if (context.clock.now() - heard.heardAt > PATIENCE_MS) throw error;
      await context.queue.enqueue('notice', heard, { dedupe: `notice-${heard.node}`, delayMs: RETRY_MS });
    }
  },
});

async function take(heard: Notice, context: JobContext): Promise<void> {
  const known = ((await context.store.machines(MAINTENANCE)) as Machine[]).filter((each) =>
    isAbout(each.state, heard.node),
  );
  const open = known.find((each) => each.open);
  if (open !== undefined) return change(open, heard, context);
  if (heard.event === 'NONE') return;
  const now = context.clock.now();
  const deadlineAt = heard.by === undefined ? (heard.deadlineAt ?? heard.heardAt + NOTICE_MS) : null;
  const wasKnown = (each: Machine) =>
    each.state.deadlineAt !== null &&
    deadlineAt !== null &&
    Math.abs(each.state.deadlineAt - deadlineAt) < SAME_MS;
  if (known.some(wasKnown)) return;
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
  const id = `${name}-${Math.floor((deadlineAt ?? now) / 1_000).toString(36)}`;
  await save(
    { v: 1, kind: MAINTENANCE, id, fleet: fleet.name, rev: 0, open: true, at: now, state },
    null,
    context,
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
  if (heard.event === 'NONE') return state.withdrawn ? state : { ...state, withdrawn: true };
  const { deadlineAt } = heard;
  // A watcher that does not know the hour says nothing new, and a small difference is the same hour.
  const moved =
    deadlineAt !== null &&
    (state.deadlineAt === null || Math.abs(deadlineAt - state.deadlineAt) > SAME_MS / 9);
  if (!moved && !state.withdrawn) return state;
  return { ...state, withdrawn: false, ...(moved ? { deadlineAt, event: heard.event } : {}) };
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
