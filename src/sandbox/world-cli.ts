/** `npm start` and `muster world`: reads the options, starts the sandbox, says where it is, and stays until told to end. */
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { OperatorError } from '../errors.js';
import { createSaveFile, lockFolder } from './save.js';
import { startWorld, type World } from './world.js';
import {
  defaultFolder,
  originOf,
  parseWorldOptions,
  spareFolder,
  type WorldOptions,
} from './world-options.js';

export interface WorldIo {
  stdout: { write(text: string): unknown };
  stderr: { write(text: string): unknown };
}

/**
 * Resolves when the sandbox has ended, with the exit code: 0 after a signal, 2 for a wrong option or trace, 1 when the
 * port or the folder cannot be had.
 */
export async function runWorld(
  argv: string[],
  io: WorldIo = process,
  botScript: string = fileURLToPath(new URL('../cli.js', import.meta.url)),
): Promise<number> {
  const say = (line: string) => void io.stdout.write(`${line}\n`);
  try {
    const options = parseWorldOptions(argv);
    const { folder, isSpare, unlock } = takeFolder(options);
    try {
      const world = await open(options, folder, botScript, say);
      for (const line of banner(world, options, keptIn(folder, isSpare))) say(line);
      await untilTold(world, say);
      return 0;
    } finally {
      unlock();
    }
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    io.stderr.write(`muster: ${error.message}\n`);
    if (error.usage !== undefined) io.stderr.write(`usage: ${error.usage}\n`);
    return error.code === 'usage' || error.code === 'bad-input' ? 2 : 1;
  }
}

function takeFolder(options: WorldOptions): { folder: string; isSpare: boolean; unlock: () => void } {
  const folder = options.folder ?? defaultFolder(options);
  try {
    return { folder, isSpare: false, unlock: lockFolder(folder) };
  } catch (error) {
    // Nobody asked for this very folder, so a second sandbox takes one of its own, for as long as it runs.
    if (options.folder !== null || !(error instanceof OperatorError)) throw error;
    const spare = spareFolder();
    lockFolder(spare);
    return { folder: spare, isSpare: true, unlock: () => rmSync(spare, { recursive: true, force: true }) };
  }
}

async function open(
  options: WorldOptions,
  folder: string,
  botScript: string,
  say: (line: string) => void,
): Promise<World> {
  const file = createSaveFile(folder);
  const saved = file.read();
  return startWorld({
    folder,
    file,
    saved,
    origin: await originOf(options, saved, folder),
    port: options.port,
    speed: options.speed,
    botScript,
    say,
  });
}

function banner(world: World, { speed }: WorldOptions, kept: string): string[] {
  const cycle = Math.round(1_200 / speed);
  const trace = world.origin.trace;
  return [
    '',
    '  Muster sandbox: the whole bot against a simulated cluster. Nothing here reaches the outside.',
    '',
    `  Open       ${world.url}`,
    `  Time       x${speed}: a 20-minute cycle every ${cycle < 2 ? (1_200 / speed).toFixed(1) : cycle} s${world.resumed ? `, going on from ${stamp(world.now())}` : ''}`,
    `  Traffic    ${trace === null ? 'two million requests a day, seed' : `${trace.path} x ${world.origin.scale}, seed`} ${world.origin.seed}`,
    `  Kept in    ${kept}`,
    '  Try        /muster status     /muster why face-match',
    '             /muster override face-match floor 40 for 2h because a campaign starts',
    `  Replica    npm run muster -- bot --world ${world.url}`,
    '  End        Ctrl-C',
    '',
  ];
}

const keptIn = (folder: string, isSpare: boolean): string =>
  isSpare
    ? `${folder}, until it ends: another sandbox has the usual folder`
    : `${folder} (the same --data goes on from there)`;

/** Ends the world on a signal, once; a second signal does not wait. */
async function untilTold(world: World, say: (line: string) => void): Promise<void> {
  await new Promise<void>((done) => {
    const end = (signal: NodeJS.Signals) => {
      for (const each of signals) process.off(each, end);
      say(`muster: ${signal}: saving and ending.`);
      world.close().then(done, done);
    };
    const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const each of signals) process.on(each, end);
  });
}

const stamp = (at: number): string => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
