import { createMemoryStore } from '../../src/simulation/memory-store.js';
import { storeContract } from '../contracts/store.js';

storeContract('in memory', async () => {
  let now = 0;
  return {
    store: createMemoryStore({ now: () => now }),
    async pass(ms) {
      now += ms;
    },
    async close() {},
  };
});
