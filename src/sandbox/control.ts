/**
 * The sandbox's control interface, JSON over loopback: what people's pages, tools and tests drive the world by. The routes
 * and shapes are fixed by docs; this file checks what comes in and says what was wrong, the world does the work.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Config } from '../config.js';
import type { DecisionSummary } from '../core/model.js';
import type { BotSeen } from './bots.js';
import type { Call, Fault, FaultKind, FaultTarget } from './context.js';
import { DEPLOYS, type Deploy } from './foreign-deploy.js';
import { ACTIONS } from './pagerduty/webhooks.js';
import type { Anchor } from './sandbox-clock.js';
import type { MaintenanceAsk } from './watcher.js';
import { WORKER_ACTS, type WorkerAct } from './worker-acts.js';

/** The world's truth about one fleet; unknown is null. */
export interface FleetTruth {
  /** Counts held by the orchestrator, in workers. */
  desired: number | null;
  ready: number | null;
  starting: number | null;
  nodes: number | null;
  demandPerSecond: number | null;
  backlog: number | null;
  /** Over five simulated minutes. */
  p95Seconds: number | null;
  lateShare: number | null;
}

export interface WorldState {
  /** Muster time; every time here is in ms since the Unix epoch. */
  clock: number;
  speed: number;
  channels: unknown[];
  fleets: Record<string, FleetTruth>;
  decisions: Pick<
    DecisionSummary,
    'id' | 'fleet' | 'cycle' | 'at' | 'kind' | 'trigger' | 'from' | 'to' | 'reasons'
  >[];
  pagerduty: { incidents: unknown[]; changes: unknown[] };
  costs: { currency: string; perHour: number; sinceStart: number; staticPeakSinceStart: number };
  calls: Call[];
  bots: BotSeen[];
  faults: Fault[];
  notes: string[];
}

export const PAGERDUTY_ACTS = ['acknowledge', 'resolve', ...ACTIONS] as const;
export type PagerdutyAct = (typeof PAGERDUTY_ACTS)[number];

/** How a person's act ended: what Slack would show to them. */
export interface Answered {
  ok: boolean;
  ackMs: number | null;
  responses: unknown[];
}

export interface ControlledWorld {
  state(): Promise<WorldState>;
  command(said: { user: string; channel: string; text: string }): Promise<Answered>;
  click(click: {
    user: string;
    messageTs: string;
    blockId?: string;
    actionId: string;
    value?: string;
  }): Promise<Answered>;
  submit(form: { user: string; viewId: string; values: Record<string, unknown> }): Promise<Answered>;
  fault(target: FaultTarget, kind: FaultKind, seconds: number): Promise<Fault>;
  endFault(id: string): Promise<boolean>;
  /** The cloud announces that it stops a node. */
  maintenance(ask: MaintenanceAsk): { node: string; zone: string; at: number };
  withdrawMaintenance(node: string): void;
  /** False when there is no such zone. */
  zone(zone: string, up: boolean): boolean;
  /** Makes a worker of the fleet ill; says whom, null when there is none. */
  worker(fleet: string, what: WorkerAct): string[] | null;
  /** Somebody deploys beside Muster, with a canary; null when there is no such fleet, or deployments hold all its zones. */
  deploy(fleet: string, what: Deploy): { zone: string; image: string; hasRoom: boolean } | null;
  /** Messages of the fleet's queue are dead-lettered; false when there is no such fleet. */
  deadLetter(fleet: string, count: number): boolean;
  /** What somebody does on an incident's page in PagerDuty; gives what the bot answered to a button, null otherwise. */
  pagerduty(act: { incidentId: string; act: PagerdutyAct; user: string }): Promise<{ status: number | null }>;
  replicaConfig(): Config;
  registerBot(bot: BotSeen): { world: string; clock: Anchor };
}

/** What the world answers when a request cannot be done; the page and tools read `code`. */
export class ControlError extends Error {
  constructor(
    readonly status: 400 | 403 | 404 | 405 | 413 | 500 | 503,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

const BODY_BYTES = 256 * 1024;
const WEEK_SECONDS = 7 * 86_400;
const text = (most: number) => z.string().min(1).max(most);
const loopbackUrl = z
  .string()
  .regex(
    /^http:\/\/(127\.0\.0\.1|localhost|\[::1\]):\d{1,5}\/?$/,
    'must be a loopback address such as http://127.0.0.1:4100',
  );

const bodies = {
  command: z.object({ user: text(80), channel: text(80), text: z.string().max(4_000) }),
  click: z.object({
    user: text(80),
    messageTs: text(40),
    blockId: text(255).optional(),
    actionId: text(255),
    value: z.string().max(2_000).optional(),
  }),
  pagerduty: z.object({ incidentId: text(80), act: z.enum(PAGERDUTY_ACTS), user: text(200) }),
  submit: z.object({ user: text(80), viewId: text(80), values: z.record(z.string(), z.unknown()) }),
  fault: z.object({
    target: z.enum(['slack', 'pagerduty', 'nomad', 'rabbitmq', 'prometheus', 'redis', 'workers']),
    kind: z.enum(['down', 'slow', 'error', 'ratelimit', 'stale', 'nostats']),
    seconds: z.number().positive(),
  }),
  maintenance: z.object({
    node: text(80).optional(),
    fleet: text(80).optional(),
    inSeconds: z.number().min(0).max(WEEK_SECONDS),
    downSeconds: z.number().positive().max(WEEK_SECONDS).nullable().default(600),
  }),
  withdrawal: z.object({ node: text(80), withdraw: z.literal(true) }),
  zone: z.object({ zone: text(80), up: z.boolean() }),
  worker: z.object({ fleet: text(80), what: z.enum(WORKER_ACTS) }),
  deploy: z.object({ fleet: text(80), what: z.enum(DEPLOYS) }),
  deadLetters: z.object({ fleet: text(80), count: z.number().int().min(1).max(1_000) }),
  bot: z.object({ url: loopbackUrl, pid: z.number().int().min(2) }),
};

type Route = (request: IncomingMessage, rest: string) => Promise<unknown>;

/** Deals with every path under /_sandbox/; answers false for other paths. Never throws. */
export function createControl(
  world: ControlledWorld,
): (request: IncomingMessage, response: ServerResponse) => Promise<boolean> {
  const routes: Record<string, Route> = {
    'GET state': () => world.state(),
    'GET replica': async () => ({ config: world.replicaConfig() }),
    'POST bots': async (request) => {
      const bot = await body(request, bodies.bot);
      return { ok: true, ...world.registerBot({ ...bot, url: bot.url.replace(/\/$/, '') }) };
    },
    'POST command': async (request) => world.command(await body(request, bodies.command)),
    'POST click': async (request) => world.click(withoutUndefined(await body(request, bodies.click))),
    'POST pagerduty': async (request) => ({
      ok: true,
      ...(await world.pagerduty(await body(request, bodies.pagerduty))),
    }),
    'POST submit': async (request) => world.submit(await body(request, bodies.submit)),
    'POST fault': async (request) => {
      const { target, kind, seconds } = await body(request, bodies.fault);
      const { id, until } = await world.fault(target, kind, seconds);
      return { id, until };
    },
    'POST maintenance': async (request) => {
      const said = await body(request, z.union([bodies.withdrawal, bodies.maintenance]));
      if (!('withdraw' in said)) return world.maintenance(said);
      world.withdrawMaintenance(said.node);
      return { ok: true };
    },
    'POST zone': async (request) => {
      const { zone, up } = await body(request, bodies.zone);
      if (world.zone(zone, up)) return { ok: true };
      throw new ControlError(404, 'not-found', 'There is no such zone.');
    },
    'POST worker': async (request) => {
      const { fleet, what } = await body(request, bodies.worker);
      const hit = world.worker(fleet, what);
      if (hit !== null) return { ok: true, hit };
      throw new ControlError(404, 'not-found', 'There is no such fleet, or none of its workers is well.');
    },
    'POST deploy': async (request) => {
      const { fleet, what } = await body(request, bodies.deploy);
      const deployed = world.deploy(fleet, what);
      if (deployed !== null) return { ok: true, ...deployed };
      throw new ControlError(404, 'not-found', 'There is no such fleet, or deployments hold all its zones.');
    },
    'POST dead-letters': async (request) => {
      const { fleet, count } = await body(request, bodies.deadLetters);
      if (world.deadLetter(fleet, count)) return { ok: true };
      throw new ControlError(404, 'not-found', 'There is no such fleet.');
    },
    'DELETE fault': async (_request, id) => {
      if (await world.endFault(id)) return { ok: true };
      throw new ControlError(404, 'not-found', 'There is no such fault, or it is over already.');
    },
  };

  return async (request, response) => {
    const path = new URL(request.url ?? '/', 'http://sandbox').pathname;
    if (!path.startsWith('/_sandbox/')) return false;
    try {
      sendJson(response, 200, await find(routes, request.method ?? 'GET', path)(request));
    } catch (error) {
      const known =
        error instanceof ControlError
          ? error
          : new ControlError(500, 'internal', 'The sandbox failed to answer; its log says more.');
      sendJson(response, known.status, { error: { code: known.code, message: known.message } });
      if (known !== error) console.error('sandbox: %s %s failed:', request.method, path, error);
    }
    return true;
  };
}

/** A page from elsewhere must not reach the sandbox through a name that points to this machine. */
export function isLoopbackHost(host: string | undefined): boolean {
  return host !== undefined && /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/i.test(host);
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  if (response.headersSent) return;
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
  });
  response.end(JSON.stringify(value));
}

function find(
  routes: Record<string, Route>,
  method: string,
  path: string,
): (request: IncomingMessage) => Promise<unknown> {
  const [name = '', rest = '', ...more] = path.slice('/_sandbox/'.length).split('/');
  const asked = `${method === 'HEAD' ? 'GET' : method} ${name}`;
  const route = Object.hasOwn(routes, asked) ? routes[asked] : undefined;
  const takesRest = asked === 'DELETE fault';
  if (route !== undefined && more.length === 0 && takesRest === (rest !== '')) {
    return (request) => route(request, decode(rest));
  }
  const isKnown = Object.keys(routes).some((known) => known.endsWith(` ${name}`)) && more.length === 0;
  if (isKnown && route === undefined) {
    throw new ControlError(405, 'method', `${path} does not take ${method}.`);
  }
  throw new ControlError(404, 'not-found', `There is no ${path} here.`);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

async function body<T>(request: IncomingMessage, schema: z.ZodType<T>): Promise<T> {
  const parsed = schema.safeParse(parseJson(await readBody(request)));
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`);
  throw new ControlError(400, 'bad-input', wrong.join('; '));
}

function parseJson(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    throw new ControlError(400, 'bad-json', 'The body must be JSON.');
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_BYTES) {
      request.resume();
      throw new ControlError(413, 'too-large', `The body may have ${BODY_BYTES} bytes at most.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** An absent field stays absent: `undefined` is not the same to strict readers. */
function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as never;
}
