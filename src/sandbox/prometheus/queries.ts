/**
 * The queries that the stand-in understands, each over one fleet (or over all: one series a fleet).
 * Whatever else is well-formed gives no series, as Prometheus does for a metric that it does not know.
 */
import type { Millis } from '../../core/model.js';
import type { FleetTruth } from '../metrics-view.js';

interface Point {
  metric: Record<string, string>;
  value: [seconds: number, value: string];
}
export type Result =
  | { resultType: 'vector'; result: Point[] }
  | { resultType: 'scalar'; result: [number, string] };

const SELECTOR = String.raw`(?:\{(?:fleet="([^"]*)")?\})?`;
const QUERIES: { pattern: RegExp; named: string | null; value: (truth: FleetTruth) => number | null }[] = [
  {
    pattern: compile(
      String.raw`histogram_quantile\(0\.95,sum by\(le\)\(rate\(request_seconds_bucket${SELECTOR}\[1m\]\)\)\)`,
    ),
    named: null,
    // Prometheus gives NaN for the quantile of nothing.
    value: (truth) => truth.p95Seconds ?? Number.NaN,
  },
  {
    pattern: compile(String.raw`(?:sum\()?rate\(requests_total${SELECTOR}\[1m\]\)\)?`),
    named: null,
    value: (truth) => truth.requestsPerSecond,
  },
  {
    pattern: compile(`queue_backlog${SELECTOR}`),
    named: 'queue_backlog',
    value: (truth) => truth.backlog,
  },
  {
    pattern: compile(`queue_oldest_age_seconds${SELECTOR}`),
    named: 'queue_oldest_age_seconds',
    value: (truth) => truth.oldestAgeSeconds,
  },
  {
    pattern: compile(`worker_saturation${SELECTOR}`),
    named: 'worker_saturation',
    value: (truth) => truth.saturation,
  },
];

/** `at` is the time of evaluation: every value carries it. */
export function evaluate(query: string, gauges: FleetTruth[], at: Millis): Result {
  const seconds = at / 1_000;
  const text = normal(query);
  if (/^[-+]?\d+(\.\d+)?$/.test(text)) {
    return { resultType: 'scalar', result: [seconds, String(Number(text))] };
  }
  for (const { pattern, named, value } of QUERIES) {
    const match = pattern.exec(text);
    if (match === null) continue;
    const chosen = match[1] === undefined ? gauges : gauges.filter(({ fleet }) => fleet === match[1]);
    const result = chosen.flatMap((truth): Point[] => {
      const known = value(truth);
      if (known === null) return [];
      const metric = { ...(named === null ? {} : { __name__: named }), fleet: truth.fleet };
      return [
        { metric: chosen.length === 1 && named === null ? {} : metric, value: [seconds, String(known)] },
      ];
    });
    return { resultType: 'vector', result };
  }
  return { resultType: 'vector', result: [] };
}

/** What Prometheus would say of text that is no query; null when it is one. */
export function syntaxError(query: string): string | null {
  if (query.trim() === '') return 'unknown position: parse error: no expression found in input';
  const open: { sign: string; at: number }[] = [];
  for (let index = 0; index < query.length; index += 1) {
    const sign = query[index] ?? '';
    if (sign === '"' || sign === "'") {
      const end = query.indexOf(sign, index + 1);
      if (end === -1) return `1:${index + 1}: parse error: unterminated quoted string`;
      index = end;
    } else if ('([{'.includes(sign)) {
      open.push({ sign, at: index + 1 });
    } else if (')]}'.includes(sign) && open.pop()?.sign !== '([{'[')]}'.indexOf(sign)]) {
      return `1:${index + 1}: parse error: unexpected ${NAMES[sign]}`;
    }
  }
  const left = open.pop();
  if (left !== undefined) return `1:${left.at}: parse error: unclosed ${NAMES[left.sign]}`;
  if (/^[^\w(:+-]/.test(query.trim()) || /[-+*/,(]$/.test(query.trim())) {
    return `1:${query.length + 1}: parse error: unexpected end of input`;
  }
  return null;
}

const NAMES: Record<string, string> = {
  '(': 'left parenthesis',
  ')': 'right parenthesis',
  '[': 'left bracket',
  ']': 'right bracket',
  '{': 'left brace',
  '}': 'right brace',
};

function compile(source: string): RegExp {
  return new RegExp(`^${source}$`);
}

/** One way to write it: no blanks but the ones between words. */
function normal(query: string): string {
  return query
    .trim()
    .replace(/\s+/g, ' ')
    .replace(/ ?([(){}[\],=]) ?/g, '$1');
}
