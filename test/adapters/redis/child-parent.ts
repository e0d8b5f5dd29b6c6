/** A process that starts a Redis child, stores something, and waits to be killed. */
import { startRedisChild } from '../../../src/adapters/redis/child.js';
import { createRedisStore } from '../../../src/adapters/redis/store.js';
import { anAudit } from '../../contracts/store-records.js';
import { PATIENT, silentLog } from '../../support/redis.js';

const child = await startRedisChild({ dir: process.argv[2] ?? '' });
const store = await createRedisStore({ url: child.socket, log: silentLog, ...PATIENT });
await store.appendAudit(anAudit('before the crash'));
process.stdout.write(`${JSON.stringify({ pid: child.pid })}\n`);
setInterval(() => {}, 1_000);
