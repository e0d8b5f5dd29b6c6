/**
 * Whether the bot lives (/healthz) and does its work (/readyz): 503 when its store does not answer, when a fleet had
 * no decision for two cycles, or when this machine's clock is so wrong that it leaves the work to others. A balancer and a dead-man alert read these, so they depend on nothing but the store.
 */
import type { FleetConfig } from './config.js';
import { cycleMs } from './core/policy.js';
import type { Clock, Store } from './ports.js';

export interface Health {
  status: 200 | 503;
  body: { ok: boolean; problems: string[] };
}

export async function readiness(
  store: Pick<Store, 'ping' | 'fleet'>,
  clock: Clock,
  fleets: FleetConfig[],
  startedAt: number,
  /** What is wrong with this machine's clock; null: nothing. */
  clockProblem: string | null = null,
): Promise<Health> {
  const problems: string[] = clockProblem === null ? [] : [clockProblem];
  try {
    await store.ping();
    for (const { name, policy } of fleets) {
      const { lastCycle } = await store.fleet(name);
      const since = lastCycle ?? startedAt;
      const minutes = Math.round((clock.now() - since) / 60_000);
      if (clock.now() - since > 3 * cycleMs(policy))
        problems.push(`${name}: no decision for ${minutes} minutes`);
    }
  } catch (error) {
    problems.push(error instanceof Error ? error.message : 'the store does not answer');
  }
  return { status: problems.length === 0 ? 200 : 503, body: { ok: problems.length === 0, problems } };
}
