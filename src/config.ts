/** Environment + muster.yml -> validated Config. The only reader of process.env. */
import type { Policy } from './core/policy.js';
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
    apiUrl: string /** Fixed token for a stand-in; null: the metadata server or GOOGLE_APPLICATION_CREDENTIALS. */;
    token: string | null;
  } | null;
  redis: { url: string };
  http: { host: string; port: number };
  /** Muster clock; production runs at 1 from the machine's own time. */
  clock: { wallMs: number; simMs: number; speed: number } | null;
  /** How long one request to a peer may take, machine time. */
  peerTimeoutMs: number;
  /** BullMQ and lease times, machine time. */
  locks: { lockMs: number; stalledMs: number; leaseMs: number };
  heartbeatUrl: string | null;
  maxOverrideSeconds: number;
  logLevel: string;
}
