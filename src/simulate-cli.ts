/** `muster simulate`: whole days of the whole app under faults, in virtual time, from one seed. */
import { parseArgs } from 'node:util';
import { OperatorError } from './errors.js';
import { runWhole, type WholeResult } from './simulation/whole/run.js';

const USAGE = 'muster simulate [--seed 1] [--days 1] [--json] [--log]';
const MOST_DAYS = 366;

export interface SimulateIo {
  out(text: string): unknown;
}

/** Exit code 0 when every invariant held, 1 when one broke; mistakes are thrown as OperatorError. */
export async function runSimulate(argv: string[], io: SimulateIo): Promise<number> {
  const { seed, days, json, log } = readOptions(argv);
  const result = await runWhole({ seed, days, keep: log ? Number.POSITIVE_INFINITY : 60 });
  if (json) io.out(`${JSON.stringify({ ...result, log: undefined })}\n`);
  else io.out(`${log ? `${result.log.join('\n')}\n` : ''}${summary(result)}\n`);
  return result.broken.length === 0 ? 0 : 1;
}

function summary(result: WholeResult): string {
  const { seed, days, decisions, actions, commands, faults, checked, broken } = result;
  const lines = [
    `seed ${seed}, ${days} ${days === 1 ? 'day' : 'days'}: log ${result.digest} (${result.lines} lines)`,
    `${decisions} decisions, ${actions} actions, ${commands} commands, ${faults} faults, ${checked} checks of invariants`,
    broken.length === 0 ? 'every invariant held' : `${broken.length} broken:`,
    ...broken.map(
      ({ invariant, at, step, what }) =>
        `  ${invariant} at ${new Date(at).toISOString()}, step ${step}: ${what}`,
    ),
  ];
  if (broken.length > 0) lines.push(`replay: muster simulate --seed ${seed} --days ${days} --log`);
  return lines.join('\n');
}

function readOptions(argv: string[]): { seed: number; days: number; json: boolean; log: boolean } {
  const options = {
    seed: { type: 'string', default: '1' },
    days: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    log: { type: 'boolean', default: false },
  } as const;
  let values: { seed: string; days: string; json: boolean; log: boolean };
  try {
    ({ values } = parseArgs({ args: argv, options, strict: true, allowPositionals: false }));
  } catch (error) {
    throw new OperatorError('usage', (error as Error).message.split('.')[0] ?? 'bad options', USAGE);
  }
  return {
    ...values,
    seed: wholeNumber('seed', values.seed, 0, 2 ** 31 - 1),
    days: wholeNumber('days', values.days, 1, MOST_DAYS),
  };
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new OperatorError(
    'bad-input',
    `--${name} is ${text}, must be a whole number from ${least} to ${most}.`,
    USAGE,
  );
}
