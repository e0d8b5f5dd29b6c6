/** What a rollout would do: image now and then, the order of the nodes, room, how long, and when it waits. */
import { showDuration } from '../duration.js';
import type { Part, Text } from '../message.js';
import type { Freeze, Millis } from '../model.js';
import { tagOf } from './rollout.js';
import { at, fieldsOf, UNKNOWN, workers } from './words.js';

/** A table of more nodes than this nobody reads; the others are counted. */
const NODES_SHOWN = 30;

export interface RolloutPlan {
  image: string;
  /** null: nothing is known to go back to. */
  from: string | null;
  /** In the order in which they are updated, the golden one first. */
  nodes: { name: string; zone: string; workers: number }[];
  soakSeconds: number;
  batch: number;
  ready: number;
  need: number | null;
  surge: number;
  /** Golden node, soak and the others, without the pull. */
  seconds: number;
  valleyAt: Millis | null;
  freeze: Freeze | null;
}

/** 'face-match:1 → 2.0' where only the tag changes. */
export function changeOf(from: string | null, image: string): string {
  const [name, tag] = splitTag(tagOf(image));
  if (from === null) return tagOf(image);
  return splitTag(tagOf(from))[0] === name ? `${tagOf(from)} → ${tag}` : `${tagOf(from)} → ${tagOf(image)}`;
}

export function rolloutPlanParts(plan: RolloutPlan): Part[] {
  const { nodes, batch, from } = plan;
  const [golden, ...others] = nodes;
  const items: Text[] = [
    `Pulls the image on every node first; no worker is touched meanwhile.`,
    `Golden node: ${golden?.name ?? 'none, no worker runs'}. It soaks for ${showDuration(plan.soakSeconds)}.`,
    `Then ${batch === 1 ? 'one node' : `${batch} nodes`} at a time, alternating zones.`,
    ...waits(plan),
    from === null
      ? 'No image is known to go back to, so it is given up.'
      : ['A bad golden node goes back to ', { code: from }, ' by itself.'],
  ];
  return [
    {
      kind: 'fields',
      fields: fieldsOf([
        ['Image now', from === null ? UNKNOWN : [{ code: from }]],
        ['then', [{ code: plan.image }]],
        ['Headroom', headroomWords(plan)],
        ['Takes about', `${showDuration(plan.seconds)}, after the pull`],
      ]),
    },
    { kind: 'list', items },
    ...(nodes.length === 0
      ? []
      : [
          {
            kind: 'table' as const,
            head: ['Order', 'Node', 'Zone', 'Workers'],
            rows: nodes
              .slice(0, NODES_SHOWN)
              .map((node, n) => [orderOf(n, batch), node.name, node.zone, String(node.workers)]),
          },
        ]),
    ...(others.length < NODES_SHOWN
      ? []
      : [{ kind: 'context' as const, text: `and ${nodes.length - NODES_SHOWN} nodes more.` }]),
  ];
}

const orderOf = (n: number, batch: number): string => (n === 0 ? 'golden' : String(1 + Math.ceil(n / batch)));

function waits({ ready, need, surge, valleyAt, freeze, nodes }: RolloutPlan): Text[] {
  const largest = Math.max(0, ...nodes.map((node) => node.workers));
  const items: Text[] = [];
  if (freeze !== null)
    items.push(['It waits for the freeze of ', freeze.by.name, ' until ', at(freeze.until), '.']);
  if (need === null) items.push('It waits until the need is known.');
  else if (ready - need < largest) {
    const then: Text =
      valleyAt === null ? '; no valley is foreseen.' : [', or waits for the valley at ', at(valleyAt), '.'];
    items.push([
      `Room is short: it asks for ${workers(surge)} more first`,
      ...(typeof then === 'string' ? [then] : then),
    ]);
  }
  items.push('It pauses by itself when answers are late, workers are not well or numbers are missing.');
  return items;
}

function headroomWords({ ready, need }: RolloutPlan): string {
  return need === null ? UNKNOWN : `${ready - need}: ${ready} ready, ${need} needed`;
}

function splitTag(tagged: string): [name: string, tag: string] {
  const colon = tagged.search(/[:@]/);
  return colon < 0 ? [tagged, ''] : [tagged.slice(0, colon), tagged.slice(colon + 1)];
}
