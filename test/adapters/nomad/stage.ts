import { createNomadOrchestrator } from '../../../src/adapters/nomad/orchestrator.js';
import { createNomadRollouts } from '../../../src/adapters/nomad/rollouts.js';
import type { Log } from '../../../src/ports.js';
import { createNomadStandIn } from '../../../src/sandbox/nomad/stand-in.js';
import type { ClusterSpec } from '../../../src/simulation/cluster.js';
import type { Stage } from '../../contracts/orchestrator.js';
import { type RolloutStage, simulatedTime } from '../../contracts/rollout.js';
import { aWorld, type World } from '../../sandbox/stage.js';

export type NomadStage = Stage & RolloutStage & World & { url: string; said: string[] };

export async function aNomad(
  spec: ClusterSpec,
  options: { profile?: '1.1' | '2.0'; denied?: string[]; token?: string; timeoutMs?: number } = {},
): Promise<NomadStage> {
  const world = aWorld(spec);
  const standIn = await createNomadStandIn({
    ...world,
    profile: options.profile ?? '2.0',
    token: 'secret-token',
    denied: new Set(options.denied ?? []),
  });
  const said: string[] = [];
  const keep = (_fields: object, message: string) => {
    said.push(message);
  };
  const log: Log = { debug: keep, info: keep, warn: keep, error: keep };
  const reached = {
    address: standIn.url,
    token: options.token ?? 'secret-token',
    namespace: 'default',
    region: null,
    tls: { ca: null, cert: null, key: null, serverName: null, skipVerify: false },
    timeoutMs: options.timeoutMs ?? 60_000,
    log,
  };
  const orchestrator = createNomadOrchestrator(reached);
  const rollouts = createNomadRollouts(reached);
  return {
    ...world,
    ...simulatedTime(world),
    orchestrator,
    rollouts,
    url: standIn.url,
    said,
    close: () => standIn.close(),
  };
}
