import { deepEqual } from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = findRoot(dirname(fileURLToPath(import.meta.url)));

interface EnvironmentScript {
  withoutPeers(environment: Record<string, string>): Record<string, string>;
}

test("the tests see none of the operator's peers, secrets and proxies", async () => {
  const script = (await import(
    pathToFileURL(join(root, 'scripts/environment.mjs')).href
  )) as EnvironmentScript;
  const kept = { PATH: '/usr/bin', HOME: '/root', LANG: 'C.UTF-8', NODE_OPTIONS: '' };
  const removed = Object.fromEntries(
    [
      'NOMAD_ADDR',
      'NOMAD_TOKEN',
      'SLACK_BOT_TOKEN',
      'SLACK_SIGNING_SECRET_FILE',
      'PAGERDUTY_ROUTING_KEY',
      'REDIS_URL',
      'RABBITMQ_MANAGEMENT_URL',
      'PROMETHEUS_URL',
      'GOOGLE_APPLICATION_CREDENTIALS',
      'HEARTBEAT_URL',
      'KUBECONFIG',
      'https_proxy',
      'HTTP_PROXY',
      'PORT',
    ].map((name) => [name, 'somewhere']),
  );
  deepEqual(script.withoutPeers({ ...kept, ...removed }), kept);
});

function findRoot(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : findRoot(dirname(folder));
}
