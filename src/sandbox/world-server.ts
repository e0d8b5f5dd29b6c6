/** The sandbox's one door for people and tools: the page and the control interface, for this machine only. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OperatorError } from '../errors.js';
import { isLoopbackHost, sendJson } from './control.js';

export interface WorldServer {
  url: string;
  close(): Promise<void>;
}

/** True: the request is dealt with. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;

/** Listens on loopback; each request goes to the first handler that takes it. Throws OperatorError when the port is taken. */
export async function startWorldServer(port: number, handlers: Handler[]): Promise<WorldServer> {
  const server = createServer((request, response) => {
    answer(handlers, request, response).catch((error: unknown) => {
      console.error('sandbox: %s %s failed:', request.method, request.url, error);
      sendJson(response, 500, { error: { code: 'internal', message: 'The sandbox failed to answer.' } });
    });
  });
  await listen(server, port);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  handlers: Handler[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // Other sites reach this machine's ports through the browser: by a name that points here, or by a form of their own.
  if (!isLoopbackHost(request.headers.host) || !isOwnOrigin(request.headers.origin)) {
    const message = 'The sandbox answers this machine only: use http://127.0.0.1 or http://localhost.';
    sendJson(response, 403, { error: { code: 'forbidden', message } });
    return;
  }
  for (const handle of handlers) if (await handle(request, response)) return;
  sendJson(response, 404, { error: { code: 'not-found', message: 'There is nothing here.' } });
}

function isOwnOrigin(origin: string | undefined): boolean {
  if (origin === undefined) return true;
  return URL.canParse(origin) && isLoopbackHost(new URL(origin).host);
}

async function listen(server: Server, port: number): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === 'EADDRINUSE' ? 'is taken' : `cannot be used (${code ?? 'unknown'})`;
    throw new OperatorError(
      'conflict',
      `Port ${port} ${why}: choose another one with --port, or 0 for a free one.`,
    );
  }
}
