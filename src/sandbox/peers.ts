/** The peers of the sandbox's bot: one stand-in each, on a port of its own on loopback, with secrets made for this run. */
import { randomBytes } from 'node:crypto';
import type { FleetConfig } from '../config.js';
import type { StandIn, WorldContext } from './context.js';
import type { SandboxPeers } from './fleets.js';
import { createGceStandIn } from './gce/stand-in.js';
import { createNomadStandIn } from './nomad/stand-in.js';
import { routingKeyIn } from './pagerduty/alerts.js';
import { botUser } from './pagerduty/people.js';
import { createPagerdutyStandIn, type PagerdutyStandIn } from './pagerduty/stand-in.js';
import { createPrometheusStandIn } from './prometheus/stand-in.js';
import { createRabbitmqStandIn, type RabbitmqStandIn } from './rabbitmq/stand-in.js';
import type { SimulatedWorld } from './simulated-world.js';
import { createSlackStandIn, type SlackStandIn } from './slack/stand-in.js';
import { createTrafficView } from './traffic-view.js';
import { createWorkersStandIn } from './workers/stand-in.js';

export interface Peers {
  slack: SlackStandIn;
  pagerduty: PagerdutyStandIn;
  rabbitmq: RabbitmqStandIn;
  /** Where they are and what opens them, as a bot's configuration has it. */
  config: Omit<SandboxPeers, 'redis' | 'clock'>;
  save(): Record<string, unknown>;
  close(): Promise<void>;
}

export interface PeersSpec {
  context: WorldContext;
  simulation: SimulatedWorld;
  fleets: FleetConfig[];
  /** Live bots, for Slack's deliveries. */
  bots: () => { url: string }[];
  /** What `save` gave earlier; empty at first. */
  saved: Record<string, unknown>;
}

const RABBITMQ_USER = 'muster';

export async function startPeers({ context, simulation, fleets, bots, saved }: PeersSpec): Promise<Peers> {
  const started: StandIn[] = [];
  const closeAll = async () => void (await Promise.all(started.map((peer) => peer.close())));
  const start = async <T extends StandIn>(peer: Promise<T>): Promise<T> => {
    const ready = await peer;
    started.push(ready);
    return ready;
  };
  const restore = (name: string) => (saved[name] === undefined ? {} : { restore: saved[name] });
  const { cluster } = simulation;
  const view = createTrafficView(
    simulation,
    fleets.map(({ name }) => name),
  );
  const secrets = {
    slackBot: `xoxb-${secret()}`,
    slackSigning: secret(),
    nomad: secret(),
    gce: secret(),
    rabbitmq: secret(),
    pagerduty: secret(),
    webhook: secret(),
    action: secret(),
    // An integration key of PagerDuty is 32 letters and digits.
    routingKey: routingKeyIn(saved.pagerduty) ?? randomBytes(16).toString('hex'),
  };
  try {
    const slack = await start(
      createSlackStandIn({
        context,
        bots,
        signingSecret: secrets.slackSigning,
        botToken: secrets.slackBot,
        ...restore('slack'),
      }),
    );
    const pagerduty = await start(
      createPagerdutyStandIn({
        context,
        token: secrets.pagerduty,
        routingKeys: [secrets.routingKey],
        hooks: { bots, secrets: [secrets.webhook], actionSecret: secrets.action },
        ...restore('pagerduty'),
      }),
    );
    const workers = await start(createWorkersStandIn({ context, cluster }));
    const nomad = await start(
      createNomadStandIn({
        ...{ context, cluster, profile: '1.1', token: secrets.nomad },
        workerPort: workers.port,
      }),
    );
    const gce = await start(createGceStandIn({ context, cluster, token: secrets.gce }));
    const rabbitmq = await start(
      createRabbitmqStandIn({
        context,
        view,
        user: RABBITMQ_USER,
        password: secrets.rabbitmq,
        returned: (fleet) => simulation.traffic.add(fleet, 1),
        ...restore('rabbitmq'),
      }),
    );
    const prometheus = await start(createPrometheusStandIn({ context, view }));
    return {
      slack,
      pagerduty,
      rabbitmq,
      config: {
        slack: {
          mode: 'http',
          botToken: secrets.slackBot,
          signingSecret: secrets.slackSigning,
          appToken: null,
          apiUrl: slack.apiUrl,
        },
        pagerduty: {
          routingKey: secrets.routingKey,
          token: secrets.pagerduty,
          eventsHost: pagerduty.host,
          apiUrl: pagerduty.url,
          from: botUser.email,
          webhookSecrets: [secrets.webhook],
          actionSecret: secrets.action,
          ca: pagerduty.ca,
        },
        nomad: {
          address: nomad.url,
          token: secrets.nomad,
          namespace: 'default',
          region: null,
          tls: { ca: null, cert: null, key: null, serverName: null, skipVerify: false },
        },
        rabbitmq: { url: rabbitmq.url, user: RABBITMQ_USER, password: secrets.rabbitmq },
        prometheus: { url: prometheus.url, token: null },
        gce: { apiUrl: gce.url, token: secrets.gce },
      },
      save: () => ({ slack: slack.save(), pagerduty: pagerduty.save(), rabbitmq: rabbitmq.save() }),
      close: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

const secret = (): string => randomBytes(24).toString('base64url');
