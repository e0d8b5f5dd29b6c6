/**
 * Gauges and demand from Prometheus. A query must give one number: no series and NaN are unknown, several series are a
 * mistake in the query. `at` is the time of evaluation: Prometheus itself leaves out series that are stale.
 */
import type { Millis } from '../../core/model.js';
import type { DemandReader, DemandSeen, GaugeReader } from '../../ports.js';
import { createQueryApi, masked, type QueryApi, type Series, wrong } from './query-api.js';

export function createPrometheus(options: {
  url: string;
  token: string | null;
  timeoutMs: number;
}): GaugeReader & DemandReader {
  const api = createQueryApi(options);
  return {
    gauge: (query) => gauge(api, query),
    demand: async (source) => {
      if (source.kind !== 'prometheus') {
        throw wrong('read demand', `cannot read a source of kind ${source.kind}`);
      }
      const [rate, backlog, oldestAge] = await Promise.all([
        gauge(api, source.rate),
        source.backlog === undefined ? null : gauge(api, source.backlog),
        source.oldestAge === undefined ? null : gauge(api, source.oldestAge),
      ]);
      return demandOf(rate, backlog, oldestAge);
    },
  };
}

type Gauge = { at: Millis; value: number } | null;

async function gauge(api: QueryApi, query: string): Promise<Gauge> {
  const series = await api.query(query);
  const [only] = series;
  if (only === undefined) return null;
  if (series.length > 1) {
    const labels = differing(series);
    throw wrong(
      `query ${masked(query)}`,
      `gives ${series.length} series${labels.length === 0 ? '' : ` that differ by ${labels.join(', ')}`}; it must give one: wrap it in sum() or max()`,
    );
  }
  const value = Number(only.value);
  return Number.isFinite(value) ? { at: Math.round(only.seconds * 1_000), value } : null;
}

function demandOf(rate: Gauge, backlog: Gauge, oldestAge: Gauge): DemandSeen {
  const times = [rate, backlog, oldestAge].flatMap((one) => (one === null ? [] : [one.at]));
  return {
    // The oldest of the three: a number is not fresher than what it is judged with.
    at: times.length === 0 ? null : Math.min(...times),
    requestsPerSecond: notNegative(rate),
    backlog: notNegative(backlog),
    oldestAgeSeconds: notNegative(oldestAge),
    consumers: null,
  };
}

const notNegative = (one: Gauge): number | null => (one === null ? null : Math.max(0, one.value));

function differing(series: Series[]): string[] {
  const names = new Set(series.flatMap(({ labels }) => Object.keys(labels)));
  return [...names]
    .filter((name) => new Set(series.map(({ labels }) => labels[name])).size > 1)
    .sort()
    .slice(0, 5);
}
