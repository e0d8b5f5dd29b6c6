import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** The set-up script in a miniature project: the same scripts, one source file, the packages that are installed already. */
const root = findRoot(dirname(fileURLToPath(import.meta.url)));
const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

test('builds what is missing, then has nothing to do', () => {
  const project = aProject();
  const first = setUp(project, 'cli');
  equal(first.status, 0, first.stderr);
  equal(first.stdout, '');
  match(first.stderr, /building/);
  equal(runCli(project), 'one\n');
  deepEqual(setUp(project, 'cli'), { status: 0, stdout: '', stderr: '' });
});

test('builds again when a source changed, and leaves nothing of the old build behind', () => {
  const project = aProject();
  setUp(project, 'cli');
  rmSync(join(project, 'src/old.ts'));
  writeFileSync(join(project, 'src/cli.ts'), "process.stdout.write('two\\n');\n");
  match(setUp(project, 'cli').stderr, /building/);
  equal(runCli(project), 'two\n');
  ok(!existsSync(join(project, 'dist/src/old.js')));
  deepEqual(leftovers(project), []);
});

test('copies what is not code beside the compiled code', () => {
  const project = aProject();
  mkdirSync(join(project, 'src/sandbox/page'), { recursive: true });
  writeFileSync(join(project, 'src/sandbox/page/page.css'), 'body {}');
  setUp(project, 'cli');
  equal(readFileSync(join(project, 'dist/src/sandbox/page/page.css'), 'utf8'), 'body {}');
});

test('a build that fails says so and keeps the old one', () => {
  const project = aProject();
  setUp(project, 'cli');
  writeFileSync(join(project, 'src/cli.ts'), "const wrong: number = 'text';\nconsole.log(wrong);\n");
  const { status, stdout, stderr } = setUp(project, 'cli');
  equal(status, 1);
  equal(stdout, '');
  match(stderr, /not assignable[\s\S]*The build failed/);
  equal(runCli(project), 'one\n');
  deepEqual(leftovers(project), []);
});

test('two commands at once: one builds, the other waits for it', async () => {
  const project = aProject();
  const [one, two] = await Promise.all([setUpInBackground(project), setUpInBackground(project)]);
  equal(one.status, 0, one.stderr);
  equal(two.status, 0, two.stderr);
  const builds = `${one.stderr}${two.stderr}`.match(/building/g) ?? [];
  equal(builds.length, 1);
  equal(runCli(project), 'one\n');
});

test('many commands at once over the lock of one that died: still one build', async () => {
  const project = aProject();
  leaveDeadLock(project);
  const all = await Promise.all(Array.from({ length: 6 }, () => setUpInBackground(project)));
  for (const { status, stderr } of all) equal(status, 0, stderr);
  equal(all.filter(({ stderr }) => stderr.includes('building')).length, 1);
  deepEqual(readdirSync(join(project, '.setup')), []);
});

test('takes over the lock of a command that died, and of one that died taking over', () => {
  const project = aProject();
  leaveDeadLock(project);
  writeFileSync(join(project, '.setup/lock.break'), readFileSync(join(project, '.setup/lock')));
  const { status, stderr } = setUp(project, 'cli');
  equal(status, 0, stderr);
  equal(runCli(project), 'one\n');
  ok(!existsSync(join(project, '.setup/lock')));
});

test('installs packages when they are missing or older than the lock file', () => {
  const project = aProject();
  rmSync(join(project, 'node_modules'));
  const bin = withFakes(project, {
    npm: `echo "npm $*" >> "${project}/calls"; ln -s "${root}/node_modules" "${project}/node_modules"`,
  });
  const { status, stderr } = setUp(project, 'cli', { PATH: `${bin}:${process.env.PATH}` });
  equal(status, 0, stderr);
  match(readFileSync(join(project, 'calls'), 'utf8'), /^npm ci --include=dev/);
  equal(runCli(project), 'one\n');
});

test('installs Redis without starting it when that is possible without a password', () => {
  const project = aProject();
  const bin = withFakes(project, {
    sudo: 'if [ "$1" = -n ]; then shift; fi; [ "$1" = true ] && exit 0; exec "$@"',
    sh: `echo "$(basename "$1") $2 $3" >> "${project}/calls"; printf '#!/bin/sh\\n' > "${project}/bin/redis-server"; /bin/chmod 755 "${project}/bin/redis-server"`,
    'apt-get': 'exit 0',
  });
  const { status, stdout, stderr } = setUp(project, 'start', { PATH: bin });
  equal(status, 0, stderr);
  equal(stdout, '');
  equal(readFileSync(join(project, 'calls'), 'utf8'), 'debian.sh redis-server valkey-server\n');
});

test('says exactly what to type when Redis cannot be installed', () => {
  const project = aProject();
  const { status, stderr } = setUp(project, 'start', { PATH: withFakes(project, {}) });
  equal(status, 1);
  match(
    stderr,
    /Redis is missing: type "sudo apt-get install -y --no-install-recommends redis-server", then run the same command again\.\n$/,
  );
});

test('a production configuration needs no Redis on this machine', () => {
  const project = aProject();
  const path = withFakes(project, {});
  writeFileSync(join(project, 'muster.yml'), 'fleets: {}\n');
  equal(setUp(project, 'start', { PATH: path }).status, 0);
});

function leaveDeadLock(project: string): void {
  const { pid } = spawnSync(process.execPath, ['--version']);
  mkdirSync(join(project, '.setup'));
  writeFileSync(join(project, '.setup/lock'), `${pid} 1`);
}

interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

function aProject(): string {
  const project = mkdtempSync(join(tmpdir(), 'muster-setup-'));
  folders.push(project);
  cpSync(join(root, 'scripts'), join(project, 'scripts'), { recursive: true });
  for (const name of ['package.json', 'package-lock.json', 'tsconfig.json']) {
    cpSync(join(root, name), join(project, name));
  }
  mkdirSync(join(project, 'src'));
  writeFileSync(join(project, 'src/cli.ts'), "process.stdout.write('one\\n');\n");
  writeFileSync(join(project, 'src/old.ts'), 'export const old = true;\n');
  symlinkSync(join(root, 'node_modules'), join(project, 'node_modules'));
  return project;
}

function setUp(project: string, purpose: string, env: Record<string, string> = {}): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, words(project, purpose), {
    encoding: 'utf8',
    env: environment(env),
  });
  return { status, stdout, stderr };
}

function setUpInBackground(project: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, words(project, 'cli'), { env: environment({}) });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}

const words = (project: string, purpose: string): string[] => [
  join(project, 'scripts/setup.mjs'),
  '--for',
  purpose,
];

/** The tests run as the runner's children; the set-up must not look like one. */
function environment(own: Record<string, string>): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _runner, ...rest } = process.env;
  return { ...rest, ...own };
}

/** A folder of programs that stands for the whole PATH: node, and the fakes. */
function withFakes(project: string, fakes: Record<string, string>): string {
  const bin = join(project, 'bin');
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, 'node'));
  for (const [name, script] of Object.entries(fakes)) {
    writeFileSync(join(bin, name), `#!/bin/sh\nPATH=/usr/bin:/bin\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  return bin;
}

function runCli(project: string): string {
  return spawnSync(process.execPath, [join(project, 'dist/src/cli.js')], { encoding: 'utf8' }).stdout;
}

function leftovers(project: string): string[] {
  return readdirSync(project).filter((name) => name.startsWith('dist.'));
}

function findRoot(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : findRoot(dirname(folder));
}
