import { doesNotThrow, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { createSlack, type SlackOptions } from '../../../src/adapters/slack/index.js';
import { silentLog } from '../../support/redis.js';
import { SECRET, TOKEN } from './harness.js';

const options = (appToken: string | null): SlackOptions => ({
  config: { mode: 'socket', botToken: TOKEN, signingSecret: SECRET, appToken, apiUrl: null },
  environment: 'test',
  command: '/muster',
  http: { host: '127.0.0.1', port: 0 },
  handle: () => Promise.reject(new Error('not asked')),
  changes: () => false,
  once: async () => true,
  log: silentLog,
  timeoutMs: 100,
  routes: [],
});

test('Socket Mode needs its own token and says so by name', () => {
  throws(() => createSlack(options(null)), /SLACK_APP_TOKEN/);
  doesNotThrow(() => createSlack(options('xapp-1-test')));
});
