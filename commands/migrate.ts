import {
  isCancelable,
  isEmptied,
  MAINTENANCE,
  type MaintenanceState,
} from '../src/core/maintenance/state.js';
import type { Message } from '../src/core/message.js';
import { maintenanceList } from '../src/core/views/maintenance.js';
import { OperatorError } from '../src/errors.js';
import type { StoredMachine } from '../src/ports.js';
import { short } from './arguments.js';
import { type CommandContext, defineVerb, type Reply } from './command.js';
import { changesBy, followUp } from './consequences.js';

const usage = 'migrate list | fix <node> | ignore <node>';

type Machine = StoredMachine<MaintenanceState>;

interface MigrateArguments {
  what: 'list' | 'fix' | 'ignore';
  node: string | null;
}

/** Finished ones that the list still shows. */
const RECENT = 5;
const ATTEMPTS = 4;

export const migrate = defineVerb<MigrateArguments>({
  name: 'migrate',
  usage: 'list | fix <node> | ignore <node>',
  summary:
    'Nodes that the cloud will stop for maintenance: shows them, empties one now, or leaves one to the cloud.',
  examples: ['migrate list', 'migrate fix face-match-a-1f2e', 'migrate ignore face-match-a-1f2e'],
  changes: true,
  roleFor: ({ what }) => (what === 'list' ? 'viewer' : 'operator'),
  parse(words) {
    const [first = 'list', node, ...more] = words;
    const what = first.toLowerCase();
    if (what === 'list' && node === undefined) return { what, node: null };
    if (what !== 'fix' && what !== 'ignore')
      throw new OperatorError('usage', `“${short(first)}” is not one of list, fix and ignore.`, usage);
    if (node === undefined) throw new OperatorError('usage', `Which node shall I ${what}?`, usage);
    if (more.length > 0) throw new OperatorError('usage', 'Name one node at a time.', usage);
    return { what, node };
  },
  async run({ what, node }, context) {
    const all = (await context.reader.machines(MAINTENANCE)) as Machine[];
    if (node === null) return list(all, context);
    const open = all.filter((each) => each.open && isNamed(each.state, node));
    if (open.length > 1)
      throw new OperatorError(
        'not-found',
        `“${short(node)}” is more than one node: say its whole name.`,
        usage,
      );
    const [machine] = open;
    if (machine !== undefined) return wish(machine, what === 'ignore' ? 'ignore' : 'fix', context);
    if (what === 'fix') return fixWithoutNotice(node, context);
    throw new OperatorError('not-found', `There is no open notice for “${short(node)}”.`, 'migrate list');
  },
});

function list(all: Machine[], context: CommandContext): Reply {
  const open = all.filter((each) => each.open);
  const recent = all.filter((each) => !each.open).slice(0, RECENT);
  return { visibility: 'caller', message: maintenanceList([...open, ...recent], context.now) };
}

/** The whole name, or the end of it that people read off a screen. */
function isNamed({ node }: MaintenanceState, said: string): boolean {
  const name = said.toLowerCase();
  return (
    node.name.toLowerCase() === name || node.id === name || (name.length >= 4 && node.name.endsWith(name))
  );
}

async function wish(machine: Machine, kind: 'fix' | 'ignore', context: CommandContext): Promise<Reply> {
  let current: Machine | null = machine;
  for (let attempt = 0; attempt < ATTEMPTS && current !== null; attempt += 1) {
    const { state } = current;
    const refused = refusalOf(state, kind);
    if (!current.open || refused !== null)
      throw new OperatorError('conflict', refused ?? 'It is over already.');
    const { by, now } = context;
    const next = { ...current, at: now, state: { ...state, wish: { kind, by, at: now } } };
    const audit = {
      at: now,
      by,
      action: `migrate-${kind}`,
      fleet: current.fleet,
      said: context.said,
      ids: { maintenance: current.id, node: state.node.name },
    };
    const message = say(effectOf(current, kind));
    const pager = changesBy(context, current.fleet, context.newId(), message);
    if ((await context.store.saveMachine(next, { audit, outbox: [], pager })) === 'stored') {
      await wake(current.fleet, context);
      return { visibility: 'channel', message: await followUp([], [], context, message) };
    }
    current = (await context.reader.machine(MAINTENANCE, machine.id)) as Machine | null;
  }
  throw new OperatorError('conflict', 'It is moving right now: say it again, please.', usage);
}

function refusalOf(state: MaintenanceState, kind: 'fix' | 'ignore'): string | null {
  const name = state.node.name;
  if (kind === 'ignore' && isEmptied(state)) return null;
  if (!isCancelable(state))
    return kind === 'fix'
      ? `${name} is being worked on already: see migrate list.`
      : `The drain of ${name} has begun: its work has moved, and it takes work again when it is back.`;
  if (kind === 'fix' && state.phase !== 'waiting')
    return `${name} is being worked on already: see migrate list.`;
  return null;
}

function effectOf({ fleet, state }: Machine, kind: 'fix' | 'ignore'): string {
  const { name } = state.node;
  if (isEmptied(state)) return `${name} is given back: it takes work again as soon as it is well.`;
  return kind === 'fix'
    ? `${name} is emptied as soon as no other node of ${fleet} moves: others stand in first.`
    : `${name} is left to the cloud: it serves until it is stopped, and what runs there then is placed again.`;
}

/** A node that the cloud says nothing of: it is emptied, and a new VM takes its place. */
async function fixWithoutNotice(node: string, context: CommandContext): Promise<Reply> {
  const found = await nodeOf(node, context);
  if (found === null)
    throw new OperatorError('not-found', `No fleet has a node “${short(node)}”.`, 'migrate list');
  const { by, now } = context;
  const { id, name, timeZone } = by;
  await context.store.appendAudit({
    at: now,
    by,
    action: 'migrate-fix',
    fleet: found.fleet,
    said: context.said,
    ids: { node: found.name },
  });
  await context.queue.enqueue(
    'notice',
    {
      v: 1,
      node: found.name,
      event: 'asked for by a person',
      deadlineAt: null,
      heardAt: now,
      by: { id, name, ...(timeZone === undefined ? {} : { timeZone }) },
    },
    { dedupe: `notice-${found.name}` },
  );
  const then = found.isFixed
    ? `then you are asked to replace or repair it, as Muster cannot make a new VM here; “migrate ignore ${found.name}” gives it back.`
    : 'then a new VM takes its place.';
  const text = `${found.name} has no notice. It is emptied all the same: others stand in first, then its work leaves, ${then}`;
  return { visibility: 'channel', message: say(text) };
}

async function nodeOf(
  node: string,
  context: CommandContext,
): Promise<{ fleet: string; name: string; isFixed: boolean } | null> {
  for (const fleet of context.fleets) {
    const nodes = await context.orchestrator.nodes(fleet.orchestrator);
    const found = nodes.find((one) => one.name === node || one.id === node);
    if (found !== undefined)
      return { fleet: fleet.name, name: found.name, isFixed: fleet.nodeGroups.kind === 'fixed' };
  }
  return null;
}

const wake = (fleet: string, context: CommandContext): Promise<void> =>
  context.queue.enqueue(MAINTENANCE, { v: 1, fleet }, { dedupe: `maintenance-${fleet}` });

const say = (text: string): Message => ({
  summary: text,
  tone: 'info',
  parts: [
    { kind: 'text', text },
    { kind: 'buttons', buttons: [{ label: 'All maintenances', command: 'migrate list' }] },
  ],
});
