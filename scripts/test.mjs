/**
 * npm test: set-up, lint, types, then node's own test runner over an explicit list of compiled test files.
 *
 *   npm test                            everything
 *   npm test -- core/sizing             the files whose path holds one of the words
 *   npm test -- --test-name-pattern=X   options go to the runner
 */
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withoutPeers } from './environment.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name) => join(root, 'node_modules', '.bin', name);

const words = process.argv.slice(2);
const options = words.filter((word) => word.startsWith('-'));
const [major, minor] = process.versions.node.split('.').map(Number);
const limits = major > 20 || minor >= 11 ? ['--test-concurrency=2', '--test-timeout=1200000'] : [];
const filters = words.filter((word) => !word.startsWith('-'));

step('set-up', process.execPath, [join(root, 'scripts/setup.mjs'), '--for', 'test']);
step('lint', bin('biome'), ['check', '--diagnostic-level=error', '.']);
step('types', bin('tsc'), ['--noEmit', '-p', '.']);

const files = compiledTests('dist/test').filter(
  (file) => filters.length === 0 || filters.some((word) => file.includes(word)),
);
if (files.length === 0) stop(`No test file matches ${filters.join(' ')}.`);
runTests(files);

function compiledTests(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return compiledTests(path);
      return path.endsWith('.test.js') ? [path] : [];
    })
    .sort();
}

/** The runner's exit code is ours; a signal that we get, it gets. */
function runTests(list) {
  const child = spawn(
    process.execPath,
    ['--enable-source-maps', '--test', '--test-reporter=spec', ...limits, ...options, ...list],
    { cwd: root, stdio: 'inherit', env: withoutPeers(process.env) },
  );
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => process.exit(code ?? 1));
}

function step(name, command, args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) stop(`The ${name} step failed; what is wrong is above.`);
}

function stop(sentence) {
  process.stderr.write(`[test] ${sentence}\n`);
  process.exit(1);
}
