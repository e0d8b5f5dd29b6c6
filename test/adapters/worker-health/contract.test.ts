import { createNomadAddresses } from '../../../src/adapters/nomad/addresses.js';
import { createNomadFiles } from '../../../src/adapters/nomad/files.js';
import { createWorkerHealth } from '../../../src/adapters/worker-health/ask.js';
import { createNomadStandIn } from '../../../src/sandbox/nomad/stand-in.js';
import { createWorkersStandIn } from '../../../src/sandbox/workers/stand-in.js';
import { workerHealthContract } from '../../contracts/worker-health.js';
import { aWorld } from '../../sandbox/stage.js';

for (const profile of ['1.1', '2.0'] as const)
  workerHealthContract(`Nomad ${profile}`, async (spec) => {
    const world = aWorld(spec);
    const workers = await createWorkersStandIn(world);
    const token = 'secret-token';
    const nomad = await createNomadStandIn({ ...world, profile, token, workerPort: workers.port });
    const reached = {
      ...{ address: nomad.url, token, namespace: 'default', region: null, timeoutMs: 60_000 },
      tls: { ca: null, cert: null, key: null, serverName: null, skipVerify: false },
    };
    return {
      ...world,
      health: {
        ...createNomadAddresses(reached),
        ...createWorkerHealth({ files: createNomadFiles(reached), clock: world.context.clock }),
      },
      close: async () => {
        await nomad.close();
        await workers.close();
      },
    };
  });
