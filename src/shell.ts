/** `muster command <words>`: what people type after /muster, from a shell, by the same road. */
import { userInfo } from 'node:os';
import { OperatorError } from './errors.js';
import { createBot, readConfigFile } from './main.js';
import { configFromWorld } from './sandbox/replica.js';
import { shellText } from './shell-text.js';

const USAGE = 'muster command [--world URL | --config FILE] <verb> …';

export async function runCommand(argv: string[]): Promise<number> {
  const { source, words } = split(argv);
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
    process.stdout.write(
      `${shellText(reply.message, { timeZone: by.timeZone, command: 'muster command' })}\n`,
    );
    return reply.message.tone === 'warn' || reply.message.tone === 'bad' ? 1 : 0;
  } finally {
    await bot.close();
  }
}

/** Options come before the verb; everything after is the verb's own. */
function split(argv: string[]): { source: { kind: 'world' | 'config'; value: string }; words: string[] } {
  const [first, value, ...rest] = argv;
  if (first === '--world' || first === '--config') {
    if (value === undefined) throw new OperatorError('usage', `Please say which: ${first} …`, USAGE);
    return { source: { kind: first === '--world' ? 'world' : 'config', value }, words: rest };
  }
  return { source: { kind: 'config', value: 'muster.yml' }, words: argv };
}
