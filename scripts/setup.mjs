/**
 * Sets up whatever a command needs and is missing: packages, the build, Redis. Says so on standard error only, so that
 * the command's own standard output can be piped. When nothing is missing it does nothing, in well under 300 ms.
 *
 *   node scripts/setup.mjs --for start|test|cli [the command's own words]
 *
 * Imports nothing but node:*, because it runs before anything is installed.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const at = (...parts) => join(root, ...parts);
const nodeMajor = process.versions.node.split('.')[0];

const SOURCES = ['src', 'commands', 'jobs', 'test', 'bench', 'assets'];
const SOURCE_FILES = ['tsconfig.json', 'package-lock.json', 'scripts/build.mjs'];
const PACKAGES_STAMP = at('node_modules', '.muster-setup');
const BUILD_STAMP = at('dist', '.muster-setup');
const LOCK = at('.setup', 'lock');

/** What runs outside npm. `needed: false` means: some tests are skipped without it. */
const REDIS = {
  name: 'Redis',
  needed: true,
  packages: ['redis-server', 'valkey-server'],
  found: () => onPath('redis-server') || onPath('valkey-server'),
};
const RABBITMQ = {
  name: 'RabbitMQ (for the tests against a real broker)',
  needed: false,
  packages: ['rabbitmq-server'],
  found: () => existsSync('/usr/lib/rabbitmq/bin/rabbitmq-server'),
};
const BROWSER = {
  name: 'A headless browser (for the tests of the sandbox page)',
  needed: false,
  packages: ['chromium-headless-shell', 'chromium'],
  found: () => onPath('chromium-headless-shell') || onPath('chromium'),
};

main();

function main() {
  const [flag, purpose, ...words] = process.argv.slice(2);
  if (flag !== '--for' || !['start', 'test', 'cli'].includes(purpose)) {
    stop('Usage: node scripts/setup.mjs --for start|test|cli', 2);
  }
  if (Number(nodeMajor) < 20) stop(`Muster needs Node 20 or newer; this is ${process.version}.`);
  const programs = programsFor(purpose, words);
  if (packagesFresh() && buildFresh() && programs.every((program) => program.found())) return;

  const unlock = lock();
  try {
    if (!packagesFresh()) installPackages();
    if (!buildFresh()) build();
    for (const program of programs) if (!program.found()) installProgram(program);
  } finally {
    unlock();
  }
}

function programsFor(purpose, words) {
  if (purpose === 'test') return [REDIS, RABBITMQ, BROWSER];
  if (purpose === 'cli') return ['start', 'sandbox', 'world'].includes(words[0]) ? [REDIS] : [];
  // A production configuration brings its own Redis; only the sandbox starts one.
  const production =
    words.some((word) => /^--(config|world)\b/.test(word)) ||
    existsSync(at('muster.yml')) ||
    Boolean(process.env.SLACK_BOT_TOKEN);
  return production ? [] : [REDIS];
}

/* ---- packages ---- */

function packagesHash() {
  return hash([nodeMajor, process.platform, process.arch, readFileSync(at('package-lock.json'))]);
}

function packagesFresh() {
  const wanted = packagesHash();
  if (read(PACKAGES_STAMP) === wanted) return true;
  if (!installedAsLocked()) return false;
  writeFileSync(PACKAGES_STAMP, wanted);
  return true;
}

/** True when somebody's own `npm ci` left exactly what the lock file asks for. */
function installedAsLocked() {
  const hidden = read(at('node_modules', '.package-lock.json'));
  if (hidden === null) return false;
  const installed = JSON.parse(hidden).packages;
  const locked = JSON.parse(readFileSync(at('package-lock.json'), 'utf8')).packages;
  return Object.entries(locked).every(
    ([path, entry]) =>
      path === '' || entry.optional || entry.devOptional || installed[path]?.version === entry.version,
  );
}

function installPackages() {
  say('installing packages (npm ci) …');
  run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund'], 'npm ci failed; its own words are above.');
  writeFileSync(PACKAGES_STAMP, packagesHash());
}

/* ---- build ---- */

function sourcesHash() {
  const files = SOURCES.flatMap((folder) => filesUnder(folder)).concat(SOURCE_FILES);
  return hash([nodeMajor, ...files.sort().flatMap((file) => [`\n${file}\n`, readFileSync(at(file))])]);
}

function buildFresh() {
  const stamp = read(BUILD_STAMP);
  return stamp !== null && stamp === sourcesHash();
}

function build() {
  say('building …');
  const stamp = sourcesHash();
  run(process.execPath, [at('scripts/build.mjs'), stamp], 'The build failed; what is wrong is above.');
}

function filesUnder(folder) {
  if (!existsSync(at(folder))) return [];
  return readdirSync(at(folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesUnder(path) : [path];
  });
}

/* ---- programs ---- */

function installProgram(program) {
  const [first] = program.packages;
  const byHand = `${program.name} is missing: type "sudo apt-get install -y --no-install-recommends ${first}", then run the same command again.`;
  const as = rootCommand();
  if (!onPath('apt-get') || as === null) return missing(program, byHand);
  say(`installing ${first} (apt-get; no service is started) …`);
  const [command, ...before] = [...as, 'sh', at('scripts/debian.sh'), ...program.packages];
  const { status } = spawnSync(command, before, { stdio: ['ignore', 2, 2] });
  if (status !== 0 || !program.found()) missing(program, byHand);
}

function missing(program, sentence) {
  if (program.needed) stop(sentence);
  say(`${sentence} Until then those tests are skipped.`);
}

/** How to become root without a password; null when that is not possible. */
function rootCommand() {
  if (process.getuid?.() === 0) return [];
  if (!onPath('sudo')) return null;
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : null;
}

/* ---- one set-up at a time ---- */

/** Waits for the lock; one whose holder is dead is broken. Returns the function that gives it back. */
function lock() {
  mkdirSync(dirname(LOCK), { recursive: true });
  const mine = `${process.pid} ${startedAt(process.pid)}`;
  let told = false;
  for (;;) {
    if (take(LOCK, mine)) return giveBack(mine);
    const holder = read(LOCK);
    if (holder === null) continue;
    if (!isAlive(holder)) {
      breakLock(holder, mine);
      continue;
    }
    if (!told) {
      say(`another command (process ${holder.split(' ')[0]}) is setting up; waiting for it …`);
      told = true;
    }
    sleep(200);
  }
}

/** A link appears with its content, or not at all: a file that is created and then written can be read empty between. */
function take(path, mine) {
  const own = `${path}.${process.pid}`;
  try {
    writeFileSync(own, mine);
    linkSync(own, path);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') stop(`Cannot write ${path}: ${error.message}`);
    return false;
  } finally {
    rmSync(own, { force: true });
  }
}

/** One breaker at a time, who looks again first: otherwise a slow one would break the lock of a quick one. */
function breakLock(dead, mine) {
  const breaker = `${LOCK}.break`;
  if (take(breaker, mine)) {
    if (read(LOCK) === dead) rmSync(LOCK);
    rmSync(breaker);
    return;
  }
  const other = read(breaker);
  if (other !== null && !isAlive(other)) rmSync(breaker, { force: true });
  else sleep(20);
}

function giveBack(mine) {
  const remove = () => {
    if (read(LOCK) === mine) rmSync(LOCK, { force: true });
  };
  process.once('exit', remove);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));
  return remove;
}

/** A number is used again for another process; with the time it started it is not. */
function isAlive(holder) {
  const [pid, started] = holder.split(' ');
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    if (error.code === 'ESRCH') return false;
  }
  return startedAt(pid) === started;
}

function startedAt(pid) {
  const stat = read(`/proc/${pid}/stat`);
  // After the name in brackets, which may hold blanks, the start time is the 20th field; a zombie counts as dead.
  const fields = stat === null ? [] : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? 'dead' : (fields[19] ?? 'unknown');
}

/* ---- leaves ---- */

function onPath(name) {
  return (process.env.PATH ?? '').split(':').some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return statSync(join(folder, name)).isFile();
    } catch {
      return false;
    }
  });
}

function run(command, words, sentence) {
  const { status } = spawnSync(command, words, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) stop(sentence);
}

function hash(parts) {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part);
  return sum.digest('hex');
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function sleep(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function say(sentence) {
  process.stderr.write(`[setup] ${sentence}\n`);
}

function stop(sentence, code = 1) {
  process.stderr.write(`[setup] ${sentence}\n`);
  process.exit(code);
}
