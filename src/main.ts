/** The composition root: reads like a parts list. Nothing else knows which vendor stands behind a port. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { findVerb } from '../commands/index.js';
import { createBullQueue } from './adapters/bullmq/queue.js';
import { createCharts } from './adapters/chart/charts.js';
import { createClock } from './adapters/clock/clock.js';
import { createClockWatch } from './adapters/clock/watch.js';
import { wakeAtEdges } from './adapters/cron/wake.js';
import { createDemandReader } from './adapters/demand/by-kind.js';
import { createFixedNodeGroups } from './adapters/fixed/node-groups.js';
import { createGceNodeGroups } from './adapters/gce/node-groups.js';
import { healthRoutes } from './adapters/http/health-routes.js';
import { createHeartbeat } from './adapters/http/heartbeat.js';
import { hookRoute } from './adapters/http/hook.js';
import { createNoticeRoute } from './adapters/http/maintenance-route.js';
import { createNomadAddresses } from './adapters/nomad/addresses.js';
import { createNomadFiles } from './adapters/nomad/files.js';
import { createNomadOrchestrator } from './adapters/nomad/orchestrator.js';
import { createNomadRollouts } from './adapters/nomad/rollouts.js';
import { createPagerdutyHooks } from './adapters/pagerduty/hooks.js';
import { createIncidents } from './adapters/pagerduty/incidents.js';
import { createPager } from './adapters/pagerduty/pager.js';
import { createRestApi, type RestApi } from './adapters/pagerduty/rest-api.js';
import { createRota } from './adapters/pagerduty/rota.js';
import { createLog } from './adapters/pino/log.js';
import { createMeter } from './adapters/prom-client/meter.js';
import { createPrometheus } from './adapters/prometheus/gauges.js';
import { createDeadLetters } from './adapters/rabbitmq/dead-letters.js';
import { createRabbitmqDemand } from './adapters/rabbitmq/demand.js';
import { createRedisStore } from './adapters/redis/store.js';
import { createSlack, type Route } from './adapters/slack/index.js';
import { createWorkerHealth } from './adapters/worker-health/ask.js';
import { type App, createApp, type Ports } from './app.js';
import { type Config, loadConfig } from './config.js';
import { OperatorError, OutsideError } from './errors.js';
import { readiness } from './health.js';
import { createChecks } from './main/checks.js';
import { reload } from './main/reload.js';
import { secretsOf } from './main/secrets.js';
import type { Charts, Log, NodeGroupsActor, NodeGroupsReader, NodeGroupTarget } from './ports.js';
import { configFromWorld, stayRegistered } from './sandbox/replica.js';

type NodeGroups = NodeGroupsReader & NodeGroupsActor;

/** Jobs of one kind that run at once in one process. */
const CONCURRENCY = 10;

/** Runs a bot until it is told to stop. */
export async function runBot(from: { config: string } | { world: string }): Promise<void> {
  const config = 'world' in from ? await configFromWorld(from.world) : readConfigFile(from.config);
  const bot = await createBot(config);
  if ('config' in from) process.on('SIGHUP', () => void bot.reload(() => readConfigFile(from.config)));
  const url = await bot.listen();
  const stop = once(async (why: string, code: number) => {
    bot.log.info({ why }, 'stopping');
    registration?.stop();
    await bot.close();
    process.exit(code);
  });
  const registration =
    'world' in from
      ? stayRegistered(from.world, url, bot.follow, () => void stop('the world is gone', 0))
      : null;
  process.once('SIGTERM', () => void stop('SIGTERM', 0));
  process.once('SIGINT', () => void stop('SIGINT', 0));
  if (process.env.MUSTER_CHILD === '1') {
    // The world holds the other end: its death, however sudden, closes this. Other replicas' input is nobody's business.
    process.stdin.on('end', () => void stop('the world is gone', 0)).resume();
  }
  bot.log.info({ url, fleets: config.fleets.length, environment: config.environment }, 'muster is running');
}

export interface Bot {
  log: Log;
  app: App;
  charts: Charts;
  /** Starts work and the HTTP server; gives its address. */
  listen(): Promise<string>;
  follow(anchor: { wallMs: number; simMs: number; speed: number }): void;
  /** Takes what changed in the file, or keeps the old one; one after the other. */
  reload(read: () => Config): Promise<void>;
  close(): Promise<void>;
}

export async function createBot(config: Config): Promise<Bot> {
  let inForce = config;
  const log = createLog({ level: config.logLevel, secrets: secretsOf(config) });
  const clock = createClock(config.clock);
  const timeoutMs = config.peerTimeoutMs;
  const meter = createMeter({ processMetrics: true });
  const store = await createRedisStore({ url: config.redis.url, log });
  const bull = createBullQueue({ url: config.redis.url, clock, locks: config.locks, log });
  const watch = createClockWatch({
    ...{ machineNow: clock.machineNow, redisNow: store.time, log },
    ...{ rest: bull.rest, goOn: bull.goOn },
  });
  const prometheus =
    config.prometheus === null ? null : createPrometheus({ ...config.prometheus, timeoutMs });
  const rabbitmq = config.rabbitmq === null ? null : createRabbitmqDemand({ ...config.rabbitmq, timeoutMs });
  const heartbeat = config.heartbeatUrl === null ? null : createHeartbeat(config.heartbeatUrl, timeoutMs);
  const charts = createCharts();
  const startedAt = clock.now();

  const hooks =
    config.pagerduty === null
      ? []
      : createPagerdutyHooks({
          ...config.pagerduty,
          enqueue: bull.queue.enqueue,
          log,
        });
  const health: Route[] = healthRoutes({
    ready: () => readiness(store, clock, inForce.fleets, startedAt, watch.problem()),
    metrics: meter.render,
  });
  const notices =
    config.maintenanceSecret === null
      ? []
      : [
          createNoticeRoute({
            secret: config.maintenanceSecret,
            enqueue: bull.queue.enqueue,
            clock,
            rests: watch.problem,
            log,
          }),
        ];
  const routes = [...health, ...[...hooks, ...notices].map((hook) => hookRoute(hook, log))];
  const slack =
    config.slack === null
      ? null
      : createSlack({
          config: config.slack,
          environment: config.environment,
          command: config.command,
          http: config.http,
          handle: (heard) => app.handle(heard),
          forms: {
            opens: (text) => app.forms.opens(text),
            fill: (verb, values, by) => app.forms.fill(verb, values, by),
            preview: (verb, values, by) => app.forms.preview(verb, values, by),
          },
          home: (heard) => app.home(heard),
          changes: (text) => findVerb(text.trim().split(/\s+/)[0] ?? '')?.changes ?? false,
          once: store.once,
          undoOnce: store.undoOnce,
          clock,
          log,
          timeoutMs,
          routes,
          charts,
        });

  const rest = restOf(config, timeoutMs);
  const rota =
    rest === null ? null : createRota(rest, { policies: () => escalationPolicies(inForce), now: clock.now });

  const ports: Ports = {
    clock,
    store,
    queue: bull.queue,
    orchestrator: createNomadOrchestrator({ ...nomadOf(config), timeoutMs, log }),
    rollouts: createNomadRollouts({ ...nomadOf(config), timeoutMs, log }),
    nodeGroups:
      config.gce === null
        ? createFixedNodeGroups()
        : byKind(createGceNodeGroups({ ...config.gce, timeoutMs })),
    health: {
      ...createNomadAddresses({ ...nomadOf(config), timeoutMs }),
      ...createWorkerHealth({ files: createNomadFiles({ ...nomadOf(config), timeoutMs, log }), clock }),
    },
    demand: createDemandReader({ rabbitmq, prometheus }),
    gauge: prometheus ?? { gauge: () => Promise.reject(notConfigured('prometheus')) },
    chat: slack?.chat ?? null,
    directory: slack?.directory ?? null,
    onCall: rota,
    deadLetters: config.rabbitmq === null ? null : createDeadLetters({ ...config.rabbitmq, timeoutMs }),
    rota,
    incidents: rest === null ? null : createIncidents(rest, { from: config.pagerduty?.from ?? null }),
    pager: config.pagerduty === null ? null : createPager({ ...config.pagerduty, timeoutMs }),
    meter,
    log,
    newId: () => randomUUID().slice(0, 13),
    machineNow: clock.machineNow,
    checks: createChecks({ config: () => inForce, onCall: rota, log }),
    rests: watch.problem,
    heartbeat: async () => heartbeat?.beat(),
  };
  const app = createApp(ports, config.fleets, {
    holder: `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`,
    channel: config.channel,
    command: config.command,
    leaseMs: config.locks.leaseMs,
    maxOverrideSeconds: config.maxOverrideSeconds,
    access: config.access,
    digest: config.digest,
  });
  const wake = (fleet: string): void => {
    const ask = { v: 1, fleet, trigger: 'window' };
    bull.queue.enqueue('evaluate', ask, { dedupe: `evaluate-${fleet}` }).catch((error: Error) => {
      log.warn({ fleet }, `the edge of a window waits for the next minute: ${error.message}`);
    });
  };
  let edges: { stop(): void } | null = null;
  const watchEdges = (): void => {
    edges?.stop();
    const windows = inForce.fleets.flatMap(({ name, policy }) =>
      policy.schedule.map((window) => ({ fleet: name, ...window })),
    );
    // Elsewhere the clock runs faster, and the minute's own look at the windows is soon enough.
    edges = clock.speed === 1 ? wakeAtEdges(windows, wake, log) : null;
  };
  const take = async (next: Config): Promise<void> => {
    inForce = next;
    app.reconfigure(next);
    await bull.schedule(app.schedules());
    watchEdges();
  };
  let reloading: Promise<unknown> = Promise.resolve();
  return {
    log,
    app,
    charts,
    listen: async () => {
      await watch.look();
      const bound = await slack?.start();
      watch.start();
      await bull.schedule(app.schedules());
      await bull.work(app.handlers(), { concurrency: CONCURRENCY });
      watchEdges();
      return bound === undefined ? 'nowhere: Slack is not configured' : `http://${bound.host}:${bound.port}`;
    },
    follow: clock.follow,
    reload(read) {
      const next = reloading.then(() => reload(inForce, read, { store, clock, log, take }));
      reloading = next;
      return next.then(() => undefined);
    },
    close: async () => {
      edges?.stop();
      watch.stop();
      await slack?.stop();
      await charts.close();
      await bull.close();
      await store.close();
    },
  };
}

/** null: without a token PagerDuty is only told, never asked. */
function restOf({ pagerduty }: Config, timeoutMs: number): RestApi | null {
  if (pagerduty === null || pagerduty.token === null) return null;
  return createRestApi({ ...pagerduty, token: pagerduty.token, timeoutMs });
}

function escalationPolicies({ fleets }: Config): Map<string, string> {
  return new Map(
    fleets.flatMap(({ name, pagerduty }): [string, string][] =>
      pagerduty?.escalationPolicy ? [[name, pagerduty.escalationPolicy]] : [],
    ),
  );
}

/** Each fleet's node groups are kept by the adapter that its kind names. */
function byKind(gce: NodeGroups): NodeGroups {
  const fixed = createFixedNodeGroups();
  const of = (target: NodeGroupTarget): NodeGroups => (target.kind === 'fixed' ? fixed : gce);
  return {
    list: (target) => of(target).list(target),
    grow: (target, ...rest) => of(target).grow(target, ...rest),
    remove: (target, ...rest) => of(target).remove(target, ...rest),
  };
}

function nomadOf(config: Config): NonNullable<Config['nomad']> {
  if (config.nomad !== null) return config.nomad;
  throw new OperatorError('bad-configuration', 'No fleet names an orchestrator that Muster can reach.');
}

const notConfigured = (peer: string): OutsideError =>
  new OutsideError(peer, 'read a gauge', 'is not configured', { class: 'human', why: 'no-data' });

export function readConfigFile(path: string): Config {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new OperatorError(
      'bad-configuration',
      `${path} cannot be read (${code}). Start from muster.example.yml.`,
    );
  }
  return loadConfig(text);
}

function once<A extends unknown[]>(run: (...args: A) => Promise<void>): (...args: A) => Promise<void> {
  let running: Promise<void> | null = null;
  return (...args) => {
    running ??= run(...args);
    return running;
  };
}
