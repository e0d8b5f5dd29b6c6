/**
 * Environment + muster.yml -> validated Config. Secrets and addresses come from the environment (each also as NAME_FILE),
 * fleets and policy from the file. This is the only reader of process.env; all mistakes are reported together.
 */

import { type Addresses, createAddresses } from './config/addresses.js';
import { type Environment, pemOf, readOrNote } from './config/environment.js';
import { parseFile } from './config/file.js';
import { badConfiguration, ConfigurationError, type Problem } from './config/problems.js';
import { type AccessPolicy, openAccess } from './core/access.js';
import type { DigestTime } from './core/digest.js';
import type { Policy } from './core/policy.js';
import type {
  DemandSource,
  HealthSource,
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
  /** So many dead letters are nobody's alert; absent: none. */
  deadLetterLimit?: number;
  latency: LatencySource | null;
  saturation: SaturationSource | null;
  /** Absent or null: workers are not asked how they are. */
  health?: HealthSource | null;
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

export { offsetOf, parseFile } from './config/file.js';
export { ConfigurationError, type Problem } from './config/problems.js';

/** The whole configuration of a production bot. `read` gives muster.yml's text; errors name rule, value and place, never a secret's value. */
export function loadConfig(fileText: string, env: Environment = process.env): Config {
  const problems: Problem[] = [];
  const secret = (key: string): string | null => readOrNote(env, key, problems);
  const required = (key: string, why: string): string => {
    const value = secret(key);
    if (value === null) problems.push({ place: key, value: 'nothing', rule: `must be set: ${why}` });
    return value ?? '';
  };
  const addresses = createAddresses(secret, problems);
  const { url } = addresses;

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
      apiUrl: addresses.optionalUrl('SLACK_API_URL'),
    },
    pagerduty: pagerdutyOf(secret, addresses, file?.fleets ?? []),
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
          apiUrl: url('GCE_API_URL', 'https://compute.googleapis.com/compute/v1'),
          token: secret('GCE_TOKEN'),
        }
      : null,
    redis: { url: addresses.redis('REDIS_URL', 'redis://127.0.0.1:6379') },
    http: { host: secret('HOST') ?? '127.0.0.1', port },
    clock: null,
    peerTimeoutMs: 5_000,
    locks: { lockMs: 30_000, stalledMs: 30_000, leaseMs: 60_000 },
    heartbeatUrl: addresses.optionalUrl('HEARTBEAT_URL'),
    maintenanceSecret: secret('MAINTENANCE_WEBHOOK_SECRET'),
    logLevel: secret('LOG_LEVEL') ?? 'info',
  };
  if (problems.length > 0) throw badConfiguration(problems);
  return config;
}

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

function pagerdutyOf(
  secret: (key: string) => string | null,
  addresses: Addresses,
  fleets: FleetConfig[],
): Config['pagerduty'] {
  const eventsHost = addresses.host('PAGERDUTY_EVENTS_HOST', 'events.pagerduty.com');
  const apiUrl = addresses.url('PAGERDUTY_API_URL', 'https://api.pagerduty.com');
  const routingKey = secret('PAGERDUTY_ROUTING_KEY');
  const token = secret('PAGERDUTY_TOKEN');
  if (routingKey === null && token === null && fleets.every((fleet) => fleet.pagerdutyRoutingKey === null))
    return null;
  return {
    routingKey,
    token,
    eventsHost,
    apiUrl,
    from: secret('PAGERDUTY_FROM'),
    webhookSecrets: (secret('PAGERDUTY_WEBHOOK_SECRETS') ?? '')
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== ''),
    actionSecret: secret('PAGERDUTY_ACTION_SECRET'),
    ca: null,
  };
}
