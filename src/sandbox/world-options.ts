/** What can be typed after `npm start --`: options to numbers and paths, or one sentence about what is wrong. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { OperatorError } from '../errors.js';
import { withNegatives } from '../options.js';
import { checkSpeed, SPEED } from './sandbox-clock.js';
import type { SavedWorld } from './save.js';

export interface WorldOptions {
  port: number;
  speed: number;
  /** null: not said. */
  tracePath: string | null;
  scale: number | null;
  seed: number | null;
  /** null: not said, so that a default folder is used. */
  folder: string | null;
}

export const WORLD_USAGE =
  'npm start -- [--port 3000] [--speed 60] [--trace FILE.csv] [--scale 1.0] [--seed 1] [--data DIR]';

const MOST_SCALE = 1_000;

/** Throws OperatorError('usage') on an unknown option, or one that has no or a wrong value. */
export function parseWorldOptions(argv: string[]): WorldOptions {
  const values = parse(argv);
  return {
    port: numberOf(
      values.port,
      3_000,
      (n) => Number.isInteger(n) && n >= 0 && n <= 65_535,
      '--port must be a whole number from 0 to 65535 (0 takes a free one).',
    ),
    speed: speedOf(values.speed),
    tracePath: values.trace === undefined ? null : resolve(filled(values.trace, '--trace', 'a CSV file')),
    scale:
      values.scale === undefined
        ? null
        : numberOf(
            values.scale,
            1,
            (n) => n > 0 && n <= MOST_SCALE,
            `--scale must be a number above 0 and at most ${MOST_SCALE}: it multiplies the traffic.`,
          ),
    seed:
      values.seed === undefined
        ? null
        : numberOf(
            values.seed,
            1,
            (n) => Number.isInteger(n) && n >= 0 && n <= 2 ** 31 - 1,
            '--seed must be a whole number from 0 to 2147483647.',
          ),
    folder: values.data === undefined ? null : resolve(filled(values.data, '--data', 'a folder')),
  };
}

/** Where the world is kept when nobody says: one folder for each seed, trace and scale, so that none refuses the other. */
export function defaultFolder({ seed, tracePath, scale }: WorldOptions): string {
  const trace = tracePath === null ? '' : `-${basename(tracePath).replace(/[^\w.-]+/g, '-')}`;
  return resolve('data', `sandbox-${seed ?? 1}${trace}${scale === null || scale === 1 ? '' : `-x${scale}`}`);
}

/** For a second sandbox while the first one has the default folder. */
export const spareFolder = (): string => join(tmpdir(), `muster-sandbox-${process.pid}`);

export interface Origin {
  seed: number;
  scale: number;
  trace: SavedWorld['trace'];
}

/**
 * Where the world's traffic comes from: what was saved, and what is asked for now. What is not said is taken from the
 * save; what is said and differs is refused, because the saved state would mean nothing under it.
 */
export async function originOf(
  options: WorldOptions,
  saved: SavedWorld | null,
  folder: string,
): Promise<Origin> {
  const trace =
    options.tracePath === null
      ? (saved?.trace ?? null)
      : { path: options.tracePath, sha256: await digest(options.tracePath) };
  const origin = { seed: options.seed ?? saved?.seed ?? 1, scale: options.scale ?? saved?.scale ?? 1, trace };
  if (saved === null) return origin;
  const refuse = (what: string, was: string, asked: string) =>
    new OperatorError(
      'conflict',
      `The world in ${folder} was made with ${was}, not with ${asked}: leave ${what} out to go on with it, or choose another folder with --data.`,
    );
  if (origin.seed !== saved.seed) throw refuse('--seed', `--seed ${saved.seed}`, `--seed ${origin.seed}`);
  if (origin.scale !== saved.scale)
    throw refuse('--scale', `--scale ${saved.scale}`, `--scale ${origin.scale}`);
  if (origin.trace?.sha256 !== saved.trace?.sha256) {
    const was = saved.trace === null ? 'synthetic traffic' : `--trace ${saved.trace.path}`;
    throw refuse('--trace', was, `--trace ${origin.trace?.path}`);
  }
  if (trace !== null && (await digest(trace.path)) !== saved.trace?.sha256) {
    throw new OperatorError(
      'conflict',
      `${trace.path} has changed since the world in ${folder} was made with it.`,
    );
  }
  return origin;
}

async function digest(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new OperatorError('bad-input', `The trace ${path} cannot be read (${code}).`);
  }
  return hash.digest('hex');
}

function parse(argv: string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: withNegatives(argv),
      options: { port: text, speed: text, trace: text, scale: text, seed: text, data: text },
      strict: true,
      allowPositionals: false,
    }).values;
  } catch (error) {
    throw usage(sentence((error as Error).message));
  }
}

/** Node adds advice about positional arguments that would mislead here. */
const sentence = (message: string): string => `${message.split(/[.\n]/)[0]}.`;

function speedOf(text: string | undefined): number {
  try {
    return checkSpeed(numberOf(text, SPEED.usual, () => true, '--speed must be a number.'));
  } catch (error) {
    throw usage((error as Error).message);
  }
}

function numberOf(
  text: string | undefined,
  usual: number,
  fits: (n: number) => boolean,
  rule: string,
): number {
  if (text === undefined) return usual;
  const number = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isFinite(number) && fits(number)) return number;
  throw usage(`${rule} It was "${text}".`);
}

function filled(text: string, option: string, what: string): string {
  if (text.trim() !== '') return text;
  throw usage(`${option} must name ${what}.`);
}

const usage = (message: string): OperatorError => new OperatorError('usage', message, WORLD_USAGE);
