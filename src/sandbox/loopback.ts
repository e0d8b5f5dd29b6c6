/** A small HTTP or HTTPS server on 127.0.0.1 for a stand-in: reads the body, answers text or JSON, closes without waiting for idle sockets. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface Asked {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: string;
  /** Aborts when the client goes away. */
  gone: AbortSignal;
}

/** `cut` breaks the connection instead of answering. A string body goes out as plain text. */
export type Said = 'cut' | { status: number; body: unknown; headers?: Record<string, string> };

export interface Loopback {
  /** 127.0.0.1:port */
  host: string;
  url: string;
  close(): Promise<void>;
}

const MOST_BODY_BYTES = 4 * 1024 * 1024;

/**
 * `first` may deal with a request before its body is read (faults): true means it did.
 * Without a port it takes a free one; with a certificate it speaks HTTPS.
 */
export async function openLoopback(
  first: (request: IncomingMessage, response: ServerResponse) => Promise<boolean>,
  answer: (asked: Asked) => Promise<Said> | Said,
  { port = 0, tls }: { port?: number; tls?: { cert: string; key: string } } = {},
): Promise<Loopback> {
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    handle(request, response).catch(() => request.socket.destroy());
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer({ ...tls }, listener);
  // Never the first to close an idle connection: a client that reuses it at that moment would see a failure nobody asked for.
  server.keepAliveTimeout = 0;
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    if (await first(request, response)) return;
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const url = new URL(request.url ?? '/', 'http://stand-in');
    const said = await answer({
      method: request.method ?? 'GET',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: await bodyOf(request),
      gone: gone.signal,
    });
    if (said === 'cut') {
      request.socket.destroy();
      return;
    }
    const isText = typeof said.body === 'string';
    response.writeHead(said.status, {
      'content-type': isText ? 'text/plain; charset=utf-8' : 'application/json',
      ...said.headers,
    });
    response.end(isText ? said.body : JSON.stringify(said.body));
  };
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    url: `${tls === undefined ? 'http' : 'https'}://${host}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request) {
    const buffer = Buffer.from(part as Buffer);
    bytes += buffer.length;
    if (bytes > MOST_BODY_BYTES) throw new Error('the body is too large');
    parts.push(buffer);
  }
  return Buffer.concat(parts).toString('utf8');
}
