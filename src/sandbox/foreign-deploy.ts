/** Somebody's CI deploys beside Muster, with a canary that nobody promotes. */
import { activeDeployment } from '../simulation/cluster/state.js';
import type { Cluster } from '../simulation/cluster.js';

export const DEPLOYS = ['canary', 'bad'] as const;
export type Deploy = (typeof DEPLOYS)[number];

const BY_HAND = { maxParallel: 1, canary: 1, autoPromote: false, autoRevert: false };

/** In the zone with the most room that no deployment holds; 'bad' never gets healthy. null: there is no such zone. */
export function deployBeside(
  cluster: Cluster,
  fleet: string,
  what: Deploy,
): { zone: string; image: string; hasRoom: boolean } | null {
  const room = ({ id, count }: { id: string; count: number }) => cluster.fits(id, count + 1) - count;
  const [job] = cluster.state.jobs
    .filter((one) => one.fleet === fleet && activeDeployment(cluster.state, one.id) === null)
    .sort((a, b) => room(b) - room(a));
  if (job === undefined) return null;
  const hasRoom = room(job) > 0;
  const image = `registry.example/${fleet}:${what}-${job.version + 1}`;
  cluster.register(job.id, { image, update: BY_HAND });
  return { zone: job.zone, image, hasRoom };
}
