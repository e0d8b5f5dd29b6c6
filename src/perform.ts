/**
 * Carries out one step: the only code that changes the world. Each step is absolute and names its decision, so repeating
 * it after a lost answer is harmless.
 */
import type { FleetConfig } from './config.js';
import type { Step } from './core/converge.js';
import type { MaintenanceAction } from './core/maintenance/state.js';
import { notYet } from './core/remedies/promote.js';
import type { RemedyStep } from './core/remedies/remedy.js';
import type { DeadLetters, Log, NodeGroupsActor, OrchestratorActor, OrchestratorReader } from './ports.js';

export interface Hands {
  orchestrator: OrchestratorReader & OrchestratorActor;
  nodeGroups: NodeGroupsActor;
  log: Log;
}

export interface Outcome {
  acted: boolean;
  /** What people should know of it, per zone; null when it went as planned. */
  note: string | null;
  /** True when capacity is lacking: people are alerted. */
  lacks: boolean;
}

export interface Task {
  fleet: FleetConfig;
  decisionId: string;
  /** Workers that the zone holds now. */
  current: number;
  /** Asked right before the world is changed, when every slow question has its answer. */
  mayAct(): Promise<boolean>;
}

/** null: it may not be done any more, and nothing was. */
export async function perform(step: Step, what: Task, hands: Hands): Promise<Outcome | null> {
  const { fleet, decisionId, mayAct } = what;
  const { zone } = step;
  const isPlanned = step.do === 'scale' && step.raise;
  if (step.do !== 'wait' && step.do !== 'give-up' && !isPlanned && !(await mayAct())) return null;
  switch (step.do) {
    case 'wait':
      return {
        acted: false,
        lacks: step.for === 'person',
        note: step.for === 'workers' || step.for === 'leaving' ? null : `${zone}: ${step.detail}`,
      };
    case 'give-up':
      return { acted: false, lacks: true, note: `${zone}: ${step.detail}` };
    case 'grow':
      hands.log.info(
        { fleet: fleet.name, zone, size: step.size, decision: decisionId },
        'growing the node group',
      );
      await hands.nodeGroups.grow(fleet.nodeGroups, zone, step.size, { decisionId });
      return { acted: true, lacks: false, note: `${zone}: growing to ${step.size} nodes` };
    case 'scale':
      return scale(step, what, hands);
    case 'drain':
      hands.log.info(
        { fleet: fleet.name, zone, node: step.node.name, decision: decisionId },
        'draining an emptied node',
      );
      await hands.orchestrator.drain(fleet.orchestrator, step.node.id, { decisionId, deadlineSeconds: 300 });
      return { acted: true, lacks: false, note: null };
    case 'remove':
      hands.log.info(
        { fleet: fleet.name, zone, nodes: step.names, decision: decisionId },
        'removing drained nodes',
      );
      await hands.nodeGroups.remove(fleet.nodeGroups, zone, step.names, { decisionId });
      return { acted: true, lacks: false, note: null };
  }
}

/** One act on a node in maintenance; asking for decisions and giving spare nodes back is the job's. */
export async function performOnNode(
  action: Exclude<MaintenanceAction, { do: 'evaluate' | 'shrink' }>,
  what: { fleet: FleetConfig; node: { id: string; name: string; zone: string }; mark: string },
  hands: Hands,
): Promise<void> {
  const { fleet, node, mark } = what;
  const { orchestrator, nodeGroups } = hands;
  hands.log.info({ fleet: fleet.name, node: node.name, decision: mark, act: action.do }, 'node maintenance');
  const why = { decisionId: mark };
  switch (action.do) {
    case 'cordon':
      return orchestrator.cordon(fleet.orchestrator, node.id);
    case 'uncordon':
      return orchestrator.uncordon(fleet.orchestrator, node.id);
    case 'drain':
      return orchestrator.drain(fleet.orchestrator, node.id, {
        ...why,
        deadlineSeconds: action.deadlineSeconds,
      });
    case 'remove':
      return nodeGroups.remove(fleet.nodeGroups, node.zone, [action.name], why);
    case 'grow':
      return nodeGroups.grow(fleet.nodeGroups, node.zone, action.size, why);
  }
}

/** A raise goes as far as it fits: asking for more would wedge the job until its deployment times out. */
async function scale(
  step: Extract<Step, { do: 'scale' }>,
  what: Task,
  hands: Hands,
): Promise<Outcome | null> {
  const { fleet, decisionId, current } = what;
  const { zone } = step;
  let workers = step.workers;
  let note: string | null = null;
  if (step.raise) {
    const plan = await hands.orchestrator.plan(fleet.orchestrator, zone, step.workers);
    if (plan.fits < step.workers) {
      note = `${zone}: only ${plan.fits} of ${step.workers} workers fit${plan.lacks === null ? '' : `, lacking ${plan.lacks}`}`;
      if (plan.fits <= current) return { acted: false, lacks: true, note };
      workers = plan.fits;
    }
    if (!(await what.mayAct())) return null;
  }
  hands.log.info({ fleet: fleet.name, zone, workers, decision: decisionId }, 'scaling');
  const result = await hands.orchestrator.scale(fleet.orchestrator, zone, workers, {
    decisionId,
    message: `muster: ${current} -> ${workers} workers`,
  });
  if (result.kind === 'blocked') return { acted: false, lacks: false, note: `${zone}: ${result.by.detail}` };
  return { acted: true, lacks: note !== null, note };
}

const REMEDY_DRAIN_SECONDS = 300;

/** One step of a remedy. 'wait': it is under way, come again. */
export async function performRemedy(
  step: Exclude<RemedyStep, { do: 'say' }>,
  fleet: FleetConfig,
  hands: Pick<Hands, 'orchestrator' | 'log'> & { deadLetters?: DeadLetters | null },
): Promise<'wait' | { ok: boolean; said: string }> {
  const { orchestrator, log } = hands;
  const target = fleet.orchestrator;
  log.info({ fleet: fleet.name, step: step.do }, 'carrying out a step of a remedy');
  switch (step.do) {
    case 'stop-worker':
      await orchestrator.stopWorker(target, step.worker);
      return { ok: true, said: `Worker ${step.worker.slice(0, 8)} was stopped; another takes its place.` };
    case 'fail-deployment':
      await orchestrator.failDeployment(target, step.zone, step.deployment);
      return { ok: true, said: `The deployment that held ${step.zone} was failed.` };
    case 'promote': {
      const result = await orchestrator.promote(target, step.zone, step.deployment);
      if (result.kind === 'unhealthy') return { ok: false, said: notYet(step.zone, result.canaries) };
      if (result.kind === 'superseded')
        return { ok: false, said: `Another deployment has begun in ${step.zone}: nothing was promoted.` };
      return { ok: true, said: `The deployment in ${step.zone} was promoted.` };
    }
    case 'revert':
      return reverted(step, fleet, orchestrator);
    case 'drain-node':
      await orchestrator.drain(target, step.node, {
        decisionId: 'remedy',
        deadlineSeconds: REMEDY_DRAIN_SECONDS,
      });
      return { ok: true, said: `${step.name} is being drained.` };
    case 'return-node': {
      const node = (await orchestrator.nodes(target)).find(({ id }) => id === step.node);
      if (node === undefined) return { ok: true, said: `${step.name} is gone.` };
      if (node.drain !== null && !node.drain.done) return 'wait';
      await orchestrator.uncordon(target, step.node);
      return { ok: true, said: `${step.name} is empty and takes work again.` };
    }
    case 'requeue': {
      if (!hands.deadLetters) return { ok: false, said: 'No dead letters can be moved here.' };
      const moved = await hands.deadLetters.requeue(fleet.demand, step.most);
      return { ok: true, said: `${moved} dead-lettered messages were moved back.` };
    }
  }
}

async function reverted(
  { zone, from, to }: Extract<RemedyStep, { do: 'revert' }>,
  fleet: FleetConfig,
  orchestrator: OrchestratorActor,
): Promise<{ ok: boolean; said: string }> {
  const { kind } = await orchestrator.revert(fleet.orchestrator, zone, { from, to });
  switch (kind) {
    case 'done':
      return { ok: true, said: `The job of ${zone} was given back its version ${to}; its count stayed.` };
    case 'changed':
      return { ok: false, said: `Somebody changed the job of ${zone} meanwhile: it was left as it is.` };
    case 'forgotten':
      return { ok: false, said: `The job of ${zone} has no version ${to} any more: it was left as it is.` };
    case 'rollout':
      return { ok: false, said: `A rollout holds ${zone}: deploy rollback ${fleet.name} takes it back.` };
  }
}
