/** `muster backtest`: all policies over a recorded trace, as a table, JSON or a chart. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type FleetConfig, parseFile } from './config.js';
import type { Policy } from './core/policy.js';
import { hoursTouch } from './core/schedule.js';
import { OperatorError } from './errors.js';
import { withNegatives } from './options.js';
import { sandboxFleets } from './sandbox/fleets.js';
import { runBacktest as compare } from './simulation/backtest/backtest.js';
import { courseChart } from './simulation/backtest/charts.js';
import { demandCurve, type Scenario, scaled } from './simulation/backtest/scenario.js';
import { table } from './simulation/backtest/table.js';
import { readTrace } from './simulation/trace.js';

const USAGE =
  'muster backtest --trace FILE [--scale S] [--config FILE] [--fleet NAME] [--startup 180] [--service-time 0.6] [--service-cv 0.5] [--json] [--chart out.png]';

export interface BacktestIo {
  out(text: string): unknown;
  /** Progress, for people. */
  note(text: string): unknown;
}

/** Exit code 0; mistakes are thrown as OperatorError. */
export async function runBacktest(argv: string[], io: BacktestIo): Promise<number> {
  const options = readOptions(argv);
  const fleet = fleetOf(options.config, options.fleet);
  const trace = await readTrace(options.trace);
  const policy: Policy = {
    ...fleet.policy,
    startupSeconds: options.startup ?? fleet.policy.startupSeconds,
    serviceSeconds: options.serviceTime ?? fleet.policy.serviceSeconds,
    serviceCv: options.serviceCv ?? fleet.policy.serviceCv,
  };
  const scenario = scenarioOf(policy, trace.start, scaled(trace, options.scale));
  const { policies, courses } = compare(scenario, policy, {
    onDone: ({ name }) => io.note(`${name}\n`),
  });
  if (options.json) io.out(`${JSON.stringify({ policies })}\n`);
  else io.out(`${heading(scenario, options.trace, options.scale)}\n\n${table(policies)}`);
  if (options.chart !== undefined) {
    const { drawChart } = await import('./adapters/chart/draw.js');
    const { ready } = courses.get('muster/balanced')!;
    const option = courseChart(
      `Muster (balanced) on ${options.trace}`,
      scenario,
      demandCurve(scenario),
      ready,
    );
    await save(options.chart, await drawChart(option));
    io.note(`chart: ${options.chart}\n`);
  }
  return 0;
}

export function scenarioOf(policy: Policy, start: number, minutes: (number | null)[]): Scenario {
  const { hours } = policy.slo;
  return {
    start,
    minutes,
    serviceSeconds: policy.serviceSeconds,
    serviceCv: policy.serviceCv,
    objectiveSeconds: policy.slo.p95Seconds,
    startupSeconds: policy.startupSeconds,
    cycleSeconds: policy.cycleSeconds,
    floor: policy.floor,
    ceiling: policy.ceiling,
    zones: policy.zones.length,
    slotsPerNode: policy.slotsPerNode,
    nodePricePerHour: policy.nodePricePerHour,
    inHours: (at) => hoursTouch(hours, at, at),
  };
}

function heading(scenario: Scenario, trace: string, scale: number): string {
  const requests = scenario.minutes.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  const days = scenario.minutes.length / 1_440;
  const { serviceSeconds, serviceCv, objectiveSeconds, startupSeconds } = scenario;
  return (
    `${trace} x ${scale}: ${Math.round(requests).toLocaleString('en-US')} requests in ${days.toFixed(1)} days; ` +
    `service ${serviceSeconds} s (cv ${serviceCv}), start-up ${startupSeconds} s, late after ${objectiveSeconds} s`
  );
}

interface Options {
  trace: string;
  scale: number;
  config: string | undefined;
  fleet: string | undefined;
  startup: number | undefined;
  serviceTime: number | undefined;
  serviceCv: number | undefined;
  json: boolean;
  chart: string | undefined;
}

function readOptions(argv: string[]): Options {
  const values = parsed(argv);
  if (values.trace === undefined)
    throw new OperatorError('usage', 'Please name the recorded traffic: --trace FILE.', USAGE);
  return {
    trace: values.trace,
    config: values.config,
    fleet: values.fleet,
    json: values.json === true,
    chart: values.chart,
    scale: numberOf('--scale', values.scale, 1e-9) ?? 1,
    startup: numberOf('--startup', values.startup, 0),
    serviceTime: numberOf('--service-time', values['service-time'], 1e-3),
    serviceCv: numberOf('--service-cv', values['service-cv'], 0),
  };
}

function parsed(argv: string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: withNegatives(argv),
      options: {
        trace: text,
        scale: text,
        config: text,
        fleet: text,
        startup: text,
        'service-time': text,
        'service-cv': text,
        chart: text,
        json: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw new OperatorError('usage', (error as Error).message, USAGE);
  }
}

function numberOf(name: string, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined;
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isFinite(value) && value >= least) return value;
  const range = least > 0 ? 'a number above 0' : 'a number of at least 0';
  throw new OperatorError('usage', `${name} must be ${range}, not "${text}".`, USAGE);
}

/** The named fleet of the file; of the sandbox's own configuration when there is none. */
function fleetOf(config: string | undefined, name: string | undefined): FleetConfig {
  const fleets = config === undefined ? sandboxFleets() : parseFile(readConfig(config)).fleets;
  const found = name === undefined ? fleets[0] : fleets.find((fleet) => fleet.name === name);
  if (found !== undefined) return found;
  const names = fleets.map((fleet) => fleet.name).join(', ');
  throw new OperatorError('unknown-fleet', `There is no fleet named "${name}"; there are: ${names}.`, USAGE);
}

function readConfig(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new OperatorError('bad-configuration', `${path} cannot be read (${code}). Please check --config.`);
  }
}

async function save(path: string, picture: Buffer): Promise<void> {
  try {
    await writeFile(path, picture);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new OperatorError('bad-input', `${path} cannot be written (${code}). Please check --chart.`);
  }
}
