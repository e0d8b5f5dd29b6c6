/**
 * The whole bot behind its ports: every word that people say and every job comes in here. One place for permission,
 * errors, deadlines and audit; the verbs and jobs stay free of them.
 */

import type { CommandContext, Reply } from '../commands/command.js';
import { hear } from '../commands/index.js';
import { jobs } from '../jobs/index.js';
import type { FleetConfig } from './config.js';
import type { Message } from './core/message.js';
import type { Millis, Person } from './core/model.js';
import { failure, refusal } from './core/views/problem.js';
import { OperatorError, OutsideError } from './errors.js';
import type {
  Chat,
  Clock,
  DemandReader,
  GaugeReader,
  Log,
  Meter,
  NodeGroupsActor,
  NodeGroupsReader,
  OrchestratorActor,
  OrchestratorReader,
  Pager,
  Queue,
  Store,
} from './ports.js';

export interface Ports {
  clock: Clock;
  store: Store;
  queue: Queue;
  orchestrator: OrchestratorReader & OrchestratorActor;
  nodeGroups: NodeGroupsReader & NodeGroupsActor;
  demand: DemandReader;
  gauge: GaugeReader;
  /** null: nothing is posted (no workspace configured). */
  chat: Chat | null;
  pager: Pager | null;
  meter: Meter;
  log: Log;
  newId(): string;
  /** Tells the outside that decisions are being made; a no-op without a configured address. */
  heartbeat(): Promise<void>;
}

export interface Settings {
  /** Names this process in leases. */
  holder: string;
  /** Where what concerns no single fleet is said. */
  channel: string;
  command: string;
  leaseMs: number;
  maxOverrideSeconds: number;
}

/** Everything a job may touch. Only what it hands to perform.ts changes the cluster. */
export interface JobContext extends Ports {
  fleets: FleetConfig[];
  settings: Settings;
  fleet(name: string): FleetConfig;
  /** Nominal Muster time of the schedule slot the job came from; null when something else asked for it. */
  slot: Millis | null;
  /** Aborts when the job's deadline passes. */
  signal: AbortSignal;
}

export interface Said {
  /** The words after the command's name. */
  text: string;
  by: Person;
  where: string;
  /** As people name it: '#ml-ops'. */
  whereName?: string;
  expectVersion?: number;
}

/** One recurring job, on the Muster clock. */
export interface Schedule {
  id: string;
  job: string;
  everyMs: Millis;
  offsetMs: Millis;
  data: unknown;
}

export interface App {
  /** What a queue must know of each job to run it. */
  jobs: { name: string; deadlineMs: number }[];
  handle(said: Said): Promise<Reply>;
  run(job: string, data: unknown, options: { slot: Millis | null; signal: AbortSignal }): Promise<void>;
  schedules(): Schedule[];
}

const MINUTE = 60_000;

export function createApp(ports: Ports, fleets: FleetConfig[], settings: Settings): App {
  const byName = new Map(fleets.map((fleet) => [fleet.name, fleet]));

  function fleet(name: string): FleetConfig {
    const found = byName.get(name);
    if (found === undefined) throw new OperatorError('unknown-fleet', `There is no fleet named "${name}".`);
    return found;
  }

  async function handle(said: Said): Promise<Reply> {
    const context: CommandContext = {
      by: said.by,
      now: ports.clock.now(),
      said: said.text,
      where: said.where,
      ...(said.whereName === undefined ? {} : { whereName: said.whereName }),
      command: settings.command,
      ...(said.expectVersion === undefined ? {} : { expectVersion: said.expectVersion }),
      fleets,
      clock: ports.clock,
      reader: ports.store,
      store: ports.store,
      queue: ports.queue,
      orchestrator: ports.orchestrator,
      nodeGroups: ports.nodeGroups,
      maxOverrideSeconds: settings.maxOverrideSeconds,
      newId: ports.newId,
    };
    try {
      return await hear(said.text, context);
    } catch (error) {
      return { visibility: 'caller', message: excuse(error, said) };
    }
  }

  /** A slip is answered with the right way to say it; a failure with what failed and an id that the log has, too. */
  function excuse(error: unknown, said: Said): Message {
    if (error instanceof OperatorError)
      return refusal(error.message, { command: settings.command, usage: error.usage });
    const id = ports.newId();
    ports.log.error({ error, errorId: id, by: said.by.id }, 'a command failed');
    if (error instanceof OutsideError)
      return failure(`${error.peer} did not answer as expected (${error.why}).`, id);
    return failure('something went wrong on my side.', id);
  }

  async function run(
    name: string,
    data: unknown,
    options: { slot: Millis | null; signal: AbortSignal },
  ): Promise<void> {
    const job = jobs.find((each) => each.name === name);
    if (job === undefined) throw new Error(`There is no job named "${name}".`);
    const parsed = job.data.safeParse(data);
    if (!parsed.success) {
      // A newer replica's data: it will be taken by one that knows it, or by nobody; repeating it here helps nobody.
      ports.log.warn(
        { job: name, issues: parsed.error.issues.length },
        'left a job with data of another version',
      );
      return;
    }
    const context: JobContext = {
      ...ports,
      fleets,
      settings,
      fleet,
      slot: options.slot,
      signal: options.signal,
    };
    await job.run(parsed.data, context);
  }

  function schedules(): Schedule[] {
    return [
      { id: 'minute', job: 'tick', everyMs: MINUTE, offsetMs: 0, data: { v: 1, kind: 'minute' } },
      { id: 'watchdog', job: 'watchdog', everyMs: MINUTE, offsetMs: 30_000, data: { v: 1 } },
      ...fleets.map((each) => ({
        id: `cycle-${each.name}`,
        job: 'tick',
        everyMs: each.policy.cycleSeconds * 1_000,
        offsetMs: each.policy.cycleOffsetSeconds * 1_000,
        data: { v: 1, kind: 'cycle', fleet: each.name },
      })),
    ];
  }

  return { jobs: jobs.map(({ name, deadlineMs }) => ({ name, deadlineMs })), handle, run, schedules };
}
