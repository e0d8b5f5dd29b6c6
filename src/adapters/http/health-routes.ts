/** /healthz: the process lives. /readyz: it does its work. /metrics: its measures, for Prometheus. */
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface HealthRoute {
  path: string;
  method: 'GET';
  handler(request: IncomingMessage, response: ServerResponse): void;
}

export function healthRoutes(answers: {
  ready(): Promise<{ status: number; body: object }>;
  metrics(): Promise<{ contentType: string; body: string }>;
}): HealthRoute[] {
  const json = (response: ServerResponse, status: number, body: object): void => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };
  const failed = (response: ServerResponse) => () => json(response, 503, { ok: false });
  return [
    { path: '/healthz', method: 'GET', handler: (_request, response) => json(response, 200, { ok: true }) },
    {
      path: '/readyz',
      method: 'GET',
      handler: (_request, response) => {
        answers.ready().then(({ status, body }) => json(response, status, body), failed(response));
      },
    },
    {
      path: '/metrics',
      method: 'GET',
      handler: (_request, response) => {
        answers.metrics().then(({ contentType, body }) => {
          response.writeHead(200, { 'content-type': contentType });
          response.end(body);
        }, failed(response));
      },
    },
  ];
}
