/** One instant query to Prometheus (or what speaks its API: Thanos, Mimir, VictoriaMetrics). The only file that speaks its HTTP. */
import axios, { type AxiosInstance } from 'axios';
import { z } from 'zod';
import { httpError, OutsideError } from '../../errors.js';

const PEER = 'prometheus';

const point = z.tuple([z.number(), z.string()]);
const answerSchema = z.object({
  status: z.literal('success'),
  data: z.discriminatedUnion('resultType', [
    z.object({
      resultType: z.literal('vector'),
      result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: point })),
    }),
    z.object({ resultType: z.literal('scalar'), result: point }),
    z.object({ resultType: z.literal('matrix'), result: z.unknown() }),
    z.object({ resultType: z.literal('string'), result: z.unknown() }),
  ]),
});

/** Time in seconds, value as sent ('NaN' and '+Inf' are possible). */
export interface Series {
  labels: Record<string, string>;
  seconds: number;
  value: string;
}

export interface QueryApi {
  /** The series an instant query gives; a scalar is one series without labels. */
  query(promql: string): Promise<Series[]>;
}

export function createQueryApi(options: { url: string; token: string | null; timeoutMs: number }): QueryApi {
  const client = axios.create({
    baseURL: options.url.replace(/\/+$/, ''),
    headers: options.token === null ? {} : { authorization: `Bearer ${options.token}` },
    // A cluster's own API is not behind the proxy that the way out of the company goes through.
    proxy: false,
    maxRedirects: 0,
    maxContentLength: 5_000_000,
    responseType: 'text',
    transformResponse: [(body: unknown) => body],
    validateStatus: () => true,
  });
  return {
    query: async (promql) => {
      const tried = `query ${masked(promql)}`;
      const { status, headers, data } = await ask(client, promql, tried, options.timeoutMs);
      if (status !== 200) {
        const retryAfter: unknown = headers['retry-after'];
        throw httpError(PEER, tried, {
          status,
          code: null,
          retryAfter: typeof retryAfter === 'string' ? retryAfter : null,
          detail: errorIn(data),
        });
      }
      const parsed = answerSchema.safeParse(json(data));
      if (!parsed.success) throw wrong(tried, 'answered something that is no query result');
      const { data: answer } = parsed.data;
      if (answer.resultType === 'vector') {
        return answer.result.map(({ metric, value }) => ({
          labels: metric,
          seconds: value[0],
          value: value[1],
        }));
      }
      if (answer.resultType === 'scalar') {
        return [{ labels: {}, seconds: answer.result[0], value: answer.result[1] }];
      }
      throw wrong(tried, `gives a ${answer.resultType}; it must give one number`);
    },
  };
}

/** The query as errors name it: what stands in quotes may be private. */
export function masked(promql: string): string {
  const short = promql.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '"…"').replace(/\s+/g, ' ');
  return short.length > 120 ? `${short.slice(0, 119)}…` : short;
}

export function wrong(tried: string, detail: string): OutsideError {
  return new OutsideError(PEER, tried, detail, { class: 'human', why: 'error' });
}

async function ask(client: AxiosInstance, promql: string, tried: string, timeoutMs: number) {
  try {
    return await client.get<string>('/api/v1/query', {
      params: { query: promql },
      // The library's own timeout starts again with every byte; this one is for the whole exchange.
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (error) {
    // The library's error carries the token in its config, so it is not kept as a cause.
    const code = axios.isAxiosError(error) ? (error.code ?? null) : null;
    throw httpError(PEER, tried, { status: null, code, detail: 'no answer' });
  }
}

/** Prometheus says what is wrong with a query, quoting it: masked like the query. */
function errorIn(body: string): string {
  const parsed = z.object({ errorType: z.string(), error: z.string() }).safeParse(json(body));
  return parsed.success ? `${parsed.data.errorType}: ${masked(parsed.data.error)}` : '';
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
