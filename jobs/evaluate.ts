import { z } from 'zod';
import type { JobContext } from '../src/app.js';
import type { FleetConfig } from '../src/config.js';
import { decide } from '../src/core/decide.js';
import { explain } from '../src/core/explain.js';
import type { Memory } from '../src/core/memory.js';
import type { OutboxRow, PagerEvent } from '../src/core/message.js';
import {
  type Decision,
  type DecisionRecord,
  type DesiredState,
  type Millis,
  origin,
  type Person,
  type Seen,
  summarize,
  target,
} from '../src/core/model.js';
import { cycleStart, isDecided } from '../src/core/policy.js';
import { remember } from '../src/core/remember.js';
import { shortageAfter } from '../src/core/shortage.js';
import type { FleetState } from '../src/ports.js';
import { hasStopped, stoppedAlert } from './alerts.js';
import { announceAll } from './announce.js';
import { defineJob } from './job.js';
import { keep, look, seenOf } from './look.js';
import { decisionKey, decisionRow, raisesBefore, resumedRow, shortageRow } from './messages.js';

const MUSTER: Person = { id: 'muster', name: 'Muster' };
const RACES = 4;
/** Clocks of machines that keep time differ by far less. Muster time. */
const SKEW_MS = 60_000;

const data = z.object({
  v: z.literal(1),
  fleet: z.string(),
  trigger: z.enum(['cycle', 'guard', 'request', 'window']),
  /** Nominal start of the cycle that is decided; set when the run begins. */
  cycle: z.number().optional(),
  by: z.object({ id: z.string(), name: z.string() }).optional(),
});
type Ask = z.output<typeof data>;

/**
 * See -> decide -> store the desired state, for one fleet. Any number of repeats, replicas and crashes make one decision
 * a cycle: the store refuses a second one, and `converge` alone touches the cluster.
 */
export const evaluate = defineJob({
  name: 'evaluate',
  data,
  deadlineMs: 20_000,
  async run(asked, context) {
    const fleet = context.fleet(asked.fleet);
    const started = context.clock.now();
    const ask = await asOfNow(asked, fleet, context);
    if (ask === null) return;
    const looked = await look(fleet, context);
    for (let race = 0; race < RACES; race += 1) {
      const kept = await keep(fleet, looked.sample, context);
      if (kept === null || context.signal.aborted) return;
      const outcome = await decideOnce(ask, fleet, kept, looked, started, context);
      if (outcome !== 'conflict') return;
    }
    context.log.warn(
      { fleet: fleet.name },
      'the fleet kept changing while it was evaluated; the next minute tries again',
    );
  },
});

/**
 * Whatever asked, a cycle that nobody has decided yet is decided first: a request that overtook the cycle's own run in
 * the queue speaks for it. A run whose cycle is decided or over has nothing to do.
 */
async function asOfNow(ask: Ask, fleet: FleetConfig, context: JobContext): Promise<Ask | null> {
  const { lastCycle } = await context.store.fleet(fleet.name);
  const now = context.clock.now();
  const cycle = cycleStart(nominal(now, context), fleet.policy);
  if (!isDecided(lastCycle, cycle, now)) return { ...ask, trigger: 'cycle', cycle };
  return ask.trigger === 'cycle' ? null : ask;
}

/** The schedule's own moment: this machine's clock may be a little behind the one by which the run was begun. */
function nominal(now: Millis, { slot = null }: JobContext): Millis {
  return slot !== null && slot > now && slot - now <= SKEW_MS ? slot : now;
}

type Kept = NonNullable<Awaited<ReturnType<typeof keep>>>;

async function decideOnce(
  ask: Ask,
  fleet: FleetConfig,
  kept: Kept,
  looked: Awaited<ReturnType<typeof look>>,
  started: number,
  context: JobContext,
): Promise<'stored' | 'duplicate' | 'conflict' | 'nothing'> {
  const { state, memory } = kept;
  const now = context.clock.now();
  const cycle = ask.cycle ?? cycleStart(now, fleet.policy);
  const { speed } = context.clock;
  const seen = seenOf(fleet, looked, state, memory, { now, cycle, trigger: ask.trigger, speed });
  const decision = decide(seen, fleet.policy);
  if (ask.trigger === 'guard' && (decision.kind === 'hold' || isAdvisedAlready(decision, state)))
    return 'nothing';

  const id = decisionId(fleet.name, ask, cycle, now);
  const acts = decision.kind === 'scale' && fleet.policy.mode === 'act';
  const earlier = ask.trigger === 'guard' ? await raisesBefore(fleet.name, cycle, context.store) : [];
  const shortage = shortageAfter({ id, at: now, decision }, state.latest?.shortage ?? null);
  const record: DecisionRecord = {
    v: 1,
    id,
    fleet: fleet.name,
    cycle,
    at: now,
    trigger: ask.trigger,
    seen,
    policy: fleet.policy,
    decision,
    status: decision.kind === 'hold' ? 'held' : acts ? 'planned' : 'advised',
    ...(ask.by === undefined ? {} : { by: ask.by }),
    ...(earlier.length === 0 ? {} : { earlier }),
    ...(shortage === null ? {} : { shortage }),
  };
  const desired = acts ? desiredOf(record, state) : again(decision, state, now);
  const after =
    acts || decision.kind === 'hold' ? remember(memory, seen, decision) : advised(memory, seen, decision);
  const messages = await messagesOf(record, state, fleet, context);
  const committed = await context.store.commitDecision({
    record,
    // Storing a new desired state makes a new version, too.
    memory: { ...after, rev: memory.rev + 1, decidedVersion: state.version + (desired === null ? 0 : 1) },
    expectRev: memory.rev,
    expectVersion: state.version,
    desired,
    audit: {
      at: now,
      by: ask.by ?? MUSTER,
      action: 'decision',
      fleet: fleet.name,
      ids: { decision: id },
      detail: { kind: decision.kind, from: origin(decision), to: target(decision), trigger: ask.trigger },
    },
    ...messages,
  });
  if (committed !== 'stored') return committed;
  tell(record, fleet, started, context);
  if (desired !== null)
    await context.queue.enqueue(
      'converge',
      { v: 1, fleet: fleet.name },
      { dedupe: `converge-${fleet.name}` },
    );
  await announceAll(messages.outbox, messages.pager, context);
  return 'stored';
}

async function messagesOf(
  record: DecisionRecord,
  state: FleetState,
  fleet: FleetConfig,
  context: JobContext,
): Promise<{ outbox: OutboxRow[]; pager: PagerEvent[] }> {
  const outbox: OutboxRow[] = [];
  const pager: PagerEvent[] = [];
  const { decision } = record;
  if (decision.kind === 'scale') {
    const { store } = context;
    outbox.push(await decisionRow(record, null, fleet, record.at, store));
    const old = record.status === 'planned' ? await unfinished(state, fleet, context) : null;
    if (old !== null && decisionKey(old) !== decisionKey(record))
      outbox.push(await decisionRow({ ...old, status: 'superseded' }, null, fleet, record.at, store));
    if (record.status === 'planned') pager.push(changeEvent(record, fleet));
  }
  const short = shortageRow(record, fleet, state.latest?.shortage ?? null);
  if (short !== null) outbox.push(short);
  // As the watchdog counts: from the first sight of a fleet that was never decided about.
  const last = state.lastCycle ?? state.memory?.firstAt ?? null;
  if (record.trigger === 'cycle' && last !== null && hasStopped(last, record.at, fleet.policy)) {
    outbox.push(resumedRow(last, record, fleet));
    pager.push(stoppedAlert(fleet.name, 'resolve', last, record.at));
  }
  return { outbox, pager };
}

/** The decision that this one overtakes while it was still being carried out. */
async function unfinished(
  state: FleetState,
  fleet: FleetConfig,
  context: JobContext,
): Promise<DecisionRecord | null> {
  const { desired } = state;
  if (desired === null || (desired.status !== 'planned' && desired.status !== 'applying')) return null;
  return context.store.decision(fleet.name, desired.decisionId);
}

function changeEvent(record: DecisionRecord, fleet: FleetConfig): PagerEvent {
  return {
    v: 1,
    kind: 'change',
    fleet: fleet.name,
    id: record.id,
    summary: `${fleet.name}: ${origin(record.decision)} -> ${target(record.decision)} workers`,
    details: {
      decisionId: record.id,
      trigger: record.trigger,
      why: explain(record.decision, record.seen, record.policy).join(' '),
    },
    at: record.at,
  };
}

function desiredOf(record: DecisionRecord, { desired }: FleetState): DesiredState {
  return {
    v: 1,
    fleet: record.fleet,
    decisionId: record.id,
    at: record.at,
    placement: record.decision.placement,
    from: origin(record.decision),
    status: 'planned',
    note: null,
    actedAt: null,
    ...oneMoreTry(desired),
  };
}

/** A fleet that lacks something goes on in the alert that it has, whatever is asked for meanwhile. */
const oneMoreTry = (desired: DesiredState | null): Pick<DesiredState, 'lack'> =>
  desired?.lack === undefined ? {} : { lack: { ...desired.lack, tries: desired.lack.tries + 1 } };

/** The same change once more: its message goes on instead of a new one each cycle. */
function again(decision: Decision, { desired }: FleetState, now: Millis): DesiredState | null {
  if (desired === null || !decision.reasons.some(({ code }) => code === 'tried-again')) return null;
  const { restUntil: _over, ...rest } = desired;
  return { ...rest, status: 'planned', note: null, actedAt: null, againAt: now, ...oneMoreTry(desired) };
}

/** What advice leaves behind: the vote, but no change that nobody made. */
function advised(memory: Memory, seen: Seen, decision: Decision): Memory {
  const found = seen.zones?.reduce((sum, zone) => sum + zone.desired, 0) ?? memory.desired;
  return { ...memory, votes: remember(memory, seen, decision).votes, desired: found };
}

/** Nobody follows advice within a minute: the guard says it once, and again when it asks for more. */
const isAdvisedAlready = (decision: Decision, { latest }: FleetState): boolean =>
  latest?.status === 'advised' && latest.to >= target(decision);

/** A cycle's decision is named by the cycle, so that a second one cannot even be written; the others by their moment. */
function decisionId(fleet: string, ask: Ask, cycle: number, now: number): string {
  return ask.trigger === 'cycle'
    ? `${fleet}-${cycle / 1_000}`
    : `${fleet}-${Math.floor(now / 1_000)}-${ask.trigger}`;
}

function tell(record: DecisionRecord, fleet: FleetConfig, started: number, context: JobContext): void {
  const { decision } = record;
  const seconds = (context.clock.now() - started) / 1_000 / context.clock.speed;
  context.meter.decided(fleet.name, decision.kind, record.trigger, seconds, record.at);
  context.meter.fleet(fleet.name, {
    desired: target(decision),
    need: decision.numbers.need,
    forecast: decision.numbers.forecast,
    costPerHour: decision.numbers.costPerHourTo,
  });
  const { kind, from, to, reasons } = summarize(record);
  context.log.info(
    {
      fleet: fleet.name,
      decision: record.id,
      kind,
      from,
      to,
      trigger: record.trigger,
      reasons: reasons.map((r) => r.code),
    },
    kind === 'scale' ? 'decided to scale' : 'decided to hold',
  );
}
