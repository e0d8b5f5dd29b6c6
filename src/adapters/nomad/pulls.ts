/** How far each node is with an image, and what a task wrote last. */
import type { PrepullSeen } from '../../core/rollout/images.js';
import type { NomadClient } from './client.js';
import { HOLD_TASK, prepullId, pulledBy } from './images.js';
import { isForbidden, readAllocations } from './plan.js';
import { type Allocation, jobShape } from './shapes.js';

const LOG_BYTES = 4_000;
/** Events that say what Nomad did about it, not what went wrong. */
const AFTERMATH = new Set([
  'Restarting',
  'Not Restarting',
  'Alloc Unhealthy',
  'Killing',
  'Killed',
  'Sibling Task Failed',
]);

/** One line a node: since 1.11 Nomad places a failed one anew, and keeps the old one listed. */
export async function pullsOf(
  client: NomadClient,
  { zone, job }: { zone: string; job: string },
  image: string,
): Promise<PrepullSeen[]> {
  const id = prepullId(job);
  const puller = await client.find(`/v1/job/${encodeURIComponent(id)}`, jobShape);
  if (puller === null || pulledBy(puller) !== image) return [];
  const own = (await readAllocations(client, id)).filter(
    (one) => one.DesiredStatus === 'run' && (one.JobVersion ?? 0) === (puller.Version ?? 0),
  );
  const nodes = [...new Set(own.map((one) => one.NodeID))];
  return Promise.all(
    nodes.map(async (node): Promise<PrepullSeen> => {
      const here = own.filter((one) => one.NodeID === node);
      const failed = here.find((one) => one.ClientStatus === 'failed');
      if (here.some(isPresent)) return { zone, node, state: 'present', detail: null };
      if (failed !== undefined) return { zone, node, state: 'failed', detail: await whyOf(client, failed) };
      return { zone, node, state: 'pulling', detail: null };
    }),
  );
}

/** The last lines of a task's stderr, else of its stdout; null: it wrote nothing. */
export async function tailOf(
  client: NomadClient,
  allocation: string,
  task: string,
  lines: number,
): Promise<string | null | 'forbidden'> {
  const query = { task, origin: 'end', offset: String(LOG_BYTES), plain: 'true' };
  try {
    for (const type of ['stderr', 'stdout']) {
      const text = await client.text(`/v1/client/fs/logs/${allocation}`, { ...query, type });
      if (text.trim() !== '') return text.trimEnd().split('\n').slice(-lines).join('\n');
    }
    return null;
  } catch (error) {
    if (!isForbidden(error)) throw error;
    return 'forbidden';
  }
}

const isPresent = (one: Allocation): boolean =>
  one.ClientStatus === 'running' && one.TaskStates?.[HOLD_TASK]?.State === 'running';

/** The driver's own words where it pulled; what the process said where that did. */
async function whyOf(client: NomadClient, one: Allocation): Promise<string | null> {
  for (const [task, { Events }] of Object.entries(one.TaskStates ?? {})) {
    const cause = (Events ?? []).findLast((event) => !AFTERMATH.has(event.Type ?? ''));
    if (cause === undefined || cause.Type === 'Received') continue;
    if (cause.Type !== 'Terminated') return cause.DisplayMessage ?? null;
    // Its last words may be gone with its node.
    const said = await tailOf(client, one.ID, task, 1).catch(() => null);
    return said === null || said === 'forbidden' ? (cause.DisplayMessage ?? null) : said;
  }
  return null;
}
