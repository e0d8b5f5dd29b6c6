/**
 * What a verb is. A Slack text, a Slack button, a PagerDuty button and the shell all come in by this one road:
 * `app.handle`. Acknowledgement, permission, usage on bad input, error replies and audit are there, not in the verb.
 */
import type { z } from 'zod';
import type { FleetConfig } from '../src/config.js';
import type { AccessPolicy, Contact, Holder, Role, Standing } from '../src/core/access.js';
import type { Form } from '../src/core/form.js';
import type { Message } from '../src/core/message.js';
import type { Millis, Person } from '../src/core/model.js';
import type { Plan } from '../src/core/plan.js';
import type { OperatorCode } from '../src/errors.js';
import type {
  Checks,
  Clock,
  DeadLetters,
  Directory,
  NodeGroupsReader,
  OrchestratorReader,
  Queue,
  RolloutReader,
  Rota,
  Store,
  StoreReader,
} from '../src/ports.js';

/** Everything a verb may touch: readers, Store and Queue only. */
export interface CommandContext {
  by: Person;
  now: Millis;
  /** The words after /muster, as typed. */
  said: string;
  /** Where it was typed: a Slack channel id, 'shell', 'pagerduty'. */
  where: string;
  /** The same as people name it ('#ml-ops'), where it has a name. */
  whereName?: string;
  /** The slash command as configured, '/muster'. */
  command: string;
  /** The fleet's version a button was made for, when it came from a button. */
  expectVersion?: number;
  fleets: FleetConfig[];
  clock: Clock;
  reader: StoreReader;
  store: Pick<
    Store,
    | 'setOverride'
    | 'endOverride'
    | 'setFreeze'
    | 'endFreeze'
    | 'saveMachine'
    | 'appendAudit'
    | 'fleet'
    | 'once'
  >;
  queue: Queue;
  orchestrator: OrchestratorReader;
  nodeGroups: NodeGroupsReader;
  /** Absent: the orchestrator cannot roll out images. */
  rollouts?: RolloutReader;
  /** The longest an override or freeze may last. */
  maxOverrideSeconds: number;
  /** Ids for new intents, unique. */
  newId(): string;
  /** What the speaker may do. */
  authority: Authority;
  access: AccessPolicy;
  /** What `doctor` looks at outside; absent: nothing. */
  checks?: Checks | null;
  /** The machine's clock, for what waits for a person's click. */
  machineNow(): Millis;
  /** The speaker's address, where known. */
  email?: string | null;
  /** Absent or null: no rota is configured. */
  rota?: Rota | null;
  deadLetters?: Pick<DeadLetters, 'count'> | null;
  /** Whether anybody is called when something is paged about this fleet. */
  pages(fleet: string): boolean;
  /** PagerDuty's id of the incident that it was said on. */
  incident?: string;
  /** Set when a remedy says it: who asked for the remedy has confirmed it, or nobody asked. */
  step?: 'confirmed' | 'by-itself';
  /** Accounts of the chat; absent or null: there is none to ask. */
  directory?: Pick<Directory, 'byEmail'> | null;
  /** Where what concerns no single fleet is said. */
  channel: string;
  /** What this very run was planned to do, when its verb plans. */
  plan?: Plan;
  /** Set when a proposal was confirmed: which, and by whom. */
  approval?: { proposal: string; by: Person };
}

/** Asked by the one road, and again at each click; facts are fetched only when they could matter. */
export interface Authority {
  standing(needed: Role): Promise<Standing>;
  /** For the words of a refusal: those who have the role, and who is on call (null: not known). */
  holders(needed: Role): Promise<{ people: Holder[]; onCall: Contact[] | null }>;
}

export interface Reply {
  /** 'caller' sees it alone unless the verb changed something the team should see. */
  visibility: 'caller' | 'channel';
  message: Message;
  /** A form to fill in instead, where the surface can show one; the message stands for it elsewhere. */
  modal?: Form;
  /** Set when the verb understood but refused: nothing was changed. */
  refused?: OperatorCode;
  /** Set when nothing is done before somebody's click. */
  waits?: true;
  /** What the message whose button said it becomes: what it asked for is settled, whoever settled it. */
  closes?: Message;
  /** A whole file, for who can take one: the shell writes it to standard output. */
  file?: { name: string; text: string };
}

/** What `parse` may know: no I/O. */
export interface ParseContext {
  now: Millis;
  timeZone: string;
  fleets: string[];
  said: string;
  maxOverrideSeconds: number;
}

export interface Verb<A = unknown> {
  name: string;
  /** After the verb's name: '<fleet> <n> for <duration> because <reason>'. */
  usage: string;
  summary: string;
  /** Runnable, without the leading /muster. */
  examples: string[];
  /** True when it changes intent: it is audited, and needs the operator role unless `role` says otherwise. */
  changes: boolean;
  /** The role it takes; absent: operator when it changes something, else viewer. */
  role?: Role;
  /** The role that these very arguments take (a dry run, say). */
  roleFor?(args: A): Role;
  /**
   * What it would do, for verbs that can hurt: shown by --dry-run, and before it is done when something about it is risky.
   * null: there is nothing to plan (a conflict, say); `run` says why.
   */
  plan?(args: A, context: CommandContext): Promise<Plan | null>;
  /** Words to typed arguments; throws OperatorError('usage' …) with a friendly sentence. Pure. */
  parse(words: string[], context: ParseContext): A;
  schema?: z.ZodType<A>;
  run(args: A, context: CommandContext): Promise<Reply>;
}

export function defineVerb<A>(verb: Verb<A>): Verb<A> {
  return verb;
}
