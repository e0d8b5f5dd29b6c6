import { deploymentContract } from '../../contracts/deployment.js';
import { orchestratorContract } from '../../contracts/orchestrator.js';
import { rolloutContract } from '../../contracts/rollout.js';
import { aNomad } from './stage.js';

for (const profile of ['1.1', '2.0'] as const) {
  orchestratorContract(`Nomad ${profile}`, (spec) => aNomad(spec, { profile }));
  deploymentContract(`Nomad ${profile}`, (spec) => aNomad(spec, { profile }));
  rolloutContract(`Nomad ${profile}`, (spec) => aNomad(spec, { profile }));
}
