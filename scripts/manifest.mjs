/**
 * node scripts/manifest.mjs          prints the Socket Mode manifest as JSON: the get-manifest hook of the Slack CLI
 * node scripts/manifest.mjs --write  writes manifest.yml, manifest.socket.yml and the verb table of docs/SLACK.md (after a build)
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';

const root = fileURLToPath(new URL('..', import.meta.url));
const at = (name) => join(root, name);

if (process.argv.includes('--write')) await write();
else process.stdout.write(`${JSON.stringify(parse(readFileSync(at('manifest.socket.yml'), 'utf8')))}\n`);

async function write() {
  const { buildManifest, SCOPES } = await import('../dist/src/adapters/slack/manifest.js');
  const { verbs } = await import('../dist/commands/index.js');
  const { verbTable } = await import('../dist/commands/table.js');
  const names = verbs.map((verb) => verb.name);
  const head =
    '# Written by scripts/manifest.mjs --write from src/adapters/slack/manifest.ts; a test holds them equal.\n';
  const files = [
    ['manifest.yml', 'https://muster.example.com'],
    ['manifest.socket.yml', null],
  ];
  for (const [name, baseUrl] of files) {
    const manifest = buildManifest({ command: '/muster', verbs: names, baseUrl });
    writeFileSync(at(name), head + stringify(manifest, { lineWidth: 110 }));
  }
  const scopes = Object.entries(SCOPES).map(([scope, why]) => `| \`${scope}\` | ${why} |`);
  const table = ['| Scope | Why |', '| --- | --- |', ...scopes].join('\n');
  let text = readFileSync(at('docs/SLACK.md'), 'utf8');
  text = between(text, 'verbs', verbTable(verbs, '/muster'));
  text = between(text, 'scopes', table);
  writeFileSync(at('docs/SLACK.md'), text);
}

function between(text, name, content) {
  const pattern = new RegExp(`(<!-- ${name}: [^>]*-->\n)[\\s\\S]*?(\n<!-- end of ${name} -->)`);
  if (!pattern.test(text)) throw new Error(`docs/SLACK.md has no place for ${name}`);
  return text.replace(pattern, (_whole, before, after) => `${before}${content}${after}`);
}
