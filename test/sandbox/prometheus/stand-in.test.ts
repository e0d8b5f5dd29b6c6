import { deepEqual, equal } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { StandIn } from '../../../src/sandbox/context.js';
import { syntaxError } from '../../../src/sandbox/prometheus/queries.js';
import { createPrometheusStandIn } from '../../../src/sandbox/prometheus/stand-in.js';
import { aContext } from '../../support/stand-in-context.js';
import { aFleet, aTraffic } from '../../support/traffic.js';

const NOW = Date.UTC(2026, 0, 5, 3, 0, 0);
const fleets = [aFleet(NOW), aFleet(NOW, { fleet: 'ocr', backlog: 40 })];
let standIn: StandIn;

before(async () => {
  standIn = await createPrometheusStandIn({ context: aContext(NOW), view: aTraffic({}, fleets) });
});
after(() => standIn.close());

const ask = async (query: string): Promise<{ status: number; body: unknown }> => {
  const answer = await fetch(`${standIn.url}/api/v1/query?${new URLSearchParams({ query })}`);
  return { status: answer.status, body: await answer.json() };
};
const vector = (result: unknown[]) => ({ status: 'success', data: { resultType: 'vector', result } });

test('a gauge of one fleet and of all', async () => {
  const series = (fleet: string, value: string) => ({
    metric: { __name__: 'queue_backlog', fleet },
    value: [NOW / 1_000, value],
  });
  deepEqual((await ask('queue_backlog{fleet="ocr"}')).body, vector([series('ocr', '40')]));
  deepEqual((await ask('queue_backlog')).body, vector([series('face-match', '3'), series('ocr', '40')]));
});

test('blanks do not change a query, and a form asks as well as an address', async () => {
  const query = 'sum( rate( requests_total { fleet = "ocr" } [1m] ) )';
  const expected = vector([{ metric: {}, value: [NOW / 1_000, '20'] }]);
  deepEqual((await ask(query)).body, expected);
  const form = await fetch(`${standIn.url}/api/v1/query`, {
    method: 'POST',
    body: new URLSearchParams({ query }),
  });
  deepEqual(await form.json(), expected);
});

test('a metric that it does not know gives no series', async () => {
  deepEqual((await ask('up{job="x"}')).body, vector([]));
});

test('what is no query is refused with what is wrong', async () => {
  const { status, body } = await ask('rate(requests_total[1m]');
  equal(status, 400);
  deepEqual(body, {
    status: 'error',
    errorType: 'bad_data',
    error: 'invalid parameter "query": 1:5: parse error: unclosed left parenthesis',
  });
  equal(syntaxError('a)'), '1:2: parse error: unexpected right parenthesis');
  equal(syntaxError('a{b="c}'), '1:5: parse error: unterminated quoted string');
  equal(syntaxError(' '), 'unknown position: parse error: no expression found in input');
  equal(syntaxError('sum by (le) (rate(a{b="("}[1m]))'), null);
});
