/**
 * Environment + muster.yml -> validated Config. Secrets and addresses come from the environment (each also as NAME_FILE),
 * fleets and policy from the file. This is the only reader of process.env; all mistakes are reported together.
 */
import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { type AccessPolicy, accessSchema, openAccess } from './core/access.js';
import { parseCron } from './core/cron.js';
import { type DigestTime, digestSchema } from './core/digest.js';
import { type Policy, policySchema } from './core/policy.js';
import { findRemedy } from './core/remedies/index.js';
import { OperatorError } from './errors.js';
import type {
  DemandSource,
  LatencySource,
  NodeGroupTarget,
  OrchestratorTarget,
  SaturationSource,
} from './ports.js';

export interface FleetConfig {
  name: string;
  policy: Policy;
  orchestrator: OrchestratorTarget;
  nodeGroups: NodeGroupTarget;
  demand: DemandSource;
  latency: LatencySource | null;
  saturation: SaturationSource | null;
  channel: string;
  /** Events routing key of the fleet's PagerDuty service; null: the default one. */
  pagerdutyRoutingKey: string | null;
  /** PagerDuty's ids of the fleet's service and escalation policy; absent or null: not named. */
  pagerduty?: { service: string | null; escalationPolicy: string | null };
  /** Remedies that may run by themselves, and how many an hour; absent: none. */
  remedies?: { auto: string[]; perHour: number };
}

export interface Config {
  environment: string;
  fleets: FleetConfig[];
  /** Where what concerns no single fleet is said. */
  channel: string;
  command: string;
  slack: {
    mode: 'http' | 'socket';
    botToken: string;
    signingSecret: string;
    appToken: string | null;
    /** Base of the Web API; Slack's own unless a stand-in is used. */
    apiUrl: string | null;
  } | null;
  pagerduty: {
    routingKey: string | null;
    token: string | null;
    /** Host of the Events API, 'events.pagerduty.com' or its EU twin; host:port for a stand-in. */
    eventsHost: string;
    /** Base of the REST API, its EU twin, or a stand-in. */
    apiUrl: string;
    /** The PagerDuty user that notes and changes are made as, where no other is known: REST asks for one. */
    from: string | null;
    /** Any of these may sign a V3 webhook: two while one is being replaced. Empty: webhooks are refused. */
    webhookSecrets: string[];
    /** What the custom incident actions send in X-Muster-Action; null: their requests are refused. */
    actionSecret: string | null;
    /** PEM of a private CA; null: the system's. */
    ca: string | null;
  } | null;
  nomad: {
    address: string;
    token: string | null;
    namespace: string;
    region: string | null;
    tls: {
      ca: string | null;
      cert: string | null;
      key: string | null;
      serverName: string | null;
      skipVerify: boolean;
    };
  } | null;
  rabbitmq: { url: string; user: string; password: string } | null;
  prometheus: { url: string; token: string | null } | null;
  gce: {
    apiUrl: string;
    /** Fixed token for a stand-in; null: the metadata server gives one. */
    token: string | null;
  } | null;
  redis: { url: string };
  http: { host: string; port: number };
  /** Muster clock; null in production, where it is the machine's own. */
  clock: { wallMs: number; simMs: number; speed: number } | null;
  /** How long one request to a peer may take, machine time. */
  peerTimeoutMs: number;
  /** BullMQ and lease times, machine time. */
  locks: { lockMs: number; stalledMs: number; leaseMs: number };
  heartbeatUrl: string | null;
  /** What watchers send with a maintenance notice; null: notices by HTTP are refused. */
  maintenanceSecret: string | null;
  maxOverrideSeconds: number;
  access: AccessPolicy;
  /** When each channel is told about the last day; null: never. */
  digest: DigestTime | null;
  logLevel: string;
}

type Environment = Record<string, string | undefined>;

const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be lower-case letters, digits and dashes');
const query = z.string().min(1);
const prometheusGauge = z.strictObject({ kind: z.literal('prometheus'), query });

const fleetSchema = z.strictObject({
  ...policySchema.shape,
  /** Instead of serviceCv, for those who know their 95th percentile better than their deviation. */
  serviceP95Seconds: z.number().positive().optional(),
  orchestrator: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('nomad'),
      /** Zone -> the job and group that hold its workers. */
      jobs: z.record(
        z.string(),
        z.strictObject({ job: z.string().min(1), group: z.string().min(1).default('workers') }),
      ),
    }),
  ]),
  nodes: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('fixed') }),
      z.strictObject({
        kind: z.literal('gce-mig'),
        project: z.string().min(1),
        groups: z.record(z.string(), z.strictObject({ zone: z.string().min(1), group: z.string().min(1) })),
      }),
    ])
    .default({ kind: 'fixed' }),
  demand: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('rabbitmq'),
      vhost: z.string().min(1).default('/'),
      queue: z.string().min(1),
      /** Where RabbitMQ puts what was rejected or died. */
      deadLetterQueue: z.string().min(1).optional(),
    }),
    z.strictObject({
      kind: z.literal('prometheus'),
      rate: query,
      backlog: query.optional(),
      oldestAge: query.optional(),
    }),
  ]),
  latency: z.strictObject({ kind: z.literal('prometheus'), p95: query }).optional(),
  saturation: prometheusGauge.optional(),
  channel: z.string().min(1).optional(),
  /** Name of the environment variable that holds the routing key of this fleet's PagerDuty service. */
  pagerdutyRoutingKeyFrom: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]*$/, 'must be the name of an environment variable')
    .optional(),
  remedies: z
    .strictObject({
      /** These may run by themselves when the alert fires and they fit. */
      auto: z
        .array(
          z
            .string()
            .refine(
              (name) => findRemedy(name) !== undefined,
              'must be the name of a remedy: see /muster remedy',
            ),
        )
        .default([]),
      /** At most this many an hour by themselves. */
      perHour: z.number().int().min(1).max(20).default(1),
    })
    .prefault({}),
  pagerduty: z
    .strictObject({ service: z.string().min(1).optional(), escalationPolicy: z.string().min(1).optional() })
    .optional(),
});

const fileSchema = z.strictObject({
  environment: z.string().min(1).max(40).default('production'),
  channel: z.string().min(1).default('#ml-ops'),
  command: z
    .string()
    .regex(/^\/[a-z0-9_-]{1,31}$/, 'must be a slash command such as /muster')
    .default('/muster'),
  maxOverrideSeconds: z
    .number()
    .int()
    .min(300)
    .max(7 * 86_400)
    .default(86_400),
  access: accessSchema.prefault({}),
  digest: digestSchema.prefault({}),
  fleets: z
    .record(name, fleetSchema)
    .refine((fleets) => Object.keys(fleets).length > 0, 'must name at least one fleet'),
});

export interface Problem {
  /** 'fleets.ocr.ceiling' or an environment variable's name. */
  place: string;
  value: string;
  rule: string;
}

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
    cycleOffsetSeconds: rest.cycleOffsetSeconds || offsetOf(fleetName, rest.cycleSeconds),
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
    latency: latency ?? null,
    saturation: saturation ?? null,
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
    const { deadLetterQueue, ...rest } = demand;
    return deadLetterQueue === undefined ? rest : { ...rest, deadLetterQueue };
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

/** The whole configuration of a production bot. `read` gives muster.yml's text; errors name rule, value and place, never a secret's value. */
export function loadConfig(fileText: string, env: Environment = process.env): Config {
  const problems: Problem[] = [];
  const secret = (key: string): string | null => readOrNote(env, key, problems);
  const required = (key: string, why: string): string => {
    const value = secret(key);
    if (value === null) problems.push({ place: key, value: 'nothing', rule: `must be set: ${why}` });
    return value ?? '';
  };
  const url = (key: string, fallback: string | null, why: string): string => {
    const value = secret(key) ?? fallback;
    if (value === null) problems.push({ place: key, value: 'nothing', rule: `must be set: ${why}` });
    else if (!isAddress(value, key === 'REDIS_URL' ? REDIS : WEB))
      problems.push({
        place: key,
        value: '(hidden)',
        rule:
          key === 'REDIS_URL'
            ? "must be a URL such as redis://127.0.0.1:6379, or a socket's path"
            : 'must be a URL that begins with http:// or https://',
      });
    return value ?? '';
  };

  let file: ReturnType<typeof parseFile> | null = null;
  try {
    file = parseFile(fileText, env);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    problems.push(...error.problems);
  }
  const uses = usesOf(file?.fleets ?? []);
  const mode = secret('SLACK_MODE') ?? 'http';
  if (mode !== 'http' && mode !== 'socket')
    problems.push({ place: 'SLACK_MODE', value: mode, rule: 'must be http or socket' });
  const port = Number(secret('PORT') ?? '3000');
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    problems.push({ place: 'PORT', value: String(env.PORT), rule: 'must be a port, 0 to 65535' });

  const config: Config = {
    environment: file?.environment ?? '',
    fleets: file?.fleets ?? [],
    channel: file?.channel ?? '',
    command: file?.command ?? '/muster',
    maxOverrideSeconds: file?.maxOverrideSeconds ?? 86_400,
    access: file?.access ?? openAccess(),
    digest: file?.digest ?? null,
    slack: {
      mode: mode === 'socket' ? 'socket' : 'http',
      botToken: required('SLACK_BOT_TOKEN', 'the bot posts with it (xoxb-…)'),
      signingSecret:
        mode === 'socket'
          ? (secret('SLACK_SIGNING_SECRET') ?? '')
          : required('SLACK_SIGNING_SECRET', 'it proves that a request comes from Slack'),
      appToken:
        mode === 'socket' ? required('SLACK_APP_TOKEN', 'Socket Mode connects with it (xapp-…)') : null,
      apiUrl: secret('SLACK_API_URL'),
    },
    pagerduty: pagerdutyOf(secret, file?.fleets ?? []),
    nomad: uses.nomad
      ? {
          address: url('NOMAD_ADDR', null, 'fleets run on Nomad'),
          token: secret('NOMAD_TOKEN'),
          namespace: secret('NOMAD_NAMESPACE') ?? 'default',
          region: secret('NOMAD_REGION'),
          tls: {
            ca: pemOf(secret('NOMAD_CACERT'), 'NOMAD_CACERT', problems),
            cert: pemOf(secret('NOMAD_CLIENT_CERT'), 'NOMAD_CLIENT_CERT', problems),
            key: pemOf(secret('NOMAD_CLIENT_KEY'), 'NOMAD_CLIENT_KEY', problems),
            serverName: secret('NOMAD_TLS_SERVER_NAME'),
            skipVerify: secret('NOMAD_SKIP_VERIFY') === 'true',
          },
        }
      : null,
    rabbitmq: uses.rabbitmq
      ? {
          url: url('RABBITMQ_MANAGEMENT_URL', null, 'a fleet takes its demand from RabbitMQ'),
          user: secret('RABBITMQ_USER') ?? 'guest',
          password: secret('RABBITMQ_PASSWORD') ?? 'guest',
        }
      : null,
    prometheus: uses.prometheus
      ? { url: url('PROMETHEUS_URL', null, 'a fleet reads Prometheus'), token: secret('PROMETHEUS_TOKEN') }
      : null,
    gce: uses.gce
      ? {
          apiUrl: url('GCE_API_URL', 'https://compute.googleapis.com/compute/v1', ''),
          token: secret('GCE_TOKEN'),
        }
      : null,
    redis: { url: url('REDIS_URL', 'redis://127.0.0.1:6379', '') },
    http: { host: secret('HOST') ?? '127.0.0.1', port },
    clock: null,
    peerTimeoutMs: 5_000,
    locks: { lockMs: 30_000, stalledMs: 30_000, leaseMs: 60_000 },
    heartbeatUrl: secret('HEARTBEAT_URL'),
    maintenanceSecret: secret('MAINTENANCE_WEBHOOK_SECRET'),
    logLevel: secret('LOG_LEVEL') ?? 'info',
  };
  if (problems.length > 0) throw badConfiguration(problems);
  return config;
}

const WEB = /^https?:$/;
const REDIS = /^(rediss?|unix):$/;

/** 'localhost:4646' reads as a URL, too: its scheme is what tells. */
const isAddress = (value: string, scheme: RegExp): boolean =>
  (scheme === REDIS && value.startsWith('/')) ||
  (URL.canParse(value) && scheme.test(new URL(value).protocol));

function usesOf(fleets: FleetConfig[]): {
  nomad: boolean;
  rabbitmq: boolean;
  prometheus: boolean;
  gce: boolean;
} {
  return {
    nomad: fleets.some((fleet) => fleet.orchestrator.kind === 'nomad'),
    rabbitmq: fleets.some((fleet) => fleet.demand.kind === 'rabbitmq'),
    prometheus: fleets.some(
      (fleet) => fleet.demand.kind === 'prometheus' || fleet.latency !== null || fleet.saturation !== null,
    ),
    gce: fleets.some((fleet) => fleet.nodeGroups.kind === 'gce-mig'),
  };
}

function pagerdutyOf(secret: (key: string) => string | null, fleets: FleetConfig[]): Config['pagerduty'] {
  const routingKey = secret('PAGERDUTY_ROUTING_KEY');
  const token = secret('PAGERDUTY_TOKEN');
  if (routingKey === null && token === null && fleets.every((fleet) => fleet.pagerdutyRoutingKey === null))
    return null;
  return {
    routingKey,
    token,
    eventsHost: secret('PAGERDUTY_EVENTS_HOST') ?? 'events.pagerduty.com',
    apiUrl: secret('PAGERDUTY_API_URL') ?? 'https://api.pagerduty.com',
    from: secret('PAGERDUTY_FROM'),
    webhookSecrets: (secret('PAGERDUTY_WEBHOOK_SECRETS') ?? '')
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== ''),
    actionSecret: secret('PAGERDUTY_ACTION_SECRET'),
    ca: null,
  };
}

/** The secret, or null: it is not set, or its file cannot be read, which is one more problem. */
function readOrNote(env: Environment, key: string, problems: Problem[]): string | null {
  try {
    return readSecret(env, key) ?? null;
  } catch (error) {
    problems.push({
      place: `${key}_FILE`,
      value: env[`${key}_FILE`] ?? '',
      rule: `must be a readable file (${(error as NodeJS.ErrnoException).code})`,
    });
    return null;
  }
}

function readSecret(env: Environment, key: string): string | undefined {
  const direct = env[key];
  if (direct !== undefined && direct !== '') return direct;
  const path = env[`${key}_FILE`];
  if (path === undefined || path === '') return undefined;
  return readFileSync(path, 'utf8').trim() || undefined;
}

function pemOf(path: string | null, key: string, problems: Problem[]): string | null {
  if (path === null) return null;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    problems.push({
      place: key,
      value: path,
      rule: `must be a readable PEM file (${(error as NodeJS.ErrnoException).code})`,
    });
    return null;
  }
}

function problemOf(issue: z.core.$ZodIssue, raw: unknown): Problem {
  const place = issue.path.length === 0 ? 'the file' : issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    return {
      place: [...issue.path, issue.keys[0]].join('.'),
      value: '',
      rule: 'is not a setting: see docs/CONFIGURATION.md',
    };
  }
  let value: unknown = raw;
  for (const key of issue.path) value = (value as Record<PropertyKey, unknown> | undefined)?.[key];
  return {
    place,
    value: value === undefined ? 'nothing' : shorten(JSON.stringify(value)),
    rule: issue.message,
  };
}

const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}…` : text);

export class ConfigurationError extends OperatorError {
  constructor(readonly problems: Problem[]) {
    super(
      'bad-configuration',
      [
        `The configuration has ${problems.length === 1 ? 'one mistake' : `${problems.length} mistakes`}:`,
        ...problems.map(
          ({ place, value, rule }) => `  ${place}${value === '' ? '' : ` = ${value}`}: ${rule}`,
        ),
      ].join('\n'),
    );
  }
}

const badConfiguration = (problems: Problem[]): ConfigurationError => new ConfigurationError(problems);
