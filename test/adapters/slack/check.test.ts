import { deepEqual, match, ok } from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { checkSlack } from '../../../src/adapters/slack/check.js';
import { SCOPES } from '../../../src/adapters/slack/manifest.js';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const good = { ok: true, team: 'Acme', user: 'muster' };
const everything = Object.keys(SCOPES).join(',');

let server: Server;
let answers: { auth: object; scopes: string; date: Date; channels: object[] };
before(async () => {
  server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    response.setHeader('x-oauth-scopes', answers.scopes);
    response.setHeader('date', answers.date.toUTCString());
    const isAuth = request.url === '/api/auth.test';
    response.end(JSON.stringify(isAuth ? answers.auth : { ok: true, channels: answers.channels }));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
});
after(() => {
  server.close();
  server.closeAllConnections();
});

async function check(port = (server.address() as AddressInfo).port) {
  const config = {
    ...{
      mode: 'http' as const,
      botToken: 'xoxb-secret-1',
      signingSecret: 'signing-secret-1',
      appToken: null,
    },
    apiUrl: `http://127.0.0.1:${port}/api/`,
  };
  const results = await checkSlack({ config, timeoutMs: 60_000, log: silent }, ['#ml-ops', 'C0ALERTS']);
  ok(!JSON.stringify(results).includes('secret-1'));
  return new Map(results.map((result) => [result.what, result]));
}

test('a bot that is set up well has five green lines', async () => {
  const channels = [
    { id: 'C1', name: 'ml-ops', is_member: true },
    { id: 'C0ALERTS', name: 'alerts', is_member: true },
  ];
  answers = { auth: good, scopes: everything, date: new Date(), channels };
  const results = await check();
  deepEqual(
    [...results.keys()],
    ['Slack: token', 'Slack: scopes', 'Clock', 'Slack: signatures', 'Slack: channels'],
  );
  for (const [what, result] of results) ok(result.ok, `${what}: ${result.detail}`);
});

test('a missing scope, a wrong clock and a channel without the bot are named with their fix', async () => {
  const channels = [{ id: 'C1', name: 'ml-ops', is_member: false }];
  answers = { auth: good, scopes: 'chat:write,commands', date: new Date(Date.now() - 120_000), channels };
  const results = await check();
  match(results.get('Slack: scopes')?.detail ?? '', /users:read \(read the name/);
  match(results.get('Slack: scopes')?.fix ?? '', /manifest\.yml/);
  match(results.get('Clock')?.detail ?? '', /12\d s ahead of Slack/);
  match(results.get('Slack: channels')?.detail ?? '', /not in #ml-ops, C0ALERTS/);
});

test('a refused token and a Slack that is away say so, and the rest is not guessed', async () => {
  answers = { auth: { ok: false, error: 'invalid_auth' }, scopes: '', date: new Date(), channels: [] };
  const refused = await check();
  match(refused.get('Slack: token')?.detail ?? '', /invalid_auth/);
  ok(!refused.has('Slack: channels'));
  match((await check(9)).get('Slack: token')?.detail ?? '', /no connection/);
});
