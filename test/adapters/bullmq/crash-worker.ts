/**
 * A replica to be killed: runs jobs, tells each start on standard output, and hangs in the first one when told so.
 * Arguments: socket, clock anchor as JSON, 'hang' or 'run', the fleet whose schedule it sets or ''.
 */
import { createBullQueue } from '../../../src/adapters/bullmq/queue.js';
import { createClock } from '../../../src/adapters/clock/clock.js';
import { silentLog } from '../../support/redis.js';
import { LOCKS, SCHEDULES } from './replica.js';

const [socket = '', anchor = '', mode, schedule] = process.argv.slice(2);
const runner = createBullQueue({
  url: socket,
  clock: createClock(JSON.parse(anchor) as { wallMs: number; simMs: number; speed: number }),
  locks: LOCKS,
  log: silentLog,
});
const tell = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
await runner.work(
  {
    evaluate: {
      deadlineMs: 60_000,
      async run(data, { slot }) {
        tell({ data, slot });
        if (mode === 'hang') await new Promise(() => {});
      },
    },
  },
  { concurrency: 2 },
);
if (schedule === 'schedule') await runner.schedule(SCHEDULES);
