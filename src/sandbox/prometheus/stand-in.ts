/**
 * Prometheus' query API over the simulated traffic, for the queries that a configuration of the sandbox may hold.
 * Faults of its own: stale: values and times stand still; nostats: no series at all; ratelimit: 429.
 */
import type { Millis } from '../../core/model.js';
import { commonFault, type StandIn, type WorldContext } from '../context.js';
import { type Asked, openLoopback, type Said } from '../loopback.js';
import type { FleetTruth, TrafficView } from '../metrics-view.js';
import { evaluate, syntaxError } from './queries.js';

export async function createPrometheusStandIn(options: {
  context: WorldContext;
  view: TrafficView;
  port?: number;
}): Promise<StandIn> {
  const { context, view } = options;
  let lastGood: { gauges: FleetTruth[]; at: Millis } | null = null;

  const server = await openLoopback(
    (request, response) => commonFault(context, 'prometheus', request, response),
    answer,
    options.port === undefined ? {} : { port: options.port },
  );
  return { url: server.url, close: server.close, save: () => null };

  function answer({ method, path, query, body }: Asked): Said {
    if (context.fault('prometheus')?.kind === 'ratelimit') {
      return {
        status: 429,
        body: problem('too_many_requests', 'too many requests'),
        headers: { 'retry-after': '1' },
      };
    }
    if (path !== '/api/v1/query') return { status: 404, body: '404 page not found\n' };
    const form = new URLSearchParams(method === 'POST' ? body : '');
    const promql = form.get('query') ?? query.get('query') ?? '';
    const wrong = syntaxError(promql);
    if (wrong !== null) {
      return { status: 400, body: problem('bad_data', `invalid parameter "query": ${wrong}`) };
    }
    const { gauges, at } = seen(context.clock.now());
    return { status: 200, body: { status: 'success', data: evaluate(promql, gauges, at) } };
  }

  function seen(now: Millis): { gauges: FleetTruth[]; at: Millis } {
    const fault = context.fault('prometheus')?.kind;
    if (fault === 'nostats') return { gauges: [], at: now };
    if (fault === 'stale' && lastGood !== null) return lastGood;
    lastGood = { gauges: view.gauges(), at: now };
    return lastGood;
  }
}

const problem = (errorType: string, error: string): object => ({ status: 'error', errorType, error });
