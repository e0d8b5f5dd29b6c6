/** A rollout's one message, updated in place: where it stands, a line per node, and what can be done about it. */
import type { Button, Message, OutboxRow, Part, Span, Text, Tone } from '../message.js';
import type { Millis } from '../model.js';
import type { NodeLine, Pause, RolloutReason, RolloutState } from '../rollout/state.js';
import { isOver } from '../rollout/state.js';
import { at, fieldsOf, quoted, who, workers } from './words.js';

/** A table of more nodes than this nobody reads; the others are counted. */
const NODES_SHOWN = 30;

export function rolloutMessage(state: RolloutState): Message {
  const { fleet, image, from } = state;
  const line = standing(state);
  return {
    summary: `${fleet}: rollout of ${tagOf(image)} ${line}`,
    title: `Rollout of ${tagOf(image)} to ${fleet}`,
    tone: toneOf(state),
    parts: [
      {
        kind: 'fields',
        fields: fieldsOf([
          ['Image', [{ code: image }]],
          ['Before', from === null ? 'not known yet' : [{ code: from }]],
          ['By', [who(state.by)]],
          ['Began', [at(state.at, 'date-time')]],
        ]),
      },
      { kind: 'text', text: `The rollout ${line}` },
      ...state.reasons.flatMap((reason): Part[] => {
        const text = reasonText(reason);
        return text === null ? [] : [{ kind: 'text', text }];
      }),
      ...(state.refusal === undefined
        ? []
        : [{ kind: 'text' as const, text: `It ${refusalWords(state.refusal)}` }]),
      ...(state.paused === null ? [] : [{ kind: 'text' as const, text: pauseText(state.paused) }]),
      ...failureParts(state),
      ...nodeParts(state.nodes),
      ...buttonParts(state),
    ],
  };
}

/** The message's newest version on its way to the fleet's channel. */
export function rolloutRow(state: RolloutState, channel: string, when: Millis): OutboxRow {
  return {
    v: 1,
    channel,
    key: `rollout-${state.id}`,
    seq: when * 4 + (isOver(state) ? 1 : 0),
    fleet: state.fleet,
    decisionId: null,
    priority: isOver(state) ? 'decision' : 'progress',
    at: when,
    message: rolloutMessage(state),
  };
}

/** An updated message notifies nobody: what needs a person is said in a message of its own. */
export function rolloutAlert(state: RolloutState): Message {
  const paused = state.paused;
  const [title, words] =
    state.refusal !== undefined
      ? ['rollout cannot go on', refusalWords(state.refusal)]
      : paused === null
        ? ['rollout rolls back', standing(state)]
        : ['rollout paused', `paused itself: ${pauseWords(paused)}.`];
  return {
    summary: `${state.fleet}: the rollout of ${tagOf(state.image)} ${words}`,
    title: `${state.fleet}: ${title}`,
    tone: 'bad',
    parts: [
      { kind: 'text', text: `The rollout of ${tagOf(state.image)} ${words}` },
      ...failureParts(state),
      ...buttonParts(state),
    ],
  };
}

const refusalWords = (refusal: string): string => `cannot go on, and tries again each minute: ${refusal}`;

export function standing(state: RolloutState): string {
  const total = state.nodes.filter((node) => node.workers > 0).length;
  const updated = state.nodes.filter((node) => node.state === 'updated').length;
  const paused = state.paused === null ? '' : 'paused; ';
  switch (state.phase) {
    case 'plan':
      return `${paused}is being planned.`;
    case 'pre-pull':
      return `${paused}pulls the image on every node.`;
    case 'golden':
      return `${paused}updates the golden node${state.golden === null ? '' : ` ${state.golden.name}`}.`;
    case 'soak':
      return `${paused}watches the golden node${state.golden === null ? '' : ` ${state.golden.name}`}.`;
    case 'rest':
      return `${paused}updates node after node: ${updated} of ${total} done.`;
    case 'verify':
      return `${paused}checks every worker.`;
    case 'rolling-back':
      if (!state.touched) return 'is being aborted; no worker was touched.';
      return `${paused}rolls back to ${state.from === null ? 'what was before' : tagOf(state.from)}${backWords(state)}.`;
    case 'done':
      return state.touched ? 'is done.' : 'had nothing to do: every worker runs it already.';
    case 'rolled-back':
      return `is rolled back to ${state.from === null ? 'what was before' : tagOf(state.from)}${backWords(state)}.`;
    case 'aborted':
      return state.backBy === null
        ? 'was given up: no image is known to go back to.'
        : `was aborted by ${state.backBy.name}; no worker was touched.`;
  }
}

export const tagOf = (image: string): string => image.slice(image.lastIndexOf('/') + 1);

function backWords(state: RolloutState): string {
  if (state.backBy !== null) return `, asked for by ${state.backBy.name}`;
  return state.failure === null ? '' : ` by itself: ${state.failure.why}`;
}

function toneOf(state: RolloutState): Tone {
  if (state.phase === 'done') return 'good';
  if (state.phase === 'rolling-back' || state.failure !== null) return 'bad';
  return state.paused === null && state.phase !== 'aborted' ? 'info' : 'warn';
}

function reasonText(reason: RolloutReason): Text | null {
  switch (reason.code) {
    case 'waits-for-scaling':
      return `Waits for the scaler: ${reason.detail}.`;
    case 'waits-for-pull':
      return `The image is on ${reason.present} of ${reason.nodes} nodes.`;
    case 'waits-for-capacity': {
      const need = reason.need === null ? 'an unknown number' : String(reason.need);
      const until: Span[] =
        reason.until === null
          ? ['; when that ends is not foreseen.']
          : ['; less will be needed from about ', at(reason.until), '.'];
      return [
        `Waits for room: ${reason.ready} workers are ready and ${need} are needed, ${reason.surge} more are asked for`,
        ...until,
      ];
    }
    case 'waits-for-workers':
      return `Waits for ${workers(reason.starting)} to serve.`;
    case 'waits-for-maintenance':
      return `Waits for the maintenance of ${reason.nodes.join(', ')}.`;
    case 'soaking':
      return ['Goes on at ', at(reason.until), ' when all stays well.'];
    case 'updating':
      return `Updates ${workers(reason.most)} on ${reason.node}.`;
    case 'going-back':
      return `Takes ${reason.node} back.`;
    case 'blocked':
      return `Zone ${reason.zone} is busy: ${reason.detail}.`;
    case 'nothing-to-do':
    case 'no-way-back':
    case 'paused':
      return null;
  }
}

function pauseText(pause: Pause): Text {
  switch (pause.why) {
    case 'person':
      return ['Paused by ', who(pause.by), ' at ', at(pause.at), '.'];
    case 'freeze':
      return [
        `Paused by the freeze of ${pause.by} (${quoted(pause.reason)}) until `,
        at(pause.until),
        '; it goes on by itself then.',
      ];
    case 'metrics-missing':
      return `Paused by itself: ${pauseWords(pause)}. It goes on by itself when the numbers are back.`;
    default:
      return `Paused by itself: ${pauseWords(pause)}. Resume it, or roll it back.`;
  }
}

function pauseWords(pause: Pause): string {
  switch (pause.why) {
    case 'person':
      return `${pause.by.name} paused it`;
    case 'slo-breach':
      return `p95 is ${pause.p95Seconds.toFixed(1)} s, the objective ${pause.objectiveSeconds} s`;
    case 'workers-unhealthy':
      return `new workers on ${pause.nodes.join(', ')} are not healthy`;
    case 'not-in-time':
      return `the new workers on ${pause.nodes.join(', ')} are not ready in time`;
    case 'pull-failed':
      return `the image could not be pulled on ${pause.nodes.slice(0, 5).join(', ')}${pause.detail === null ? '' : ` (${pause.detail})`}`;
    case 'metrics-missing':
      return `in the dark: ${pause.what}`;
    case 'freeze':
      return `the freeze of ${pause.by}`;
  }
}

function failureParts(state: RolloutState): Part[] {
  const { failure } = state;
  if (failure === null) return [];
  const where = failure.node === null ? '' : ` on ${failure.node}`;
  return [
    { kind: 'text', text: `What failed${where}: ${failure.why}.` },
    ...(failure.log === null ? [] : [{ kind: 'code' as const, text: failure.log }]),
  ];
}

const MARKS: Record<NodeLine['state'], string> = {
  waiting: '○ waiting',
  pulling: '⬇ pulling the image',
  pulled: '○ image present',
  'pull-failed': '✗ pull failed',
  updating: '◐ updating',
  updated: '● updated',
  failed: '✗ not healthy',
};

function nodeParts(nodes: NodeLine[]): Part[] {
  if (nodes.length === 0) return [];
  const more = nodes.length - NODES_SHOWN;
  return [
    {
      kind: 'table',
      head: ['Node', 'Zone', 'State', 'New/all workers'],
      rows: nodes
        .slice(0, NODES_SHOWN)
        .map((node) => [node.name, node.zone, MARKS[node.state], `${node.done}/${node.workers}`]),
    },
    ...(more > 0 ? [{ kind: 'context' as const, text: `${more} more nodes not shown.` }] : []),
  ];
}

function buttonParts(state: RolloutState): Part[] {
  const { fleet } = state;
  const buttons: Button[] = [];
  if (!isOver(state)) {
    buttons.push(
      state.paused === null
        ? { label: 'Pause', command: `deploy pause ${fleet}` }
        : { label: 'Resume', command: `deploy resume ${fleet}`, style: 'primary' },
    );
    if (!state.touched) buttons.push({ label: 'Abort', command: `deploy abort ${fleet}` });
  }
  if (state.touched && !['rolling-back', 'rolled-back'].includes(state.phase))
    buttons.push({
      label: 'Roll back',
      command: `deploy rollback ${fleet}`,
      style: 'danger',
      confirm: {
        title: `Roll ${fleet} back?`,
        text: `Every worker goes back to ${state.from === null ? 'the image before' : tagOf(state.from)}, node by node.`,
        yes: 'Roll back',
        no: 'Go on',
      },
    });
  return buttons.length === 0 ? [] : [{ kind: 'buttons', buttons }];
}
