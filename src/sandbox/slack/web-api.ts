/** The Web API over HTTP: token, pace, faults, methods, response URLs and uploads. Answers as Slack does: 200 with {ok}. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { SCOPES } from '../../adapters/slack/manifest.js';
import { commonFault, type WorldContext } from '../context.js';
import { botUserId } from './directory.js';
import { decisionIdOf, type Method, type MethodContext, readStructured } from './method.js';
import { chatMethods, contentOf, messageAnswer } from './methods-chat.js';
import { fileMethods, uploadedBytes } from './methods-files.js';
import { readMethods } from './methods-read.js';
import { viewMethods } from './methods-views.js';
import { createPace } from './rates.js';
import { type Fields, isFields, SlackError, textOf } from './shapes.js';
import type { ResponseTicket } from './tickets.js';

const methods: Record<string, Method> = {
  'api.test': (args) => ({ args }),
  ...chatMethods,
  ...readMethods,
  ...viewMethods,
  ...fileMethods,
};

const mutating =
  /^(chat\.(postMessage|update|delete|postEphemeral)|reactions\.add|views\.|conversations\.join|files\.)/;
const largestBody = 6 * 1024 * 1024;
const rateLimitSeconds = 3;

export function createWebApi(options: { world: WorldContext; context: MethodContext; botToken: string }) {
  const { world, context, botToken } = options;
  const pace = createPace(world.clock);

  return async (request: IncomingMessage, response: ServerResponse) => {
    const path = new URL(request.url ?? '/', 'http://loopback').pathname;
    const isMutating = mutating.test(path.replace(/^\/api\//, '')) || path.startsWith('/response/');
    // The secret part of a response URL stays out of the records.
    const shown = path.replace(/^\/response\/.*/, '/response');
    const record = (status: number, decisionId: string | null = null): void => {
      if (isMutating) world.record({ target: 'slack', method: 'POST', path: shown, decisionId, status });
    };
    if (await commonFault(world, 'slack', request, response)) {
      if (response.statusCode === 500 && response.writableEnded) record(500);
      return;
    }
    const body = await readBody(request);
    if (body === null) return send(response, 413, { ok: false, error: 'request_too_large' });

    if (path.startsWith('/upload/')) return upload(path.slice('/upload/'.length), body, response);
    if (path.startsWith('/response/'))
      return respond(path.slice('/response/'.length), body, response, record);
    if (!path.startsWith('/api/')) return send(response, 404, { ok: false, error: 'not_found' });

    const name = path.slice('/api/'.length);
    let args: Fields = {};
    try {
      args = readStructured(readArguments(body, request));
      const method = methods[name];
      if (method === undefined) throw new SlackError('unknown_method', [], { req_method: name });
      authorise(request, args, botToken);
      const wait = limited(name, args);
      if (wait > 0) {
        record(429, decisionIdOf(args));
        response.setHeader('retry-after', String(Math.max(1, Math.ceil(wait / 1000))));
        return send(response, 429, { ok: false, error: 'ratelimited' });
      }
      const result = method(args, context);
      record(200, decisionIdOf(args));
      // The app as installed from its own manifest.
      response.setHeader('x-oauth-scopes', Object.keys(SCOPES).join(','));
      send(response, 200, { ok: true, ...result });
    } catch (error) {
      if (!(error instanceof SlackError)) throw error;
      record(200, decisionIdOf(args));
      send(response, 200, {
        ok: false,
        error: error.code,
        ...error.extra,
        ...(error.details.length > 0
          ? { errors: error.details, response_metadata: { messages: error.details } }
          : {}),
      });
    }
  };

  /** Machine milliseconds to wait. */
  function limited(name: string, args: Fields): number {
    if (world.fault('slack')?.kind === 'ratelimit' && name !== 'auth.test') return rateLimitSeconds * 1000;
    const channel = context.workspace.channel(textOf(args.channel));
    return pace(name, channel?.id ?? null);
  }

  function upload(id: string, body: Buffer, response: ServerResponse) {
    const file = context.workspace.files.get(id);
    if (file === undefined || file.complete)
      return send(response, 404, { ok: false, error: 'file_not_found' });
    file.bytes = uploadedBytes(body);
    response.writeHead(200, { 'content-type': 'text/plain' }).end(`OK - ${file.bytes.length}`);
  }

  function respond(
    secret: string,
    body: Buffer,
    response: ServerResponse,
    record: (status: number, decisionId?: string | null) => void,
  ) {
    const answer = (status: number, text: string): void => {
      record(status);
      response.writeHead(status, { 'content-type': 'text/plain' }).end(text);
    };
    if (world.fault('slack')?.kind === 'ratelimit') {
      response.setHeader('retry-after', String(rateLimitSeconds));
      return answer(429, 'rate_limited');
    }
    const ticket = context.tickets.useResponse(secret);
    if (ticket === null) return answer(404, 'used_url');
    let given: unknown;
    try {
      given = JSON.parse(body.toString('utf8'));
    } catch {
      return answer(400, 'invalid_payload');
    }
    if (!isFields(given)) return answer(400, 'invalid_payload');
    try {
      applyResponse(given, ticket, context);
      answer(200, 'ok');
    } catch (error) {
      if (!(error instanceof SlackError)) throw error;
      answer(error.code === 'no_text' ? 400 : 500, error.code);
    }
  }
}

/** What a bot answers by acknowledgement or response URL: a new message, or a change of the one that was clicked. */
export function applyResponse(given: Fields, ticket: ResponseTicket, context: MethodContext): void {
  const { workspace, answers } = context;
  const original = ticket.original === null ? null : workspace.message(ticket.channel, ticket.original);
  if (given.delete_original === true) {
    if (original !== null) workspace.remove(original);
    return;
  }
  const content = contentOf(given);
  if (given.replace_original === true && original !== null) {
    workspace.change(original, content);
    answers.to(ticket.delivery, messageAnswer(original));
    return;
  }
  const message = workspace.post({
    channel: ticket.channel,
    user: botUserId,
    ...content,
    threadTs: textOf(given.thread_ts) || null,
    onlyFor: given.response_type === 'in_channel' ? null : ticket.user,
  });
  answers.to(ticket.delivery, messageAnswer(message));
}

function authorise(request: IncomingMessage, args: Fields, botToken: string): void {
  const header = request.headers.authorization ?? '';
  const token = header.startsWith('Bearer ') ? header.slice(7) : textOf(args.token);
  if (token === '') throw new SlackError('not_authed');
  if (token !== botToken) throw new SlackError('invalid_auth');
}

function readArguments(body: Buffer, request: IncomingMessage): Fields {
  const query = Object.fromEntries(new URL(request.url ?? '/', 'http://loopback').searchParams);
  const type = request.headers['content-type'] ?? '';
  const text = body.toString('utf8');
  if (text === '') return query;
  if (!type.startsWith('application/json'))
    return { ...query, ...Object.fromEntries(new URLSearchParams(text)) };
  try {
    const parsed: unknown = JSON.parse(text);
    if (isFields(parsed)) return { ...query, ...parsed };
  } catch {
    // Answered below like any other body that is no object.
  }
  throw new SlackError('invalid_json');
}

async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= largestBody) chunks.push(chunk);
  }
  return size <= largestBody ? Buffer.concat(chunks) : null;
}

function send(response: ServerResponse, status: number, body: Fields): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(body));
}
