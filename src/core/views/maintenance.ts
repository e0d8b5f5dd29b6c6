/** A node's maintenance as people read it: one message with its steps ticked, the request when a person is needed, a list. */
import { showDuration } from '../duration.js';
import { showWhen } from '../local-time.js';
import {
  type Asked,
  isCancelable,
  isEmptied,
  type MaintenanceState,
  type Outcome,
  type Phase,
  type Wait,
} from '../maintenance/state.js';
import type { Button, Message, Part, Span, Text } from '../message.js';
import type { Millis } from '../model.js';
import { at, who, workers } from './words.js';

const STEPS: [Phase, string][] = [
  ['waiting', 'Noticed'],
  ['fencing', 'Takes no new work'],
  ['surging', 'Others stand in'],
  ['draining', 'Its work leaves'],
  ['away', 'The VM is stopped and boots again'],
  ['checking', 'It is well'],
  ['returning', 'It takes work again'],
  ['shrinking', 'What stood in is given back'],
];

const WAITS: Record<Wait, string> = {
  later: 'The hour is far: it begins an hour before.',
  turn: 'Another node of this fleet goes first: one at a time, as long as the hours allow it.',
  rollout: 'A rollout runs: it begins when that is over, or when it cannot wait any longer.',
  frozen: 'A freeze stops it.',
  advice: 'The fleet is in advise mode: nothing is touched.',
  evaluation: 'Waiting for a decision with these workers on top.',
  workers: 'Waiting for the workers that stand in.',
  deployment: 'Waiting for a running deployment.',
  drain: 'Waiting until the node is empty.',
  stop: 'The node is empty; waiting for the cloud to stop it.',
  boot: 'Waiting for the VM to come back.',
  person: 'The node is empty; waiting for a person to replace or repair it.',
};

const ENDS: Record<Outcome, string> = {
  back: 'The node is back and takes work.',
  replaced: 'The VM did not come back well: a new one takes its place.',
  withdrawn: 'The notice was withdrawn; the node serves on.',
  ignored: 'It is left to the cloud: the node serves until it is stopped.',
  gone: 'The node is gone for good.',
};

/** The one message of a maintenance in its present state. */
export function maintenanceMessage(fleet: string, state: MaintenanceState): Message {
  const { node, phase, outcome, deadlineAt } = state;
  const over = phase === 'over';
  const title = `Maintenance of ${node.name}`;
  const now = over ? ENDS[outcome ?? 'back'] : state.waitsFor === null ? null : WAITS[state.waitsFor];
  const hour = deadlineAt === null ? '' : `, stops at ${showWhen(deadlineAt, state.noticedAt)}`;
  const parts: Part[] = [
    { kind: 'fields', fields: fieldsOf(fleet, state) },
    { kind: 'list', items: stepsOf(state) },
  ];
  if (now !== null) parts.push({ kind: 'text', text: now });
  if (state.asked !== null)
    parts.push({ kind: 'text', text: [{ bold: 'A person is needed: ' }, ...askWords(state.asked)] });
  const buttons = buttonsOf(state);
  if (buttons.length > 0) parts.push({ kind: 'buttons', buttons });
  return {
    summary: over
      ? `${title} (${fleet}) is over: ${ENDS[outcome ?? 'back']}`
      : `${title} (${fleet})${hour}: ${labelOf(phase)}.`,
    title,
    tone: over
      ? outcome === 'back' || outcome === 'withdrawn'
        ? 'good'
        : 'warn'
      : state.asked === null
        ? 'info'
        : 'bad',
    parts,
  };
}

/** An alert of its own, because an updated message notifies nobody. */
export function maintenanceAsk(fleet: string, state: MaintenanceState, asked: Asked): Message {
  const by = asked.by === null ? '' : ` It helps until ${showWhen(asked.by, asked.at)}.`;
  return {
    summary: `${state.node.name} (${fleet}) needs a person: ${plain(askWords({ ...asked, by: null }))}${by}`,
    title: `${state.node.name} needs a person`,
    tone: 'bad',
    parts: [
      { kind: 'text', text: askWords(asked) },
      { kind: 'context', text: HELP[asked.why] },
      {
        kind: 'buttons',
        buttons: [
          ...(asked.why === 'empty' ? [giveBack(state)] : []),
          { label: 'Acknowledge', command: `page ${fleet} ack maintenance`, style: 'primary' },
          { label: 'All maintenances', command: 'migrate list' },
          { label: 'Status', command: `status ${fleet}` },
        ],
      },
    ],
  };
}

export function maintenanceList(entries: { fleet: string; state: MaintenanceState }[], now: Millis): Message {
  if (entries.length === 0) {
    const text = 'No node has a maintenance notice.';
    return { summary: text, tone: 'good', parts: [{ kind: 'text', text }] };
  }
  const open = entries.filter(({ state }) => state.phase !== 'over');
  const rows = entries.map(({ fleet, state }): Text[] => [
    [{ code: state.node.name }],
    fleet,
    state.deadlineAt === null
      ? 'none'
      : [at(state.deadlineAt, 'date-time'), leftWords(state.deadlineAt, now)],
    state.phase === 'over' ? ENDS[state.outcome ?? 'back'] : labelOf(state.phase),
  ]);
  const buttons = open
    .filter(({ state }) => isCancelable(state) || isEmptied(state))
    .flatMap(({ state }) => buttonsOf(state, true));
  return {
    summary: `${open.length} of ${entries.length} maintenances are open.`,
    title: 'Maintenance of nodes',
    tone: open.some(({ state }) => state.asked !== null) ? 'bad' : 'info',
    parts: [
      { kind: 'table', head: ['Node', 'Fleet', 'Stops at', 'Where it is'], rows },
      ...(buttons.length === 0 ? [] : [{ kind: 'buttons' as const, buttons: buttons.slice(0, 4) }]),
    ],
  };
}

const HELP: Record<Asked['why'], string> = {
  empty:
    'Muster cannot make a new VM here. Give the node back once it is repaired; a new VM of its name or another is taken up by itself.',
  capacity:
    'Free room in the zone, raise its quota, or add nodes. The node serves on until then, and is drained after it all the same.',
  limits: 'Raise the ceiling, the budget or the override that keeps the extra workers away.',
  'in-the-dark': 'The demand is not known: mend its source. Until then nobody knows what may be taken out.',
  frozen: 'End the freeze, or the cloud stops the node with the work on it.',
  'never-returned':
    'Look at the VM in the cloud’s console: start it, or delete it and let its group make a new one.',
  unhealthy: 'Look at the GPU and its driver on the node. It takes no work until it is well.',
  hindered:
    'See that it answers. Muster tries again all the time. Or empty the node by hand before its stop.',
  'not-replaced':
    'End the freeze, or delete the VM yourself and let its group make a new one. It takes no work until then.',
};

function askWords({ why, detail, by }: Asked): Span[] {
  const words: Record<Asked['why'], string> = {
    capacity: 'no capacity can be had to stand in',
    limits: 'a limit keeps the workers away that should stand in',
    'in-the-dark': 'the need is not known',
    frozen: 'a freeze keeps it from being emptied in time',
    'never-returned': 'the VM did not come back',
    unhealthy: 'the VM is back, and not well',
    hindered: 'what must be done for it fails',
    empty: 'it is empty: replace or repair it',
    'not-replaced': 'a new VM should take its place, and nothing may be changed',
  };
  const more = detail === null ? '' : ` (${detail})`;
  const until: Span[] = by === null ? [] : [' It helps until ', at(by), '.'];
  return [`${words[why]}${more}.`, ...until];
}

function fieldsOf(fleet: string, state: MaintenanceState): { label: string; value: Text }[] {
  const { node, deadlineAt, wish } = state;
  const stands = state.phase === 'waiting' ? [] : [{ label: 'Worked there', value: workers(state.workers) }];
  return [
    { label: 'Fleet', value: fleet },
    { label: 'Zone', value: node.zone },
    { label: 'Why', value: state.event },
    {
      label: 'Stops at',
      value:
        deadlineAt === null
          ? 'no hour: it is emptied for a new VM or a repair'
          : [at(deadlineAt, 'date-time')],
    },
    ...stands,
    ...(wish === null ? [] : [{ label: wishLabel(state), value: [who(wish.by)] }]),
  ];
}

function wishLabel({ wish, deadlineAt }: MaintenanceState): string {
  if (wish?.kind === 'fix') return 'Asked for by';
  return deadlineAt === null ? 'Given back by' : 'Ignored by';
}

function stepsOf(state: MaintenanceState): Text[] {
  const when = new Map(state.ticks.map(({ phase, at: time }) => [phase, time]));
  const shown = STEPS.filter(([phase]) => phase !== 'away' || !when.has('replacing'));
  const order = STEPS.map(([phase]) => phase);
  const current = order.indexOf(state.phase);
  if (state.phase === 'over' && !when.has('returning') && !when.has('replacing'))
    return shown.filter(([phase]) => when.has(phase)).map(([phase, label]) => ticked(label, when.get(phase)));
  const lines = shown.map(([phase, label], index): Text => {
    const time = when.get(phase);
    if (phase === state.phase) return [{ bold: `▶ ${label}` }, ...since(time)];
    const passed = time !== undefined && (current === -1 || index < current || state.phase === 'over');
    return passed ? ticked(label, time) : `○ ${label}`;
  });
  const replaced = when.get('replacing');
  return replaced === undefined ? lines : [...lines, ticked('Replaced by a new VM', replaced)];
}

const ticked = (label: string, time: Millis | undefined): Text => [`✓ ${label}`, ...since(time)];
const since = (time: Millis | undefined): Span[] => (time === undefined ? [] : [', ', at(time)]);

function labelOf(phase: Phase): string {
  if (phase === 'calling-off') return 'called off';
  if (phase === 'replacing') return 'a new VM takes its place';
  const label = STEPS.find(([each]) => each === phase)?.[1] ?? 'over';
  return label.charAt(0).toLowerCase() + label.slice(1);
}

const giveBack = ({ node: { name } }: MaintenanceState, short = ''): Button => ({
  label: `Give it back${short}`,
  command: `migrate ignore ${name}`,
});

function buttonsOf(state: MaintenanceState, named = false): Button[] {
  if (isEmptied(state)) return [giveBack(state, named ? ` ${state.node.name}`.slice(0, 40) : '')];
  if (!isCancelable(state) || state.wish?.kind === 'ignore') return [];
  const { name } = state.node;
  const short = named ? ` ${name}`.slice(0, 40) : '';
  const fix: Button = { label: `Empty it now${short}`, command: `migrate fix ${name}`, style: 'primary' };
  const ignore: Button = { label: `Ignore${short}`, command: `migrate ignore ${name}` };
  return state.phase === 'waiting' && state.wish === null ? [fix, ignore] : [ignore];
}

function leftWords(deadlineAt: Millis, now: Millis): string {
  if (deadlineAt <= now) return ', passed';
  return `, in ${showDuration(Math.round((deadlineAt - now) / 60_000) * 60)}`;
}

const plain = (text: Span[]): string => text.filter((span) => typeof span === 'string').join('');
