/** muster.yml -> fleets and policy. */
import { parseDocument } from 'yaml';
import type { z } from 'zod';
import type { Config, FleetConfig } from '../config.js';
import { parseCron } from '../core/cron.js';
import type { Policy } from '../core/policy.js';
import type { DemandSource } from '../ports.js';
import { type Environment, readOrNote } from './environment.js';
import { badConfiguration, type Problem, problemOf } from './problems.js';
import { fileSchema, type fleetSchema } from './schema.js';

/**
 * muster.yml's text -> fleets and policy. Without an environment no secret is looked up, which is enough for `decide` and
 * `backtest`. All mistakes at once.
 */
export function parseFile(
  text: string,
  env: Environment | null = null,
): Pick<
  Config,
  'environment' | 'channel' | 'command' | 'maxOverrideSeconds' | 'access' | 'digest' | 'fleets'
> {
  const document = parseDocument(text, { prettyErrors: true });
  if (document.errors.length > 0) {
    throw badConfiguration(
      document.errors.map((error) => ({
        place:
          error.linePos === undefined
            ? 'the file'
            : `line ${error.linePos[0].line}, column ${error.linePos[0].col}`,
        value: '',
        rule: error.message.split('\n')[0] ?? 'is not YAML',
      })),
    );
  }
  const raw: unknown = document.toJS();
  const parsed = fileSchema.safeParse(raw);
  if (!parsed.success) {
    throw badConfiguration(parsed.error.issues.map((issue) => problemOf(issue, raw)));
  }
  const problems: Problem[] = [];
  const fleets = Object.entries(parsed.data.fleets).map(([fleetName, fleet]) =>
    toFleet(fleetName, fleet, parsed.data.channel, env, problems),
  );
  if (problems.length > 0) throw badConfiguration(problems);
  const { environment, channel, command, maxOverrideSeconds, access, digest } = parsed.data;
  return { environment, channel, command, maxOverrideSeconds, access, digest, fleets };
}

function toFleet(
  fleetName: string,
  fleet: z.output<typeof fleetSchema>,
  channel: string,
  env: Environment | null,
  problems: Problem[],
): FleetConfig {
  const {
    orchestrator,
    nodes,
    demand,
    latency,
    saturation,
    health,
    channel: own,
    pagerdutyRoutingKeyFrom,
    remedies,
    pagerduty,
    serviceP95Seconds,
    ...rest
  } = fleet;
  const place = `fleets.${fleetName}`;
  const policy: Policy = {
    ...rest,
    ...(serviceP95Seconds === undefined
      ? {}
      : { serviceCv: cvOf(rest.serviceSeconds, serviceP95Seconds, `${place}.serviceP95Seconds`, problems) }),
    cycleOffsetSeconds: rest.cycleOffsetSeconds ?? offsetOf(fleetName, rest.cycleSeconds),
  };
  if (policy.floor > policy.ceiling) {
    problems.push({
      place: `${place}.floor`,
      value: String(policy.floor),
      rule: `must be at most the ceiling, ${policy.ceiling}`,
    });
  }
  for (const [index, { cron }] of policy.schedule.entries()) {
    try {
      parseCron(cron);
    } catch (error) {
      problems.push({
        place: `${place}.schedule.${index}.cron`,
        value: cron,
        rule: (error as Error).message,
      });
    }
  }
  for (const zone of policy.zones) {
    if (orchestrator.jobs[zone] === undefined) {
      problems.push({
        place: `${place}.orchestrator.jobs.${zone}`,
        value: 'nothing',
        rule: 'must name the job of this zone',
      });
    }
    if (nodes.kind === 'gce-mig' && nodes.groups[zone] === undefined) {
      problems.push({
        place: `${place}.nodes.groups.${zone}`,
        value: 'nothing',
        rule: 'must name the instance group of this zone',
      });
    }
  }
  const routingKey =
    pagerdutyRoutingKeyFrom === undefined || env === null
      ? null
      : readOrNote(env, pagerdutyRoutingKeyFrom, problems);
  if (pagerdutyRoutingKeyFrom !== undefined && env !== null && routingKey === null) {
    problems.push({
      place: pagerdutyRoutingKeyFrom,
      value: 'nothing',
      rule: `must be set: ${place} pages through it`,
    });
  }
  return {
    name: fleetName,
    policy,
    orchestrator: {
      kind: 'nomad',
      targets: policy.zones.map((zone) => ({
        zone,
        job: orchestrator.jobs[zone]?.job ?? '',
        group: orchestrator.jobs[zone]?.group ?? '',
      })),
      workersPerAllocation: policy.workersPerAllocation,
      slotsPerNode: policy.slotsPerNode,
    },
    nodeGroups:
      nodes.kind === 'fixed'
        ? { kind: 'fixed' }
        : {
            kind: 'gce-mig',
            groups: policy.zones.map((zone) => ({
              zone,
              project: nodes.project,
              gceZone: nodes.groups[zone]?.zone ?? '',
              group: nodes.groups[zone]?.group ?? '',
            })),
          },
    demand: cleanDemand(demand),
    ...(demand.kind === 'rabbitmq' ? { deadLetterLimit: demand.deadLetterLimit } : {}),
    latency: latency ?? null,
    saturation: saturation ?? null,
    health: health ?? null,
    channel: own ?? channel,
    pagerdutyRoutingKey: routingKey,
    pagerduty: {
      service: pagerduty?.service ?? null,
      escalationPolicy: pagerduty?.escalationPolicy ?? null,
    },
    remedies,
  };
}

/**
 * Coefficient of variation of a lognormal service time with this mean and 95th percentile: with s its sigma, p95 / mean =
 * exp(1.645 s - s^2 / 2), of which the smaller root is meant. No lognormal has a p95 beyond 3.87 times its mean.
 */
function cvOf(mean: number, p95: number, place: string, problems: Problem[]): number {
  const z95 = 1.6449;
  const rest = z95 ** 2 - 2 * Math.log(p95 / mean);
  if (p95 < mean || rest < 0) {
    problems.push({
      place,
      value: String(p95),
      rule: `must lie between serviceSeconds and 3.8 times that, ${mean} to ${(3.8 * mean).toFixed(2)}`,
    });
    return 1;
  }
  const sigma = z95 - Math.sqrt(rest);
  return Math.sqrt(Math.exp(sigma ** 2) - 1);
}

function cleanDemand(demand: z.output<typeof fleetSchema>['demand']): DemandSource {
  if (demand.kind === 'rabbitmq') {
    const { kind, vhost, queue, deadLetterQueue } = demand;
    return { kind, vhost, queue, ...(deadLetterQueue === undefined ? {} : { deadLetterQueue }) };
  }
  return {
    kind: 'prometheus',
    rate: demand.rate,
    ...(demand.backlog === undefined ? {} : { backlog: demand.backlog }),
    ...(demand.oldestAge === undefined ? {} : { oldestAge: demand.oldestAge }),
  };
}

/** Spreads fleets over the cycle in whole minutes, so that a hundred fleets do not ask the peers at once. FNV-1a of the name. */
export function offsetOf(fleet: string, cycleSeconds: number): number {
  let hash = 0x811c9dc5;
  for (const character of fleet) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193) >>> 0;
  return (hash % Math.max(1, Math.floor(cycleSeconds / 60))) * 60;
}
