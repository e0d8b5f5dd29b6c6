/** `muster command <words>`: what people type after /muster, from a shell, by the same road. */
import { writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { parseArgs } from 'node:util';
import type { Reply } from '../commands/command.js';
import type { Message } from './core/message.js';
import { OperatorError } from './errors.js';
import { type Bot, createBot, readConfigFile } from './main.js';
import { configFromWorld } from './sandbox/replica.js';
import { shellText } from './shell-text.js';

const USAGE = 'muster command [--world URL | --config FILE] <verb> …';

interface Source {
  kind: 'world' | 'config';
  value: string;
}

export async function runCommand(argv: string[]): Promise<number> {
  const { source, words } = split(argv);
  return answer(source, words, null);
}

/** `muster why …` and `muster forecast …`: the verb as in `muster command`, and its chart as a PNG file. */
export async function runShorthand(verb: 'why' | 'forecast', argv: string[]): Promise<number> {
  const usage = `muster ${verb} [--world URL | --config FILE] <fleet>${verb === 'forecast' ? ' [hours]' : ' [decision]'} [--chart out.png]`;
  const { values, positionals } = optionsOf(argv, usage);
  if (values.world !== undefined && values.config !== undefined) {
    throw new OperatorError('usage', 'Please say --world or --config, not both.', usage);
  }
  const source: Source =
    values.world === undefined
      ? { kind: 'config', value: values.config ?? 'muster.yml' }
      : { kind: 'world', value: values.world };
  return answer(source, [verb, ...positionals], values.chart ?? null);
}

async function answer(source: Source, words: string[], chart: string | null): Promise<number> {
  const config = source.kind === 'world' ? await configFromWorld(source.value) : readConfigFile(source.value);
  const bot = await createBot({ ...config, logLevel: 'fatal' });
  try {
    const { username } = userInfo();
    const by = {
      id: `shell:${username}`,
      name: username,
      timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    };
    const reply = await bot.app.handle({ text: words.join(' '), by, where: 'shell' });
    if (reply.file !== undefined) {
      const { text } = reply.file;
      await new Promise<void>((resolve) => process.stdout.write(text, () => resolve()));
      return 0;
    }
    process.stdout.write(
      `${shellText(reply.message, { timeZone: by.timeZone, command: 'muster command' })}\n`,
    );
    const saved = chart === null || (await saveChart(bot, reply.message, chart));
    return saved ? exitCode(reply) : 1;
  } finally {
    await bot.close();
  }
}

/** 0: done, or answered. 1: refused, failed, or found broken. 3: nothing is done before somebody's click. */
function exitCode({ refused, waits, message }: Reply): number {
  if (waits === true) return 3;
  return refused !== undefined || message.tone === 'bad' ? 1 : 0;
}

/** False, with a sentence, when there is no picture to be had. */
async function saveChart(bot: Bot, message: Message, path: string): Promise<boolean> {
  const image = message.parts.find((part) => part.kind === 'image');
  if (image === undefined) {
    process.stderr.write(`There is no chart in this answer, so ${path} was not written.\n`);
    return false;
  }
  try {
    await writeFile(path, await bot.charts.png(image.png));
  } catch (error) {
    const { code, message: problem } = error as NodeJS.ErrnoException;
    process.stderr.write(`The chart was not written to ${path}: ${code ?? problem}.\n`);
    return false;
  }
  process.stdout.write(`\nThe chart is in ${path}.\n`);
  return true;
}

/** Options come before the verb; everything after is the verb's own. */
function split(argv: string[]): { source: Source; words: string[] } {
  const [first, value, ...rest] = argv;
  if (first === '--world' || first === '--config') {
    if (value === undefined) throw new OperatorError('usage', `Please say which: ${first} …`, USAGE);
    return { source: { kind: first === '--world' ? 'world' : 'config', value }, words: rest };
  }
  return { source: { kind: 'config', value: 'muster.yml' }, words: argv };
}

function optionsOf(argv: string[], usage: string) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: argv,
      options: { world: text, config: text, chart: text },
      allowPositionals: true,
    });
  } catch (error) {
    throw new OperatorError('usage', (error as Error).message.split('.')[0] ?? 'bad options', usage);
  }
}
