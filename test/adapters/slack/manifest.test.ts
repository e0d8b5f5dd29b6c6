import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { verbs } from '../../../commands/index.js';
import { verbTable } from '../../../commands/table.js';
import { buildManifest, manifestSchema, SCOPES } from '../../../src/adapters/slack/manifest.js';

const root = rootOf(dirname(fileURLToPath(import.meta.url)));
const read = (name: string): string => readFileSync(join(root, name), 'utf8');
const names = verbs.map((verb) => verb.name);

test('manifest.yml and its Socket Mode twin are what the code makes of the verbs', () => {
  const made = (baseUrl: string | null) => buildManifest({ command: '/muster', verbs: names, baseUrl });
  deepEqual(parse(read('manifest.yml')), made('https://muster.example.com'));
  deepEqual(parse(read('manifest.socket.yml')), made(null));
});

test('both keep to the limits that Slack documents', () => {
  for (const name of ['manifest.yml', 'manifest.socket.yml']) {
    deepEqual(manifestSchema.safeParse(parse(read(name))).error?.issues ?? [], [], name);
  }
});

test('a manifest beyond the limits is refused, each limit by its place', () => {
  const good = buildManifest({ command: '/muster', verbs: names, baseUrl: null });
  const places = (change: (manifest: ReturnType<typeof buildManifest>) => void): string[] => {
    const changed = structuredClone(good);
    change(changed);
    return (manifestSchema.safeParse(changed).error?.issues ?? []).map(({ path }) => path.join('.'));
  };
  deepEqual(
    places((manifest) => {
      manifest.display_information.name = 'x'.repeat(36);
    }),
    ['display_information.name'],
  );
  deepEqual(
    places((manifest) => {
      manifest.display_information.long_description = 'short';
    }),
    ['display_information.long_description'],
  );
  deepEqual(
    places((manifest) => {
      manifest.features.slash_commands[0]!.command = 'Muster';
    }),
    ['features.slash_commands.0.command'],
  );
});

test('the two variants differ in Socket Mode and addresses only', () => {
  const http = JSON.stringify(parse(read('manifest.yml')));
  const plain = http
    .replace(/,?"(?:request_)?url":"https:[^"]*"/g, '')
    .replace('"socket_mode_enabled":false', '"socket_mode_enabled":true');
  deepEqual(JSON.parse(plain), parse(read('manifest.socket.yml')));
});

test('every Web API method that the adapter calls has its scope', () => {
  const needs: Record<string, string[]> = {
    'chat.postMessage': ['chat:write'],
    'chat.update': ['chat:write'],
    'chat.getPermalink': [],
    'users.info': ['users:read', 'users:read.email'],
    'users.lookupByEmail': ['users:read.email'],
    'usergroups.list': ['usergroups:read'],
    'conversations.list': ['channels:read', 'groups:read'],
    'conversations.history': ['channels:history', 'groups:history'],
    'conversations.replies': ['channels:history', 'groups:history'],
    // A modal needs what brought its trigger, and a home tab its own switch.
    'views.open': ['commands'],
    'views.update': ['commands'],
    'views.publish': [],
    'files.getUploadURLExternal': ['files:write'],
    'files.completeUploadExternal': ['files:write'],
  };
  const sources = ['about', 'chat', 'channels', 'groups', 'homes', 'modals', 'people', 'pictures']
    .map((name) => read(`src/adapters/slack/${name}.ts`))
    .join('\n');
  const called = [...sources.matchAll(/client\.([a-z]+\.[a-zA-Z]+)\(/g)].map((hit) => hit[1]!);
  deepEqual([...new Set(called)].sort(), Object.keys(needs).sort());
  const wanted = new Set(['commands', ...called.flatMap((method) => needs[method]!)]);
  deepEqual([...wanted].sort(), Object.keys(SCOPES).sort());
});

test('docs/SLACK.md lists the verbs and scopes as they are', () => {
  const docs = read('docs/SLACK.md');
  ok(docs.includes(verbTable(verbs, '/muster')), 'run scripts/manifest.mjs --write after a build');
  for (const [scope, why] of Object.entries(SCOPES)) ok(docs.includes(`| \`${scope}\` | ${why} |`), scope);
});

test('the manifest names the shortcut and the event that the adapter hears', () => {
  const adapter = read('src/adapters/slack/index.ts');
  const { features, settings } = buildManifest({ command: '/muster', verbs: names, baseUrl: null });
  for (const { callback_id: id } of features.shortcuts) ok(adapter.includes(`'${id}'`), id);
  for (const event of settings.event_subscriptions.bot_events)
    ok(adapter.includes(`app.event('${event}'`), event);
  ok(features.app_home.home_tab_enabled);
});

test('the hooks of the Slack CLI print what it can parse', () => {
  const { hooks } = JSON.parse(read('.slack/hooks.json')) as { hooks: Record<string, string> };
  equal(hooks['get-manifest'], 'node scripts/manifest.mjs');
  const manifest = execFileSync(process.execPath, ['scripts/manifest.mjs'], { cwd: root, encoding: 'utf8' });
  deepEqual(JSON.parse(manifest), parse(read('manifest.socket.yml')));
  ok(manifestSchema.safeParse(JSON.parse(manifest)).success);
  const printed = runHook('get-hooks', root);
  match(JSON.stringify(printed), /"get-manifest"/);
  // The package's own get-manifest reads a manifest.json: what ours prints is one.
  const folder = mkdtempSync(join(tmpdir(), 'muster-hooks-'));
  try {
    writeFileSync(join(folder, 'manifest.json'), manifest);
    deepEqual(runHook('get-manifest', folder), JSON.parse(manifest));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('the start hook is a script of this package', () => {
  const { hooks } = JSON.parse(read('.slack/hooks.json')) as { hooks: Record<string, string> };
  const script = /^npm run --silent (\S+)/.exec(hooks.start ?? '')?.[1] ?? '';
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  ok(scripts[script], `package.json has no script ${script}`);
});

/** What a hook of @slack/cli-hooks prints, as the Slack CLI reads it. */
function runHook(name: string, cwd: string): unknown {
  const script = join(root, `node_modules/@slack/cli-hooks/src/${name}.js`);
  return JSON.parse(execFileSync(process.execPath, [script], { cwd, encoding: 'utf8' }));
}

function rootOf(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : rootOf(dirname(folder));
}
