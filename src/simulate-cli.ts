/** `muster simulate`: whole days of the whole app under faults, in virtual time, from one seed or many. */
import { parseArgs } from 'node:util';
import { OperatorError } from './errors.js';
import { withNegatives } from './options.js';
import { runWhole, type WholeResult } from './simulation/whole/run.js';

const USAGE = 'muster simulate [--seed 1 | --seeds 1..500] [--days 1 | --hours 8] [--full] [--json] [--log]';
const MOST_DAYS = 366;
const MOST_HOURS = MOST_DAYS * 24;
const LARGEST_SEED = 2 ** 31 - 1;
/** Enough for rollouts and maintenances to end, short enough for many seeds. */
const FULL_HOURS = 8;

export interface SimulateIo {
  out(text: string): unknown;
}

interface Options {
  first: number;
  last: number;
  hours: number;
  full: boolean;
  json: boolean;
  log: boolean;
}

/** Exit code 0 when every invariant held, 1 when one broke; mistakes are thrown as OperatorError. */
export async function runSimulate(argv: string[], io: SimulateIo): Promise<number> {
  const options = readOptions(argv);
  const { first, last, hours, full, json, log } = options;
  const totals = noTotals();
  for (let seed = first; seed <= last; seed += 1) {
    const result = await runWhole({
      seed,
      days: hours / 24,
      full,
      keep: log ? Number.POSITIVE_INFINITY : 60,
    });
    add(totals, result);
    if (json) io.out(`${JSON.stringify({ ...result, log: undefined })}\n`);
    else if (first === last)
      io.out(`${log ? `${result.log.join('\n')}\n` : ''}${summary(result, options)}\n`);
    else if (result.broken.length > 0) io.out(`${summary(result, options)}\n`);
  }
  if (first !== last && !json) io.out(`${many(totals, options)}\n`);
  return totals.broken.length === 0 ? 0 : 1;
}

function summary(result: WholeResult, { hours, full }: Options): string {
  const { seed, decisions, actions, commands, faults, checked, broken } = result;
  const lines = [
    `seed ${seed}, ${span(hours)}${full ? ', full' : ''}: log ${result.digest} (${result.lines} lines)`,
    `${decisions} decisions, ${actions} actions, ${commands} commands, ${faults} faults, ${checked} checks of invariants`,
    ...(full ? [`${sum(result.kills)} kills; ${listed(result.ends)}`] : []),
    broken.length === 0 ? 'every invariant held' : `${broken.length} broken:`,
    ...broken.map(
      ({ invariant, at, step, what }) =>
        `  ${invariant} at ${new Date(at).toISOString()}, step ${step}: ${what}`,
    ),
  ];
  const long = hours % 24 === 0 ? `--days ${hours / 24}` : `--hours ${hours}`;
  if (broken.length > 0)
    lines.push(`replay: muster simulate --seed ${seed} ${long}${full ? ' --full' : ''} --log`);
  return lines.join('\n');
}

interface Totals
  extends Pick<WholeResult, 'decisions' | 'actions' | 'commands' | 'faults' | 'kills' | 'ends'> {
  /** Seeds of which an invariant broke. */
  broken: number[];
}

const noTotals = (): Totals => ({
  ...{ decisions: 0, actions: 0, commands: 0, faults: 0 },
  ...{ kills: {}, ends: {}, broken: [] },
});

function add(totals: Totals, result: WholeResult): void {
  for (const what of ['decisions', 'actions', 'commands', 'faults'] as const) totals[what] += result[what];
  for (const what of ['kills', 'ends'] as const)
    for (const [name, times] of Object.entries(result[what]))
      totals[what][name] = (totals[what][name] ?? 0) + times;
  if (result.broken.length > 0) totals.broken.push(result.seed);
}

function many({ kills, ends, broken, ...counts }: Totals, { first, last, hours, full }: Options): string {
  const { decisions, actions, commands, faults } = counts;
  return [
    `seeds ${first} to ${last}, ${span(hours)} each${full ? ', full' : ''}`,
    `${decisions} decisions, ${actions} actions, ${commands} commands, ${faults} faults`,
    `${sum(kills)} kills, at ${Object.keys(kills).length} different points`,
    ...(full ? [listed(ends)] : []),
    broken.length === 0
      ? 'every invariant held on every seed'
      : `${broken.length} ${broken.length === 1 ? 'seed' : 'seeds'} broke one: ${broken.join(', ')}`,
  ].join('\n');
}

const sum = (counts: Record<string, number>): number =>
  Object.values(counts).reduce((all, times) => all + times, 0);

const listed = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([what, times]) => `${what}: ${times}`)
    .join(', ') || 'nothing ended';

const span = (hours: number): string =>
  hours % 24 === 0 ? counted(hours / 24, 'day') : counted(hours, 'hour');
const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

function readOptions(argv: string[]): Options {
  const options = {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    days: { type: 'string' },
    hours: { type: 'string' },
    full: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    log: { type: 'boolean', default: false },
  } as const;
  const values = parsed(
    () => parseArgs({ args: withNegatives(argv), options, strict: true, allowPositionals: false }).values,
  );
  const { seed, seeds, days, hours, full } = values;
  if (seed !== undefined && seeds !== undefined) throw usage('--seed and --seeds exclude each other.');
  if (days !== undefined && hours !== undefined) throw usage('--days and --hours exclude each other.');
  const one = wholeNumber('seed', seed ?? '1', 0, LARGEST_SEED);
  const [first, last] = seeds === undefined ? [one, one] : range(seeds);
  const long =
    days === undefined && hours === undefined && full
      ? FULL_HOURS
      : hours === undefined
        ? 24 * wholeNumber('days', days ?? '1', 1, MOST_DAYS)
        : wholeNumber('hours', hours, 1, MOST_HOURS);
  return { first, last, hours: long, full, json: values.json, log: values.log };
}

function range(text: string): [number, number] {
  const [, from = '', to = ''] = /^(\d+)\.\.(\d+)$/.exec(text) ?? [];
  if (from === '')
    throw new OperatorError('bad-input', `--seeds is ${text}, must be a range such as 1..500.`, USAGE);
  const first = wholeNumber('seeds', from, 0, LARGEST_SEED);
  return [first, wholeNumber('seeds', to, first, LARGEST_SEED)];
}

function parsed<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw usage((error as Error).message.split('.')[0] ?? 'bad options');
  }
}

const usage = (what: string): OperatorError => new OperatorError('usage', what, USAGE);

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new OperatorError(
    'bad-input',
    `--${name} is ${text}, must be a whole number from ${least} to ${most}.`,
    USAGE,
  );
}
