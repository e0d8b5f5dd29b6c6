import type { FleetConfig } from '../src/config.js';
import { parseDuration, showDuration } from '../src/core/duration.js';
import type { Message } from '../src/core/message.js';
import type { Plan } from '../src/core/plan.js';
import { askRollout, type RolloutAsk } from '../src/core/rollout/ask.js';
import { isOver, newRollout, type RolloutState, storedRollout } from '../src/core/rollout/state.js';
import { rolloutMessage, rolloutRow, standing, tagOf } from '../src/core/views/rollout.js';
import { OperatorError, OutsideError } from '../src/errors.js';
import type { StoredMachine } from '../src/ports.js';
import { knownFleet, short } from './arguments.js';
import { type CommandContext, defineVerb, type ParseContext, type Reply } from './command.js';
import { planRollout } from './deploy-plan.js';

const usage =
  '<fleet> <image> [--soak 10m] [--batch 1] [--dry-run] | status|pause|resume|abort|rollback <fleet>';
const full = `deploy ${usage}`;
const SOAK_SECONDS = 600;
const LONGEST_SOAK_SECONDS = 86_400;
const LARGEST_BATCH = 20;
const WORDS = ['status', 'pause', 'resume', 'abort', 'rollback'] as const;

interface Start {
  do: 'start';
  fleet: string;
  image: string;
  soakSeconds: number;
  batch: number;
}

type DeployArguments = Start | { do: 'status' | RolloutAsk; fleet: string };

export const deploy = defineVerb<DeployArguments>({
  name: 'deploy',
  usage,
  summary:
    'Rolls an image out: pulled everywhere first, one golden node, a soak, then node after node; a bad golden node goes back by itself.',
  examples: [
    'deploy face-match registry.example/face-match:2.0 --dry-run',
    'deploy face-match registry.example/face-match:2.0 --soak 10m',
    'deploy status face-match',
    'deploy rollback face-match',
  ],
  changes: true,
  roleFor: (args) => (args.do === 'status' ? 'viewer' : 'operator'),
  parse,
  plan,
  run: (args, context) => {
    const fleet = context.fleets.find((other) => other.name === args.fleet)!;
    if (context.rollouts === undefined)
      throw new OperatorError(
        'bad-configuration',
        `The orchestrator of ${fleet.name} cannot roll out images.`,
      );
    if (args.do === 'start') return start(args, fleet, context);
    return args.do === 'status' ? showStatus(fleet, context) : ask(args.do, fleet, context);
  },
});

function parse(words: string[], context: ParseContext): DeployArguments {
  const [first = '', second] = words;
  const word = WORDS.find((one) => one === first.toLowerCase());
  // A fleet may be named like a word: two words that end in an image begin a rollout.
  if (word !== undefined && !(context.fleets.includes(first) && isImage(second ?? ''))) {
    return { do: word, fleet: knownFleet(second ?? only(context), context, full) };
  }
  const fleet = knownFleet(words[0], context, full);
  const { plain, options } = optionsOf(words.slice(1));
  const [image = '', extra] = plain;
  if (extra !== undefined) throw new OperatorError('usage', `“${short(extra)}” is one word too many.`, full);
  return {
    do: 'start',
    fleet,
    image: imageOf(image),
    soakSeconds: soakOf(options.get('soak')),
    batch: batchOf(options.get('batch')),
  };
}

const only = (context: ParseContext): string | undefined =>
  context.fleets.length === 1 ? context.fleets[0] : undefined;

/** '--soak 10m', '--soak=10m', with dashes as phones write them. */
function optionsOf(words: string[]): { plain: string[]; options: Map<string, string> } {
  const plain: string[] = [];
  const options = new Map<string, string>();
  for (let at = 0; at < words.length; at += 1) {
    const [, name, value] = /^(?:--|—|–)([a-z-]+)(?:=(.*))?$/i.exec(words[at] ?? '') ?? [];
    if (name === undefined) plain.push(words[at] ?? '');
    // Whoever asks for a plan alone was given it before: see act.ts.
    else if (name === 'dry-run') continue;
    else if (name === 'soak' || name === 'batch') {
      options.set(name, value ?? words[at + 1] ?? '');
      if (value === undefined) at += 1;
    } else throw new OperatorError('usage', `There is no option “--${short(name)}” here.`, full);
  }
  return { plain, options };
}

const isImage = (text: string): boolean =>
  /^[a-z0-9][\w.\-/:]{0,200}(:[\w][\w.-]{0,127}|@sha256:[0-9a-f]{64})$/i.test(text);

function imageOf(text: string): string {
  if (text === '')
    throw new OperatorError('usage', 'Which image? registry.example/face-match:2.0, say.', full);
  if (!isImage(text)) {
    throw new OperatorError(
      'bad-input',
      `“${short(text)}” is no image with a tag or digest, such as registry.example/face-match:2.0.`,
      full,
    );
  }
  if (!text.endsWith(':latest')) return text;
  throw new OperatorError('bad-input', 'Name a version: “latest” may be another image on every node.', full);
}

function soakOf(text: string | undefined): number {
  if (text === undefined) return SOAK_SECONDS;
  const seconds = parseDuration(text);
  if (seconds === null)
    throw new OperatorError('bad-duration', `“${short(text)}” is no duration such as 10m.`, full);
  if (seconds <= LONGEST_SOAK_SECONDS) return seconds;
  throw new OperatorError(
    'bad-duration',
    `A soak lasts at most ${showDuration(LONGEST_SOAK_SECONDS)}.`,
    full,
  );
}

function batchOf(text: string | undefined): number {
  if (text === undefined) return 1;
  const batch = Number(text);
  if (Number.isInteger(batch) && batch >= 1 && batch <= LARGEST_BATCH) return batch;
  throw new OperatorError('bad-count', `A batch is 1 to ${LARGEST_BATCH} nodes at once.`, full);
}

/** Whatever `run` refuses has no plan: it says why. */
async function plan(args: DeployArguments, context: CommandContext): Promise<Plan | null> {
  const { rollouts } = context;
  if (args.do !== 'start' || rollouts === undefined) return null;
  const fleet = context.fleets.find((other) => other.name === args.fleet)!;
  if ((await rolloutsOf(fleet.name, context)).some((one) => one.open)) return null;
  return planRollout(stateOf(args, 'plan', context), fleet, rollouts, context);
}

function stateOf(
  { fleet, image, soakSeconds, batch }: Start,
  id: string,
  { by, now }: CommandContext,
): RolloutState {
  return newRollout({ id, fleet, image, by, at: now, soakSeconds, batch });
}

async function start(args: Start, fleet: FleetConfig, context: CommandContext): Promise<Reply> {
  const { image } = args;
  const state = stateOf(args, `${fleet.name}-${context.newId()}`, context);
  if (fleet.policy.mode === 'advise') {
    throw new OperatorError(
      'conflict',
      `${fleet.name} is in advise mode: Muster changes nothing there. Try it with --dry-run.`,
      full,
    );
  }
  const open = (await rolloutsOf(fleet.name, context)).find((one) => one.open);
  if (open !== undefined) {
    throw new OperatorError(
      'conflict',
      `A rollout of ${tagOf(open.state.image)} to ${fleet.name} is under way. Abort it or wait for its end.`,
      `deploy abort ${fleet.name}`,
    );
  }
  await save(state, 0, 'deploy', fleet, context);
  return {
    visibility: 'caller',
    message: {
      summary: `The rollout of ${tagOf(image)} to ${fleet.name} begins; its progress is in ${fleet.channel}.`,
      tone: 'info',
      parts: [
        {
          kind: 'text',
          text: `The rollout of ${tagOf(image)} to ${fleet.name} begins; its progress is in ${fleet.channel}, in one message.`,
        },
        { kind: 'buttons', buttons: [{ label: 'Status', command: `deploy status ${fleet.name}` }] },
      ],
    },
  };
}

async function showStatus(fleet: FleetConfig, context: CommandContext): Promise<Reply> {
  const newest = (await rolloutsOf(fleet.name, context))[0];
  if (newest !== undefined) return { visibility: 'caller', message: rolloutMessage(newest.state) };
  const text = `Nothing was rolled out to ${fleet.name} yet.`;
  return { visibility: 'caller', message: { summary: text, tone: 'info', parts: [{ kind: 'text', text }] } };
}

async function ask(word: RolloutAsk, fleet: FleetConfig, context: CommandContext): Promise<Reply> {
  const all = await rolloutsOf(fleet.name, context);
  // One that touched nobody is nothing to go back from: the one before it is.
  const machine = all.find((one) => one.open) ?? all.find(({ state }) => state.touched) ?? all[0];
  if (machine === undefined)
    throw new OperatorError('not-found', `There is no rollout of ${fleet.name} to ${word}.`, full);
  const asked = askRollout(machine.state, word, context.by, context.now);
  if ('refused' in asked) throw new OperatorError('conflict', asked.refused, full);
  await save(asked.state, machine.rev, `deploy-${word}`, fleet, context);
  const line = `${fleet.name}: the rollout of ${tagOf(asked.state.image)} ${standing(asked.state)}`;
  const message: Message = { summary: line, tone: 'info', parts: [{ kind: 'text', text: line }] };
  return { visibility: 'caller', message };
}

/** Open ones first, then the newest. */
async function rolloutsOf(fleet: string, context: CommandContext): Promise<StoredMachine<RolloutState>[]> {
  const all = (await context.reader.machines('rollout')) as StoredMachine<RolloutState>[];
  return all
    .filter((one) => one.fleet === fleet)
    .sort((a, b) => Number(b.open) - Number(a.open) || b.state.at - a.state.at);
}

async function save(
  state: RolloutState,
  rev: number,
  action: string,
  fleet: FleetConfig,
  context: CommandContext,
): Promise<void> {
  const { by, now, said, store, queue } = context;
  const outbox = [rolloutRow(state, fleet.channel, now)];
  const stored = await store.saveMachine(storedRollout(state, rev, now), {
    audit: {
      at: now,
      by,
      action,
      fleet: fleet.name,
      said,
      ids: { rollout: state.id },
      detail: { image: state.image, phase: state.phase, where: context.where },
    },
    outbox,
    pager: [],
  });
  if (stored !== 'stored')
    throw new OperatorError(
      'conflict',
      'The rollout moved on at the same moment; say it again, please.',
      full,
    );
  try {
    if (!isOver(state))
      await queue.enqueue('rollout', { v: 1, fleet: fleet.name }, { dedupe: `rollout-${fleet.name}` });
    await queue.enqueue(
      'announce',
      { v: 1, channel: fleet.channel },
      { dedupe: `announce-${fleet.channel}` },
    );
  } catch (error) {
    // It is stored: the next minute's observation takes it up.
    if (!(error instanceof OutsideError)) throw error;
  }
}
