/**
 * The whole bot behind its ports: every word that people say and every job comes in here. One place for permission,
 * errors, deadlines and audit; the verbs and jobs stay free of them.
 */

import type { CommandContext, Reply } from '../commands/command.js';
import { homeOf } from '../commands/home.js';
import { hear, verbs } from '../commands/index.js';
import { DIGEST_EVERY_MS } from '../jobs/digest.js';
import { jobs } from '../jobs/index.js';
import type { Job } from '../jobs/job.js';
import { createAuthority } from './app/authority.js';
import { createForms } from './app/forms.js';
import type { FleetConfig } from './config.js';
import { type AccessPolicy, openAccess } from './core/access.js';
import type { DigestTime } from './core/digest.js';
import type { Forms } from './core/form.js';
import type { Message } from './core/message.js';
import type { Millis, Person } from './core/model.js';
import { withoutSecrets } from './core/secrets.js';
import { failure, refusal, resting } from './core/views/problem.js';
import { OperatorError, OutsideError } from './errors.js';
import type {
  Chat,
  Checks,
  Clock,
  DeadLetters,
  DemandReader,
  Directory,
  GaugeReader,
  Incidents,
  JobHandler,
  Log,
  Meter,
  NodeGroupsActor,
  NodeGroupsReader,
  OnCall,
  OrchestratorActor,
  OrchestratorReader,
  Pager,
  Queue,
  RolloutActor,
  RolloutReader,
  Rota,
  RunContext,
  Schedule,
  Store,
  WorkerAddresses,
  WorkerHealth,
} from './ports.js';

export interface Ports {
  clock: Clock;
  store: Store;
  queue: Queue;
  orchestrator: OrchestratorReader & OrchestratorActor;
  nodeGroups: NodeGroupsReader & NodeGroupsActor;
  /** Absent: this orchestrator cannot roll out images. */
  rollouts?: RolloutReader & RolloutActor;
  /** Absent or null: nobody can be asked how workers are. */
  health?: (WorkerAddresses & WorkerHealth) | null;
  demand: DemandReader;
  gauge: GaugeReader;
  /** null: nothing is posted (no workspace configured). */
  chat: Chat | null;
  pager: Pager | null;
  /** Who is in which user group; absent or null: roles come from lists alone. */
  directory?: Directory | null;
  /** Absent or null: no rota is configured. */
  onCall?: OnCall | null;
  rota?: Rota | null;
  /** Absent or null: PagerDuty is only told, never asked. */
  incidents?: Incidents | null;
  /** Absent or null: no dead letters can be moved. */
  deadLetters?: DeadLetters | null;
  meter: Meter;
  log: Log;
  newId(): string;
  /** What `doctor` looks at outside. */
  checks?: Checks | null;
  /** The machine's clock; absent: the Muster clock stands in (in a test). */
  machineNow?(): number;
  /** Why this process does nothing for now, as a sentence; null: it works. Absent: it always does. */
  rests?(): string | null;
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
  /** When the last day is told; absent or null: never. */
  digest?: DigestTime | null;
  /** Absent: every full member is an operator. */
  access?: AccessPolicy;
}

/** Everything a job may touch. Only what it hands to perform.ts changes the cluster. */
export interface JobContext extends Ports {
  fleets: FleetConfig[];
  settings: Settings;
  fleet(name: string): FleetConfig;
  /** Aborts when the job's deadline passes. */
  signal: AbortSignal;
  /** Nominal time of a scheduled run; absent or null: nobody scheduled it. */
  slot?: Millis | null;
  /** Aborts some time before it: peers that have not answered by then are done without. Absent: never. */
  soon?: AbortSignal;
  /** The one road of people's words, for those that come by a queue (an incident button, a remedy). */
  handle(said: Said): Promise<Reply>;
}

export interface Said {
  /** The words after the command's name. */
  text: string;
  by: Person;
  where: string;
  /** As people name it: '#ml-ops'. */
  whereName?: string;
  expectVersion?: number;
  /** The speaker's address, where known: rotas and lists name people by it. */
  email?: string | null;
  /** True when the peer did not say just now who this account is. */
  unknown?: boolean;
  /** PagerDuty's id of the incident that it was said on. */
  incident?: string;
  /** A step of a remedy: who asked for the remedy has confirmed it, or nobody asked. */
  step?: 'confirmed' | 'by-itself';
  /** Names what it makes, where it may be said again after a crash: what is there already is not made twice. */
  id?: string;
}

export interface App {
  handle(said: Said): Promise<Reply>;
  forms: Forms;
  /** The home tab of this person. A peer's failure is in its words; it throws only what should not be. */
  home(said: Said): Promise<Message>;
  /** One handler per job, for the queue to call. */
  handlers(): Record<string, JobHandler>;
  schedules(): Schedule[];
  /** Other fleets and limits from now on; what runs goes on with those it began with. */
  reconfigure(
    next: Pick<Settings, 'channel' | 'maxOverrideSeconds' | 'access' | 'digest'> & { fleets: FleetConfig[] },
  ): void;
}

const MINUTE = 60_000;

export function createApp(ports: Ports, firstFleets: FleetConfig[], firstSettings: Settings): App {
  let fleets = firstFleets;
  let settings = firstSettings;

  function fleet(name: string): FleetConfig {
    const found = fleets.find((each) => each.name === name);
    if (found === undefined) throw new OperatorError('unknown-fleet', `There is no fleet named "${name}".`);
    return found;
  }

  function pages(name: string): boolean {
    const own = fleets.find((each) => each.name === name)?.pagerdutyRoutingKey ?? null;
    return ports.pager !== null && ports.pager.reaches?.(own) !== false;
  }

  function contextOf(given: Said): CommandContext {
    // Whatever is kept or shown later comes from these words.
    const said = { ...given, text: withoutSecrets(given.text) };
    const access = settings.access ?? openAccess();
    const speaker = { id: said.by.id, email: said.email ?? null, known: said.unknown !== true };
    return {
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
      ...(ports.rollouts === undefined ? {} : { rollouts: ports.rollouts }),
      maxOverrideSeconds: settings.maxOverrideSeconds,
      newId: () => said.id ?? ports.newId(),
      email: said.email ?? null,
      rota: ports.rota ?? null,
      deadLetters: ports.deadLetters ?? null,
      pages,
      ...(said.incident === undefined ? {} : { incident: said.incident }),
      ...(said.step === undefined ? {} : { step: said.step }),
      directory: ports.directory ?? null,
      authority: createAuthority(speaker, access, ports),
      access,
      checks: ports.checks ?? null,
      machineNow: ports.machineNow ?? ports.clock.now,
      channel: settings.channel,
    };
  }

  async function handle(said: Said): Promise<Reply> {
    const context = contextOf(said);
    try {
      return await hear(context.said, context);
    } catch (error) {
      const refused = error instanceof OperatorError ? { refused: error.code } : {};
      return { visibility: 'caller', message: excuse(error, said), ...refused };
    }
  }

  /** What people say is left undone while this process rests; what a job says belongs to work that was taken before. */
  function whileResting(): (Reply & { refused: 'resting' }) | null {
    const why = ports.rests?.() ?? null;
    return why === null ? null : { visibility: 'caller', message: resting(why), refused: 'resting' };
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

  async function run(job: Job<unknown>, data: unknown, { signal, soon, slot }: RunContext): Promise<void> {
    const parsed = job.data.safeParse(data);
    if (!parsed.success) {
      // Another version's data: a replica that knows it will take the next one; repeating it here helps nobody.
      ports.log.warn({ job: job.name }, 'left a job with data of another version');
      return;
    }
    const started = ports.clock.now();
    const context: JobContext = {
      ...{ ...ports, fleets, settings, fleet, signal, slot, handle },
      ...(soon === undefined ? {} : { soon }),
    };
    const took = () => (ports.clock.now() - started) / 1_000 / ports.clock.speed;
    try {
      await job.run(parsed.data, context);
      ports.meter.job(job.name, 'done', took());
    } catch (error) {
      ports.meter.job(job.name, signal.aborted ? 'late' : 'failed', took());
      ports.log.error({ job: job.name, data: parsed.data, error }, 'a job failed; it will run again');
      throw error;
    }
  }

  const handlers = (): Record<string, JobHandler> =>
    Object.fromEntries(
      jobs.map((job) => [
        job.name,
        {
          deadlineMs: job.deadlineMs,
          run: (data, given) => run(job, data, given),
        } satisfies JobHandler,
      ]),
    );

  const schedules = (): Schedule[] => [
    { id: 'minute', job: 'minute', everyMs: MINUTE, offsetMs: 0, data: { v: 1 } },
    { id: 'watchdog', job: 'watchdog', everyMs: MINUTE, offsetMs: MINUTE / 2, data: { v: 1 } },
    ...(settings.digest == null
      ? []
      : [{ id: 'digest', job: 'digest', everyMs: DIGEST_EVERY_MS, offsetMs: 0, data: { v: 1 } }]),
    ...fleets.map(({ name, policy }) => ({
      id: `cycle-${name}`,
      job: 'evaluate',
      everyMs: policy.cycleSeconds * 1_000,
      offsetMs: policy.cycleOffsetSeconds * 1_000,
      data: { v: 1, fleet: name, trigger: 'cycle' },
      // An evaluation that was killed keeps its id until its lock has ended, for a cycle and more where the clock runs fast.
      dedupe: null,
    })),
  ];

  const filled = createForms({
    fleets: () => fleets,
    contextOf: (by) => contextOf({ text: '', by, where: 'form' }),
    log: ports.log,
  });
  const forms: Forms = { ...filled, opens: (text) => (whileResting() === null ? filled.opens(text) : null) };

  const home = async (said: Said): Promise<Message> =>
    whileResting()?.message ?? homeOf(contextOf(said), verbs);

  function reconfigure({ fleets: next, ...changed }: Parameters<App['reconfigure']>[0]): void {
    fleets = next;
    settings = { ...settings, ...changed };
  }

  return {
    handle: async (said) => whileResting() ?? handle(said),
    forms,
    home,
    handlers,
    schedules,
    reconfigure,
  };
}
