/**
 * Builds into an empty folder and renames it into place, so that nobody ever runs half a build and no file of an older
 * build stays behind. Whatever is not TypeScript is copied beside the compiled code; the page's browser code is bundled.
 *
 *   node scripts/build.mjs STAMP      (the stamp is kept in dist; setup.mjs compares it)
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const at = (...parts) => join(root, ...parts);
const bin = (name) => at('node_modules', '.bin', name);

const COPIED = ['src', 'commands', 'jobs', 'test', 'bench', 'assets'];
const BROWSER = 'src/sandbox/page/browser';

const stamp = process.argv[2] ?? '';
const fresh = `dist.${process.pid}`;

clearLeftovers();
run(bin('tsc'), ['-p', '.', '--outDir', fresh, '--noEmitOnError']);
for (const folder of COPIED) copyWhatIsNotCode(folder);
bundleBrowserCode();
const cli = at(fresh, 'src/cli.js');
if (existsSync(cli)) chmodSync(cli, 0o755);
writeFileSync(at(fresh, '.muster-setup'), stamp);
swap();

function clearLeftovers() {
  for (const name of readdirSync(root)) {
    if (/^dist\.(\d+|old)$/.test(name)) rmSync(at(name), { recursive: true, force: true });
  }
}

function copyWhatIsNotCode(folder) {
  if (!existsSync(at(folder))) return;
  cpSync(at(folder), at(fresh, folder), {
    recursive: true,
    filter: (source) => extname(source) !== '.ts' && !source.startsWith(at(BROWSER)),
  });
}

/** Each file at the top of the folder becomes a script of the page; what they share lies in folders below it. */
function bundleBrowserCode() {
  if (!existsSync(at(BROWSER))) return;
  if (existsSync(at(BROWSER, 'tsconfig.json'))) run(bin('tsc'), ['--noEmit', '-p', BROWSER]);
  const entries = readdirSync(at(BROWSER)).filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'));
  if (entries.length === 0) return;
  run(bin('esbuild'), [
    ...entries.map((name) => `${BROWSER}/${name}`),
    '--bundle',
    '--format=esm',
    '--target=es2022',
    '--log-level=warning',
    `--outdir=${fresh}/src/sandbox/page`,
  ]);
}

function swap() {
  if (existsSync(at('dist'))) renameSync(at('dist'), at('dist.old'));
  renameSync(at(fresh), at('dist'));
  rmSync(at('dist.old'), { recursive: true, force: true });
}

function run(command, words) {
  const { status } = spawnSync(command, words, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status === 0) return;
  rmSync(at(fresh), { recursive: true, force: true });
  process.exit(1);
}
