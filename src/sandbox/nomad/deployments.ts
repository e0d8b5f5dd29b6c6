/** The requests about a deployment: fail, pause, promote. */
import type { Cluster } from '../../simulation/cluster.js';
import { Refused, wholeId } from './writes.js';

type Body = Record<string, unknown>;

export function fail(cluster: Cluster, id: string): Body {
  check(cluster, id);
  if (!cluster.failDeployment(id)) throw new Refused(500, "can't fail terminal deployment");
  return changed(cluster);
}

export function pause(cluster: Cluster, id: string, body: Body): Body {
  checkNamed(cluster, id, body);
  const wanted = body.Pause === true;
  if (!cluster.pauseDeployment(id, wanted))
    throw new Refused(500, `can't ${wanted ? 'pause' : 'resume'} terminal deployment`);
  // Pausing makes no evaluation; going on does.
  return wanted ? { ...changed(cluster), EvalCreateIndex: 0, EvalID: '' } : changed(cluster);
}

export function promote(cluster: Cluster, id: string, body: Body): Body {
  checkNamed(cluster, id, body);
  const outcome = cluster.promoteDeployment(id);
  if (outcome.kind === 'done') return changed(cluster);
  if (outcome.why !== 'unhealthy') throw new Refused(500, "can't promote terminal deployment");
  const { healthy, asked } = outcome;
  throw new Refused(
    500,
    `1 error occurred:\n\t* Task group "workers" has ${healthy}/${asked} healthy allocations\n\n`,
  );
}

function checkNamed(cluster: Cluster, id: string, body: Body): void {
  wholeId(id, 'deployment');
  if (body.DeploymentID === undefined) throw new Refused(400, 'DeploymentID must be specified');
  if (body.DeploymentID !== id) throw new Refused(400, 'Deployment ID does not match');
  check(cluster, id);
}

function check(cluster: Cluster, id: string): void {
  wholeId(id, 'deployment');
  if (!cluster.state.deployments.some((one) => one.id === id)) throw new Refused(500, 'deployment not found');
}

function changed(cluster: Cluster): Body {
  const { index, evaluations } = cluster.state;
  return {
    DeploymentModifyIndex: index,
    EvalCreateIndex: index,
    EvalID: evaluations.at(-1)?.id ?? '',
    Index: index,
    RevertedJobVersion: null,
  };
}
