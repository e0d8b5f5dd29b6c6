/**
 * A peer's hook as a route of the bot's port: the body is read whole, within a size and a time, and what the hook says is
 * the answer. What it could not do is answered with 503, and the peer comes again.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Hook, Log } from '../../ports.js';

export interface HookRoute {
  path: string;
  method: 'POST';
  handler(request: IncomingMessage, response: ServerResponse): void;
}

/** Machine time; PagerDuty, the most impatient peer, waits for 5 s. */
const READ_MS = 3_000;

export function hookRoute(hook: Hook, log: Log): HookRoute {
  const { path, peer } = hook;
  return {
    path,
    method: 'POST',
    handler: (request, response) => {
      read(request, hook.mostBytes)
        .then((body) => hook.take(request.headers, body))
        .catch((error: unknown): [number, object] => {
          log.warn({ peer, path, error: String(error) }, 'could not take a request');
          return [503, { error: 'not taken: send it again' }];
        })
        .then(([status, body]) => answer(response, status, body));
    },
  };
}

/** The whole body; null: too large. Rejects when it does not come in time. */
async function read(request: IncomingMessage, mostBytes: number): Promise<Buffer | null> {
  const late = setTimeout(() => request.destroy(new Error('the body did not come in time')), READ_MS);
  try {
    const parts: Buffer[] = [];
    let bytes = 0;
    for await (const part of request as AsyncIterable<Buffer>) {
      bytes += part.length;
      if (bytes > mostBytes) return null;
      parts.push(part);
    }
    return Buffer.concat(parts);
  } finally {
    clearTimeout(late);
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
  response.end(JSON.stringify(body));
}
