/** A bot over the in-memory store and the PagerDuty stand-in; time and the queue move by hand. */
import { createIncidents } from '../../src/adapters/pagerduty/incidents.js';
import { createPager } from '../../src/adapters/pagerduty/pager.js';
import { createRestApi } from '../../src/adapters/pagerduty/rest-api.js';
import { createRota } from '../../src/adapters/pagerduty/rota.js';
import { type App, createApp, type Ports } from '../../src/app.js';
import type { FleetConfig } from '../../src/config.js';
import type { AccessPolicy } from '../../src/core/access.js';
import type { OutboxRow } from '../../src/core/message.js';
import type { Person } from '../../src/core/model.js';
import type { Chat, Log, Meter, OrchestratorActor, OrchestratorReader, Store } from '../../src/ports.js';
import { botUser, POLICY, SERVICE } from '../../src/sandbox/pagerduty/people.js';
import { createPagerdutyStandIn, type PagerdutyStandIn } from '../../src/sandbox/pagerduty/stand-in.js';
import { shellText } from '../../src/shell-text.js';
import { createMemoryStore } from '../../src/simulation/memory-store.js';
import { aFleet, NOON, someZones } from './fleet.js';
import { aContext, type TestContext } from './stand-in-context.js';

export const ASHA: Person = { id: 'slack:U0ASHA', name: 'Asha Rao', timeZone: 'Asia/Kolkata' };
const SLACK: Record<string, Person> = {
  'asha@sandbox.example': ASHA,
  'ravi@sandbox.example': { id: 'slack:U0RAVI', name: 'Ravi Menon' },
  'meera@sandbox.example': { id: 'slack:U0MEERA', name: 'Meera Iyer' },
};

export interface PagingScene {
  app: App;
  fleets: FleetConfig[];
  ports: Ports;
  store: Store;
  standIn: PagerdutyStandIn;
  world: TestContext;
  /** What the chat shows, by the message's key: its newest words. */
  shown: Map<string, string>;
  /** Names of the jobs that were run. */
  ran: string[];
  say(text: string, by?: Person, email?: string): Promise<string>;
  /** Puts a job on the queue. */
  enqueue(job: string, data: unknown): void;
  /** Runs what is due until nothing is left. */
  settle(): Promise<void>;
  /** Puts back the job that a death cut short, as the queue does with a stalled one. */
  takeUp(): void;
  /** Moves time, then settles. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

export const TOKEN = 'rest-token-of-the-scene';

export async function aPagingScene(
  options: {
    orchestrator?: Partial<OrchestratorReader & OrchestratorActor>;
    ports?: Partial<Ports>;
    fleets?: FleetConfig[];
    access?: AccessPolicy;
    hooks?: { bots: () => { url: string }[]; secrets: string[]; actionSecret: string };
  } = {},
): Promise<PagingScene> {
  const world = aContext(NOON);
  const standIn = await createPagerdutyStandIn({
    context: world,
    token: TOKEN,
    ...(options.hooks === undefined ? {} : { hooks: options.hooks }),
  });
  const store = createMemoryStore({ now: () => world.now });
  const fleets =
    options.fleets ??
    ['face-match', 'ocr'].map((name) => ({
      ...aFleet(name),
      pagerduty: { service: SERVICE.id, escalationPolicy: POLICY.id },
    }));
  const waiting: { job: string; data: unknown; due: number }[] = [];
  const shown = new Map<string, string>();
  const ran: string[] = [];
  const rest = createRestApi({ apiUrl: standIn.url, token: TOKEN, ca: standIn.ca, timeoutMs: 60_000 });
  const policies = new Map(fleets.map(({ name }) => [name, POLICY.id]));
  const rota = createRota(rest, { policies: () => policies, now: () => world.now });
  let ids = 0;
  const ports: Ports = {
    clock: { now: () => world.now, speed: 1, sleep: async () => {} },
    store,
    queue: {
      enqueue: async (job, data, more) => {
        waiting.push({ job, data, due: world.now + (more?.delayMs ?? 0) });
      },
    },
    orchestrator: { ...anOrchestrator(), ...options.orchestrator },
    nodeGroups: { list: async () => [], grow: async () => {}, remove: async () => {} },
    demand: {
      demand: async () => ({
        at: world.now,
        requestsPerSecond: 5,
        backlog: 0,
        oldestAgeSeconds: 0,
        consumers: 4,
      }),
    },
    gauge: { gauge: async () => null },
    chat: aChat(shown),
    pager: createPager({
      eventsHost: standIn.host,
      routingKey: 'a'.repeat(32),
      ca: standIn.ca,
      timeoutMs: 60_000,
    }),
    directory: {
      groups: async () => ({}),
      contactOf: async (id) => ({ name: id, email: null }),
      byEmail: async (email) => SLACK[email] ?? null,
    },
    onCall: rota,
    rota,
    incidents: createIncidents(rest, { from: botUser.email }),
    meter: SILENT_METER,
    log: SILENT_LOG,
    newId: () => `id-${++ids}`,
    heartbeat: async () => {},
    ...options.ports,
  };
  const app = createApp(ports, fleets, {
    holder: 'test',
    channel: '#ml-ops',
    command: '/muster',
    leaseMs: 60_000,
    maxOverrideSeconds: 86_400,
    ...(options.access === undefined ? {} : { access: options.access }),
  });
  const handlers = app.handlers();

  let running: (typeof waiting)[number] | null = null;
  const settle = async (): Promise<void> => {
    for (let steps = 0; steps < 500; steps += 1) {
      const next = waiting.findIndex(({ due }) => due <= world.now);
      if (next === -1) return;
      const [{ job, data }] = waiting.splice(next, 1) as [(typeof waiting)[number]];
      const handler = handlers[job];
      // Evaluations and the like are another test's story.
      if (handler === undefined || job === 'evaluate' || job === 'converge') continue;
      ran.push(job);
      running = { job, data, due: world.now };
      await handler.run(data, { signal: new AbortController().signal, slot: null });
      running = null;
    }
    throw new Error('the queue never comes to rest');
  };

  return {
    app,
    fleets,
    ports,
    store,
    standIn,
    world,
    shown,
    ran,
    settle,
    takeUp() {
      if (running !== null) waiting.push(running);
      running = null;
    },
    enqueue: (job, data) => waiting.push({ job, data, due: world.now }),
    async say(text, by = ASHA, email = 'asha@sandbox.example') {
      // Two versions of a message never bear the same time.
      world.now += 1_000;
      const reply = await app.handle({ text, by, email, where: 'C1', whereName: '#ml-ops' });
      await settle();
      return shellText(reply.message);
    },
    async pass(ms) {
      world.now += ms;
      await settle();
    },
    close: () => standIn.close(),
  };
}

export function anOrchestrator(): OrchestratorReader & OrchestratorActor {
  return {
    zones: async () => someZones(),
    nodes: async () => [],
    workers: async () => [],
    plan: async (_target, _zone, workers) => ({ fits: workers, lacks: null, how: 'plan' }),
    scale: async (_target, _zone, workers) => ({ kind: 'done', workers }),
    drain: async () => {},
    cordon: async () => {},
    uncordon: async () => {},
    stopWorker: async () => {},
    failDeployment: async () => {},
    promote: async () => ({ kind: 'done' }),
    revert: async () => ({ kind: 'done' }),
  };
}

function aChat(shown: Map<string, string>): Chat {
  const draw = (row: OutboxRow) => shown.set(row.key, shellText(row.message));
  return {
    post: async (row) => {
      draw(row);
      return { channel: 'C1', ts: row.key };
    },
    update: async (_ref, row) => void draw(row),
    reply: async (ref) => ref,
    find: async () => null,
    permalink: async ({ ts }) => `https://slack.example/archives/C1/${ts}`,
  };
}

const nothing = (): void => {};
const SILENT_METER: Meter = {
  decided: nothing,
  fleet: nothing,
  peerFailed: nothing,
  outbox: nothing,
  job: nothing,
};
const SILENT_LOG: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
