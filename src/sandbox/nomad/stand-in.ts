/**
 * Nomad's HTTP API on loopback over the simulated cluster, as 1.1.2 or 2.0 speaks it: plain-text errors, a deployment
 * after each scale that refuses the next, a wedge beyond capacity. Every time in its answers is the Muster clock's.
 */
import type { Cluster } from '../../simulation/cluster.js';
import { commonFault, type StandIn, type WorldContext } from '../context.js';
import { type Asked, openLoopback, type Said } from '../loopback.js';
import { type Route, routes } from './routes.js';
import type { Profile } from './wire.js';
import { decisionIn, Refused } from './writes.js';

export interface NomadStandInOptions {
  context: WorldContext;
  cluster: Cluster;
  profile: Profile;
  token: string;
  /** Asked after each change that was made: true cuts the connection instead of answering. */
  loseAnswer?: () => boolean;
  /** Where the workers answer for their health: the allocations' port `health`; absent: they have none. */
  workerPort?: number;
  /** ACL capabilities that the token lacks. */
  denied?: ReadonlySet<string>;
}

export async function createNomadStandIn(options: NomadStandInOptions): Promise<StandIn> {
  const { context, cluster } = options;
  const { url, close } = await openLoopback(
    (request, response) => commonFault(context, 'nomad', request, response, isChange),
    async (asked) => {
      cluster.advance(context.clock.now());
      const said = await answer(options, asked);
      if (said === 'cut' || !isChange(asked.method, asked.path)) return said;
      context.record({
        target: 'nomad',
        method: asked.method,
        path: asked.path,
        decisionId: decisionIn(asked.body),
        status: said.status,
      });
      return said.status < 300 && options.loseAnswer?.() === true ? 'cut' : said;
    },
  );
  return { url, close, save: () => null };
}

/** A plan is a question, whatever its method. */
const isChange = (method: string, path: string): boolean => method !== 'GET' && !path.endsWith('/plan');

async function answer(options: NomadStandInOptions, asked: Asked): Promise<Said> {
  let isBegun = false;
  try {
    const limited = limitedBy(options);
    if (limited !== null) return limited;
    const { route, id } = find(asked);
    isBegun = route.begun === true;
    checkToken(options, asked, route);
    if (!['global', null].includes(asked.query.get('region'))) throw new Refused(500, 'No path to region');
    await block(options.cluster, asked, route);
    const { cluster, profile, workerPort = null } = options;
    const body = route.answer({ cluster, profile, asked, id, workerPort });
    if (route.text === true) return { status: 200, body };
    // A JSON string must not go out as plain text.
    return typeof body === 'string'
      ? { status: 200, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
      : { status: 200, body, headers: headersOf(cluster, asked, route) };
  } catch (error) {
    if (error instanceof Refused) return { status: isBegun ? 200 : error.status, body: error.text };
    throw error;
  }
}

/** Too many connections: since 1.4 Nomad says so, before it just closed. 'stale' is a cluster without a leader. */
function limitedBy({ context, profile }: NomadStandInOptions): Said | null {
  const kind = context.fault('nomad')?.kind;
  if (kind === 'stale') throw new Refused(500, 'No cluster leader');
  if (kind !== 'ratelimit') return null;
  if (profile === '1.1') return 'cut';
  const text = 'Your IP is issuing too many concurrent connections, please rate limit your calls\n';
  return { status: 429, body: text, headers: { connection: 'close' } };
}

function find(asked: Asked): { route: Route; id: string } {
  const method = asked.method === 'PUT' ? 'POST' : asked.method;
  const here = routes.filter((route) => route.path.test(asked.path));
  const route = here.find((one) => one.method === method);
  if (route === undefined) {
    throw here.length > 0 ? new Refused(405, 'Invalid method') : new Refused(404, '404 page not found');
  }
  return { route, id: decodeURIComponent(route.path.exec(asked.path)?.groups?.id ?? '') };
}

function checkToken(options: NomadStandInOptions, asked: Asked, route: Route): void {
  if (route.needs === null) return;
  const bearer = /^Bearer (.+)$/.exec(asked.headers.authorization ?? '')?.[1];
  const sent = asked.headers['x-nomad-token'] ?? (options.profile === '2.0' ? bearer : undefined);
  if (sent === undefined || sent === '') throw new Refused(403, 'Permission denied');
  if (sent !== options.token) throw new Refused(403, 'ACL token not found');
  if (options.denied?.has(route.needs) !== true) return;
  // Logs are streamed by the node, and until 1.5 its refusals came as a 500.
  throw new Refused(options.profile === '1.1' && route.text === true ? 500 : 403, 'Permission denied');
}

/** ?index=N&wait=D: waits until the state's index is beyond N, at most D of machine time. */
async function block(cluster: Cluster, asked: Asked, route: Route): Promise<void> {
  const index = asked.query.get('index');
  if (!route.indexed || route.method !== 'GET' || index === null) return;
  if (!/^\d+$/.test(index)) throw new Refused(400, 'Invalid index');
  const wait = asked.query.get('wait') ?? '5m';
  const [, amount, unit = ''] = /^(\d+)(ms|s|m)$/.exec(wait) ?? [];
  if (amount === undefined) throw new Refused(400, 'Invalid wait time');
  const millis = Number(amount) * ({ ms: 1, s: 1000, m: 60_000 }[unit] ?? 0);
  const until = performance.now() + Math.min(millis, 600_000);
  while (cluster.state.index <= Number(index) && performance.now() < until && !asked.gone.aborted) {
    await new Promise((resolve) => setTimeout(resolve, 25).unref());
  }
}

function headersOf(cluster: Cluster, asked: Asked, route: Route): Record<string, string> {
  if (!route.indexed) return {};
  const index = { 'X-Nomad-Index': String(cluster.state.index) };
  if (asked.method !== 'GET') return index;
  return { ...index, 'X-Nomad-KnownLeader': 'true', 'X-Nomad-LastContact': '0' };
}
