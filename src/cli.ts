#!/usr/bin/env node
/** The same app from a shell. Each subcommand loads only what it needs, so that `decide` starts fast. */
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { OperatorError } from './errors.js';

const USAGE = `muster: runs ML serving fleets at the lowest cost their latency objective allows

  muster start     the sandbox, or the bot when --config FILE, muster.yml or SLACK_BOT_TOKEN is there
  muster bot       the bot alone: --config FILE, or --world URL for one more replica of a sandbox
  muster world     the sandbox: [--port 3000] [--speed 60] [--trace FILE.csv] [--scale 1] [--seed 1] [--data DIR]
  muster command   what you would type after /muster: muster command [--world URL | --config FILE] status
  muster why       why a fleet has the workers it has: muster why [--world URL | --config FILE] <fleet> [--chart out.png]
  muster forecast  what the next cycle will be sized for, with the same options: muster forecast <fleet> [hours]
  muster doctor    what is missing, each with its fix: [--world URL | --config FILE]
  muster decide    the policy engine on standard input and output: [--config FILE] --fleet NAME [--preset P]
  muster backtest  policies side by side on recorded traffic: --trace FILE.csv [--scale 1] [--json] [--chart out.png]
  muster simulate  whole days of the app under faults, from a seed or many: [--seed 1 | --seeds 1..500]
                   [--days 1 | --hours 8] [--full] [--json] [--log]
  muster help      this text
  muster version   the version
`;

type Subcommand = (argv: string[]) => Promise<number>;

const subcommands: Record<string, Subcommand> = {
  start: async (argv) => {
    const config = configPath(argv);
    return config === null ? world(argv) : bot(['--config', config]);
  },
  world,
  bot,
  command: async (argv) => (await import('./shell.js')).runCommand(argv),
  doctor: async (argv) => (await import('./shell.js')).runCommand([...argv, 'doctor']),
  why: async (argv) => (await import('./shell.js')).runShorthand('why', argv),
  forecast: async (argv) => (await import('./shell.js')).runShorthand('forecast', argv),
  decide: async (argv) => (await import('./decide-command.js')).runDecideCommand(argv),
  backtest: async (argv) => {
    const io = {
      out: (text: string) => process.stdout.write(text),
      note: (text: string) => process.stderr.write(text),
    };
    return (await import('./backtest-cli.js')).runBacktest(argv, io);
  },
  simulate: async (argv) =>
    (await import('./simulate-cli.js')).runSimulate(argv, { out: (text) => process.stdout.write(text) }),
  help: async () => print(USAGE),
  version: async () => print(`${version()}\n`),
};

/** The file that makes this a production bot; null: the sandbox. */
function configPath(argv: string[]): string | null {
  const at = argv.findIndex((word) => word === '--config' || word.startsWith('--config='));
  if (at >= 0) {
    const path = argv[at]?.includes('=') ? argv[at]?.split('=')[1] : argv[at + 1];
    if (path === undefined || path === '')
      throw new OperatorError('usage', 'Please name the file: --config muster.yml');
    return path;
  }
  return existsSync('muster.yml') || process.env.SLACK_BOT_TOKEN ? 'muster.yml' : null;
}

async function world(argv: string[]): Promise<number> {
  return (await import('./sandbox/world-cli.js')).runWorld(argv);
}

async function bot(argv: string[]): Promise<number> {
  const { values } = parse(argv, { config: { type: 'string' }, world: { type: 'string' } });
  const { runBot } = await import('./main.js');
  await runBot(
    values.world === undefined ? { config: values.config ?? 'muster.yml' } : { world: values.world },
  );
  return 0;
}

function parse<T extends NonNullable<Parameters<typeof parseArgs>[0]>['options']>(
  args: string[],
  options: T,
) {
  try {
    return parseArgs({ args, options: options as NonNullable<T>, strict: true, allowPositionals: false });
  } catch (error) {
    throw new OperatorError('usage', (error as Error).message.split('.')[0] ?? 'bad options');
  }
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

async function print(text: string): Promise<number> {
  process.stdout.write(text);
  return 0;
}

async function main(): Promise<number> {
  const [word = 'help', ...argv] = process.argv.slice(2);
  const run = subcommands[word.replace(/^--/, '')];
  if (run === undefined) {
    process.stderr.write(`There is no "muster ${word}".\n\n${USAGE}`);
    return 2;
  }
  try {
    return await run(argv);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    process.stderr.write(`${error.message}\n${error.usage === undefined ? '' : `Usage: ${error.usage}\n`}`);
    return 2;
  }
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // The reader of a pipe went away; there is nobody left to write for.
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});
process.exitCode = await main();
