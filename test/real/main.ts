/** `node dist/test/real/main.js 1..20 [--hours 4] [--speed 200]`: full days on the real Redis and BullMQ, one after the other. */
import { parseArgs } from 'node:util';
import { runRealSeed } from './seed.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    hours: { type: 'string', default: '4' },
    speed: { type: 'string', default: '200' },
    log: { type: 'boolean', default: false },
  },
});
const [first = 1, last = first] = (positionals[0] ?? '1').split('..').map(Number);
let bad = 0;
for (let seed = first; seed <= last; seed += 1) {
  const result = await runRealSeed({ seed, hours: Number(values.hours), speed: Number(values.speed) });
  const { broken, decisions, actions, commands, kills, ends, seconds, log } = result;
  const killed = Object.values(kills).reduce((sum, times) => sum + times, 0);
  const ended = Object.entries(ends).map(([what, times]) => `${what}: ${times}`);
  process.stdout.write(
    `seed ${seed}: ${decisions} decisions, ${actions} actions, ${commands} commands, ${killed} kills; ${ended.join(', ')}; ${Math.round(seconds)} s\n`,
  );
  for (const { invariant, at, what } of broken)
    process.stdout.write(`  BROKEN ${invariant} at ${new Date(at).toISOString()}: ${what}\n`);
  if (values.log || broken.length > 0)
    process.stdout.write(`${log.map((line) => `    ${line}`).join('\n')}\n`);
  if (broken.length > 0) bad += 1;
}
process.stdout.write(bad === 0 ? 'every invariant held on every seed\n' : `${bad} seeds broke one\n`);
process.exit(bad === 0 ? 0 : 1);
