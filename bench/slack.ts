/**
 * The Slack side under load, on loopback.
 *
 * Commands: signed slash commands at a steady rate against one replica (Bolt, guard, people, the app's own road, answers
 * through response_url) and against a bare Bolt app that only acknowledges, second by second in turn, so that both see the
 * same machine. Told: the acknowledgement's p50 and p99 of both, and commands lost or answered twice.
 *
 * Outbox: messages over many channels through the announce job to the stand-in workspace, on a Muster clock that jumps to
 * the next moment that somebody waits for. Told: order kept, Muster time taken, 429s, and what the memory grew by.
 *
 *   npm run bench:slack [-- --seconds 60 --rate 50 --messages 10000 --channels 50]
 */
import { parseArgs } from 'node:util';
import { benchCommands } from './slack-commands.js';
import { benchOutbox } from './slack-outbox.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    rate: { type: 'string', default: '50' },
    messages: { type: 'string', default: '10000' },
    channels: { type: 'string', default: '50' },
  },
});

const commands = await benchCommands({ seconds: Number(values.seconds), rate: Number(values.rate) });
console.log(`commands: ${commands.sent} at ${values.rate} a second to each`);
console.log(`  bare Bolt  p50 ${ms(commands.bare.p50)}  p99 ${ms(commands.bare.p99)}`);
console.log(`  Muster     p50 ${ms(commands.muster.p50)}  p99 ${ms(commands.muster.p99)}`);
const allowed = Math.max(commands.bare.p99 * 2, commands.bare.p99 + 25);
const isQuick = commands.muster.p99 <= allowed;
console.log(`  allowed p99 ${ms(allowed)}: ${isQuick ? 'kept' : 'BROKEN'}`);
console.log(`  lost ${commands.lost}, answered twice ${commands.doubled}`);

const outbox = await benchOutbox({ messages: Number(values.messages), channels: Number(values.channels) });
console.log(`outbox: ${outbox.posted} messages over ${values.channels} channels`);
console.log(
  `  ${outbox.musterSeconds.toFixed(0)} s of Muster time, ${outbox.seconds.toFixed(1)} s of the machine's, ${outbox.limited} times 429`,
);
console.log(`  out of order ${outbox.outOfOrder}, lost ${outbox.lost}, twice ${outbox.doubled}`);
console.log(`  memory: ${outbox.memoryMb.toFixed(1)} MB more at most`);

const isGood =
  isQuick &&
  commands.lost + commands.doubled + outbox.outOfOrder + outbox.lost + outbox.doubled === 0 &&
  outbox.memoryMb <= 64;
process.exit(isGood ? 0 : 1);

function ms(value: number): string {
  return `${value.toFixed(1)} ms`.padStart(9);
}
