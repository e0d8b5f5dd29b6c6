/** The script that leaves the workers' health in a file, with commands that answer, hang, shout and leave others behind. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { readAnswer, readWritten } from '../../src/adapters/worker-health/answer.js';

const deploy = fileURLToPath(new URL('../../../deploy/nomad/', import.meta.url));
const WELL = { modelLoaded: true, deviceHealthy: true, lastSuccessAt: null, inFlight: 0 };

describe('the script that writes health to a file', () => {
  let folder: string;
  let task: ChildProcess | null = null;
  let said: string;
  const file = () => join(folder, 'health.json');
  const content = (): string | null => {
    try {
      return readFileSync(file(), 'utf8');
    } catch {
      return null;
    }
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'muster-health-file-'));
    said = '';
  });
  afterEach(async () => {
    if (task !== null && task.exitCode === null && task.signalCode === null) {
      task.kill('SIGTERM');
      await once(task, 'exit');
    }
    task = null;
    rmSync(folder, { recursive: true, force: true });
  });

  const script = join(deploy, 'worker-health.sh');
  const begin = (command: string, limit = '1000', args: string[] = [script]): ChildProcess => {
    const env = { PATH: process.env.PATH, NOMAD_ALLOC_DIR: folder, HEALTH_COMMAND: command, FOLDER: folder };
    task = spawn('sh', args, {
      env: { ...env, HEALTH_SECONDS: '0.1', HEALTH_TIMEOUT: limit },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    task.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    return task;
  };
  const until = async (what: () => boolean) => {
    for (const end = Date.now() + 120_000; Date.now() < end; ) {
      if (what()) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`not in time; it said: ${said}`);
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

  it('Muster takes what it writes for an answer of now, whatever the exit status of the command', async () => {
    begin(`echo; echo '  ${JSON.stringify({ slots: [WELL, null] }, null, 1)}'; exit 3`);
    await until(() => content() !== null);
    deepEqual(readWritten(content() ?? '', Date.now(), 15_000), [WELL, null]);
  });

  it('each answer is a whole new file, never the old one written over', async () => {
    begin(`echo '${JSON.stringify(WELL)}'`);
    const files = new Set<number>();
    await until(() => {
      const text = content();
      if (text === null) return false;
      deepEqual(readWritten(text, Date.now(), 15_000), [WELL]);
      files.add(statSync(file()).ino);
      return files.size > 1;
    });
  });

  it('kills what hangs with all that it started, and no old answer stays meanwhile', async () => {
    begin(
      `[ -e "$FOLDER/hang" ] || { echo '${JSON.stringify(WELL)}'; exit; }
       sleep 1000 & echo $! >"$FOLDER/child"; echo $$ >"$FOLDER/parent"; trap '' TERM; sleep 1000`,
      '2',
    );
    await until(() => content() !== null);
    writeFileSync(join(folder, 'hang'), '');
    await until(() => existsSync(join(folder, 'parent')));
    await until(() => content() === null);
    await until(() => said.includes('was killed'));
    rmSync(join(folder, 'hang'));
    const [child, parent] = [note('child'), note('parent')];
    await until(() => !isAlive(child) && !isAlive(parent));
    await until(() => content() !== null);
  });

  it('without an answer there is no file, and the log has it once', async () => {
    begin(
      `echo >>"$FOLDER/runs"; [ -e "$FOLDER/well" ] && echo '${JSON.stringify(WELL)}' || echo 'no device'`,
    );
    const runs = () => (existsSync(join(folder, 'runs')) ? statSync(join(folder, 'runs')).size : 0);
    await until(() => runs() > 2);
    equal(content(), null);
    writeFileSync(join(folder, 'well'), '');
    await until(() => content() !== null);
    rmSync(join(folder, 'well'));
    await until(() => content() === null);
    const [none, well] = ['health: the command prints no JSON object\n', 'health: the command answers\n'];
    await until(() => said === none + well + none);
  });

  it('the answer of an earlier task goes at once', async () => {
    writeFileSync(file(), `{"writtenAt":"${new Date().toISOString()}"}`);
    begin('sleep 1000');
    await until(() => content() === null);
  });

  it('an answer without end does not fill the disk', async () => {
    begin(`printf '{'; exec yes`);
    await until(() => content() !== null);
    ok((content() ?? '').length < 66_000);
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    it(`${signal} ends it, its command and its file`, async () => {
      const child = begin(
        `[ -e "$FOLDER/hang" ] || { echo '${JSON.stringify(WELL)}'; exit; }; echo $$ >"$FOLDER/parent"; sleep 1000`,
      );
      await until(() => content() !== null);
      writeFileSync(join(folder, 'hang'), '');
      await until(() => existsSync(join(folder, 'parent')));
      child.kill(signal);
      const [code] = await once(child, 'exit');
      equal(code, 0);
      await until(() => !isAlive(note('parent')));
      deepEqual(readdirSync(folder).sort(), ['hang', 'parent']);
    });

  it('ends by itself when whoever started it was killed', async () => {
    const starter = begin(`echo '${JSON.stringify(WELL)}'`, '1000', [
      '-c',
      `sh '${script}' & echo $! >"$FOLDER/script"; wait`,
    ]);
    await until(() => content() !== null && existsSync(join(folder, 'script')));
    starter.kill('SIGKILL');
    await until(() => !isAlive(note('script')));
    equal(content(), null);
  });

  it('says what is missing', async () => {
    const wrong = promisify(execFile)('sh', [script], {
      env: { PATH: process.env.PATH },
    });
    await wrong.then(
      () => ok(false, 'it ran'),
      (error: { stderr: string }) => match(error.stderr, /HEALTH_COMMAND/),
    );
  });
});

describe('the command that asks the containers', () => {
  const sick = { ...WELL, deviceHealthy: false };
  const ask = async (port: number, slots: number) => {
    const env = { PATH: process.env.PATH, SLOTS: String(slots), HEALTH_PORT: String(port) };
    return readAnswer((await promisify(execFile)('sh', [join(deploy, 'compose-health.sh')], { env })).stdout);
  };
  /** Who does not answer within a second is unknown: on a machine that stands still that may be any of them. */
  const says = async (answers: Answer[], expected: (object | null)[]) => {
    const { port, servers } = await consecutive(answers);
    try {
      const unknown = expected.filter((one) => one === null).length;
      let said = await ask(port, answers.length);
      for (let tries = 0; tries < 20 && said?.filter((one) => one === null).length !== unknown; tries += 1)
        said = await ask(port, answers.length);
      deepEqual(said, expected);
    } finally {
      for (const server of servers) server.close();
    }
  };

  it('gives one answer in the order of their ports; one that says nothing of use is unknown', async () => {
    const text = JSON.stringify(sick, null, 2);
    await says(
      [
        [200, JSON.stringify(WELL)],
        [200, '<html>'],
        [503, `\n ${text}\n`],
      ],
      [WELL, null, sick],
    );
  });

  it('a container that is down does not serve: nobody listens at its port', async () => {
    await says([[200, JSON.stringify(WELL)], 'down'], [WELL, { ...WELL, modelLoaded: false }]);
  });

  it('takes no other status for an answer, whatever stands in it', async () => {
    const well = JSON.stringify(WELL);
    await says(
      [
        [404, well],
        [500, well],
        [302, well],
        [200, well],
      ],
      [null, null, null, WELL],
    );
  });

  it('one that prints no JSON, or far too much, spoils the answer of none beside it', async () => {
    const broken = [
      '{broken}',
      '{"modelLoaded":true',
      `{"log":"${'x'.repeat(40_000)}"}`,
      '{"a":1}}',
      '{"a":"\t\u0001"}',
    ];
    const nested = {
      ...sick,
      gpu: { name: 'T4 "16 GB" \\ é', temperatures: [41.5, -1e3, null, []], more: {} },
    };
    await says(
      [...broken.map((body): Answer => [200, body]), [503, JSON.stringify(nested)]],
      [...broken.map(() => null), sick],
    );
  });

  type Answer = 'down' | [status: number, body: string];

  /** Servers at ports one after the other. */
  async function consecutive(answers: Answer[]) {
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const servers = answers.map((answer) =>
        createServer((_request, response) => {
          if (answer !== 'down') response.writeHead(answer[0], { connection: 'close' }).end(answer[1]);
        }),
      );
      try {
        let next = 0;
        for (const server of servers) {
          await new Promise<void>((resolve, reject) => {
            server.once('error', reject).listen(next, '127.0.0.1', resolve);
          });
          next = (server.address() as AddressInfo).port + 1;
        }
        for (const [slot, answer] of answers.entries()) if (answer === 'down') servers[slot]?.close();
        return { port: next - servers.length, servers };
      } catch {
        for (const server of servers) server.close();
      }
    }
    throw new Error('no ports in a row are free');
  }
});
