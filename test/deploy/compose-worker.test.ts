/** The wrapper around Compose, with a docker that only keeps books: its calls, and the containers it has. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const deploy = fileURLToPath(new URL('../../../deploy/', import.meta.url));
const wrapper = join(deploy, 'nomad/compose-worker.sh');

/**
 * Containers are lines of a file; `logs --follow` lives until nothing runs any more, or until nobody answers. A slow `up` is a
 * plugin that goes on alone when only its parent is killed; the daemon may have one more container in the making.
 */
const DOCKER = `#!/bin/sh
echo "$*" >>"$BOOKS/calls"
[ "$1" = compose ] && { shift; while case "$1" in --project-name|--file) true ;; *) false ;; esac; do shift 2; done; }
[ -e "$BOOKS/away" ] && { echo 'Cannot connect to the Docker daemon' >&2; exit 1; }
case "$1" in
  ps) cat "$BOOKS/containers" 2>/dev/null ;;
  up) if [ -e "$BOOKS/slow" ]; then echo c1 >"$BOOKS/containers"; sleep 60 & echo $! >"$BOOKS/plugin"; wait; fi
    echo "$HEALTH_PORTS" >"$BOOKS/ports"; [ -e "$BOOKS/ill" ] && exit 1; for n in 1 2 3 4; do echo "c$n"; done >"$BOOKS/containers" ;;
  logs) while [ -s "$BOOKS/containers" ] && [ ! -e "$BOOKS/away" ]; do sleep 0.05; done ;;
  stop|down|rm) : >"$BOOKS/containers"; [ "$1" = down ] && [ -e "$BOOKS/slow" ] && echo c2 >"$BOOKS/containers" ;;
esac
exit 0
`;

describe('the wrapper of several model containers on one VM', () => {
  let folder: string;
  let task: ChildProcess | null = null;
  const calls = () => readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');
  const short = () => calls().map((line) => line.replace('compose --project-name p --file f ', ''));

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'muster-wrapper-'));
    writeFileSync(join(folder, 'docker'), DOCKER);
    chmodSync(join(folder, 'docker'), 0o755);
    writeFileSync(join(folder, 'calls'), '');
  });
  afterEach(() => {
    task?.kill('SIGKILL');
    task = null;
    rmSync(folder, { recursive: true, force: true });
  });
  const start = (more: Record<string, string> = {}): ChildProcess => {
    const env = { PATH: `${folder}:${process.env.PATH}`, BOOKS: folder };
    const settings = { PROJECT: 'p', COMPOSE_FILE: 'f', SLOTS: '4', CPUS: '16', STOP_SECONDS: '7' };
    task = spawn('sh', [wrapper], {
      env: { ...env, ...settings, ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return task;
  };
  const until = async (what: () => boolean) => {
    for (const end = Date.now() + 120_000; Date.now() < end; ) {
      if (what()) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`not in time: ${calls().join(' | ')}`);
  };
  const note = (name: string) => Number(readFileSync(join(folder, name), 'utf8'));
  const isAlive = (pid: number): boolean => {
    try {
      // One that has ended and waits for its parent to notice is none.
      return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    } catch {
      return false;
    }
  };
  const follows = () => short().some((line) => line.startsWith('logs --follow'));

  it('starts as many containers as there are slots, each on CPUs of its own', async () => {
    start();
    await until(follows);
    ok(short().includes('up --detach --wait --wait-timeout 300 --remove-orphans --scale worker=4'));
    deepEqual(
      short().filter((line) => line.startsWith('update')),
      ['0-3 c1', '4-7 c2', '8-11 c3', '12-15 c4'].map((rest) => `update --cpuset-cpus ${rest}`),
    );
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`${signal} lets workers finish, takes the project down, and ends well`, async () => {
      const child = start();
      await until(follows);
      child.kill(signal);
      const [code] = await once(child, 'exit');
      equal(code, 0);
      deepEqual(
        short().filter((line) => /^(stop|down) /.test(line)),
        ['stop --timeout 7', 'down --remove-orphans --timeout 5'],
      );
      equal(readFileSync(join(folder, 'containers'), 'utf8'), '');
    });

    it(`${signal} while the containers start ends the start first, and none is left`, async () => {
      writeFileSync(join(folder, 'slow'), '');
      const child = start();
      await until(() => existsSync(join(folder, 'plugin')) && note('plugin') > 0);
      child.kill(signal);
      const [code] = await once(child, 'exit');
      equal(code, 0);
      // It was told to end with its parent, and may do so a moment later.
      await until(() => !isAlive(note('plugin')));
      deepEqual(
        short().filter((line) => /^(stop|down) /.test(line)),
        ['stop --timeout 7', 'down --remove-orphans --timeout 5'],
      );
      equal(calls().at(-1), 'rm --force c2');
      equal(readFileSync(join(folder, 'containers'), 'utf8'), '');
    });
  }

  it('leaves workers alone while Docker does not answer, and watches them again afterwards', async () => {
    const child = start();
    await until(follows);
    const asked = () => short().filter((line) => line.startsWith('ps --quiet --status running')).length;
    writeFileSync(join(folder, 'away'), '');
    await until(() => asked() >= 2);
    rmSync(join(folder, 'away'));
    await until(() => short().at(-1)?.startsWith('logs --follow') ?? false);
    equal(child.exitCode, null);
    equal(readFileSync(join(folder, 'containers'), 'utf8'), 'c1\nc2\nc3\nc4\n');
    ok(!short().some((line) => line.startsWith('down')), calls().join(' | '));
  });

  it('fails when Docker does not answer for long', async () => {
    const child = start({ DOCKER_SECONDS: '1' });
    await until(follows);
    writeFileSync(join(folder, 'away'), '');
    const [code] = await once(child, 'exit');
    equal(code, 1);
  });

  it('removes what a killed task left before it starts anew', async () => {
    writeFileSync(join(folder, 'containers'), 'old1\nold2\n');
    start();
    await until(follows);
    const removed = calls().indexOf('rm --force old1 old2');
    const started = short().findIndex((line) => line.startsWith('up '));
    ok(removed >= 0 && removed < started, calls().join(' | '));
  });

  it('fails when no container runs any more, so that Nomad sees it', async () => {
    const child = start();
    await until(follows);
    writeFileSync(join(folder, 'containers'), '');
    const [code] = await once(child, 'exit');
    equal(code, 1);
    equal(short().at(-1), 'down --remove-orphans --timeout 5');
  });

  it('fails when the start takes too long, the pull included', async () => {
    writeFileSync(join(folder, 'slow'), '');
    const [code] = await once(start({ START_SECONDS: '1' }), 'exit');
    equal(code, 1);
    ok(!isAlive(note('plugin')), 'the start goes on');
    equal(short().at(-1), 'down --remove-orphans --timeout 5');
  });

  it('fails when its containers do not become healthy', async () => {
    writeFileSync(join(folder, 'ill'), '');
    const [code] = await once(start(), 'exit');
    equal(code, 1);
    equal(short().at(-1), 'down --remove-orphans --timeout 5');
  });

  it('keeps their health in a file while they run, and ends that with them', async () => {
    const health = join(folder, 'health.json');
    const child = start({
      ...{ NOMAD_ALLOC_DIR: folder, HEALTH_SECONDS: '0.1' },
      HEALTH_COMMAND: 'echo "{\\"limit\\":$HEALTH_TIMEOUT}"',
    });
    await until(() => existsSync(health));
    match(readFileSync(health, 'utf8'), /"limit":6/);
    child.kill('SIGTERM');
    await once(child, 'exit');
    equal(existsSync(health), false);
  });

  it('lets the containers listen where it is told', async () => {
    for (const [host, ports] of [
      ['', '18080-18083'],
      ['127.0.0.1', '127.0.0.1:18080-18083'],
    ] as const) {
      const child = start({ HEALTH_HOST: host });
      await until(follows);
      equal(readFileSync(join(folder, 'ports'), 'utf8').trim(), ports);
      child.kill('SIGTERM');
      await once(child, 'exit');
      writeFileSync(join(folder, 'calls'), '');
    }
  });

  it('says what is missing', async () => {
    task = spawn('sh', [wrapper], {
      env: { PATH: process.env.PATH ?? '' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    task.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    await once(task, 'close');
    match(said, /PROJECT/);
  });
});

describe('what is deployed', () => {
  it('every script is good shell', () => {
    const scripts = readdirSync(deploy, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.sh'),
    );
    ok(scripts.length >= 2);
    for (const script of scripts) execFileSync('sh', ['-n', join(deploy, script)]);
  });

  // 1.1 knows no `fmt`.
  const formats = spawnSync('nomad', ['fmt', '-help']).status === 0;
  const skip = formats ? false : 'no nomad on PATH that could say so';
  it('Nomad takes every job file', { skip }, () => {
    for (const name of readdirSync(join(deploy, 'nomad')).filter((each) => each.endsWith('.nomad.hcl')))
      execFileSync('nomad', ['fmt', '-check', join(deploy, 'nomad', name)]);
  });

  it('the workers may stop for longer than their containers take, and the client allows it', () => {
    const job = readFileSync(join(deploy, 'nomad/workers.nomad.hcl'), 'utf8');
    const client = readFileSync(join(deploy, 'nomad/client.hcl'), 'utf8');
    const number = (text: string, pattern: RegExp) => Number(pattern.exec(text)?.[1]);
    const kill = number(job, /kill_timeout = "(\d+)s"/);
    ok(number(job, /STOP_SECONDS = "(\d+)"/) + 15 <= kill);
    ok(kill <= 60 * number(client, /max_kill_timeout = "(\d+)m"/));
  });

  it('Nomad calls workers healthy no sooner than every model is loaded, in deployments and in drains', () => {
    const job = readFileSync(join(deploy, 'nomad/workers.nomad.hcl'), 'utf8');
    const compose = readFileSync(join(deploy, 'nomad/compose.yml'), 'utf8');
    const number = (text: string, pattern: RegExp) => Number(pattern.exec(text)?.[1]);
    const start = number(job, /START_SECONDS = "(\d+)"/);
    const kill = number(job, /kill_timeout = "(\d+)s"/);
    ok(number(compose, /start_period: (\d+)s/) <= start);
    for (const block of ['update', 'migrate']) {
      const text = new RegExp(`^ {2}${block} \\{.*?^ {2}\\}`, 'ms').exec(job)?.[0] ?? '';
      match(text, /health_check += "task_states"/);
      const healthy = number(text, /min_healthy_time += "(\d+)s"/);
      const deadline = 60 * number(text, /healthy_deadline += "(\d+)m"/);
      ok(start + 30 <= healthy, `${block}: it may still load`);
      ok(Math.max(kill, start) + healthy + 60 <= deadline, `${block}: a start that fails and another`);
      if (block === 'update') ok(deadline < 60 * number(text, /progress_deadline += "(\d+)m"/));
    }
  });
});
