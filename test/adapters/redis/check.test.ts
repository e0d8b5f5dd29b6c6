import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import { checkRedis } from '../../../src/adapters/redis/check.js';
import { openRedis } from '../../../src/adapters/redis/connection.js';
import { startTestRedis } from '../../support/redis.js';

const silent = { debug() {}, info() {}, warn() {}, error() {} };

test('Redis as it should be is green; what it would lose or forget is named', async () => {
  const redis = await startTestRedis();
  try {
    const well = await checkRedis(redis.socket, silent);
    deepEqual(
      well.map(({ what, ok }) => [what, ok]),
      [
        ['Redis: version', true],
        ['Redis: persistence', true],
        ['Redis: memory', true],
        ['Redis: clock', true],
      ],
    );
    const client = openRedis(redis.socket, {});
    await client.config('SET', 'appendonly', 'no');
    await client.config('SET', 'maxmemory-policy', 'allkeys-lru');
    client.disconnect();
    const [clock] = (await checkRedis(redis.socket, silent, () => Date.now() - 90_000)).slice(-1);
    match(`${clock?.ok} ${clock?.detail}`, /false .*[789]\d s behind/);
    const badly = await checkRedis(redis.socket, silent);
    match(badly.map(({ fix }) => fix ?? '').join(' '), /appendonly yes.*noeviction/);
  } finally {
    await redis.stop();
  }
  const [gone] = await checkRedis(redis.socket, silent);
  equal(gone?.ok, false);
  match(gone?.fix ?? '', /Start Redis/);
});
