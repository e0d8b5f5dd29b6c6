/** A store whose process is killed at one of its changes: what was stored stays, and nothing goes on. */
import type { Store } from '../../src/ports.js';

const CHANGES = ['setFreeze', 'setOverride', 'saveMachine', 'once', 'sent', 'sentPager', 'release', 'push'];

export interface Life {
  store: Store;
  /** Before or after the n-th change of the store: what was stored stays, and nothing goes on. */
  dieAt(n: number): void;
  /** Resolves with the death. */
  death(): Promise<'dead'>;
  /** The next process. */
  beBorn(): void;
}

export function mortal(store: Store): Life {
  let left = Number.POSITIVE_INFINITY;
  let isDead = false;
  let tell: (word: 'dead') => void = () => {};
  const step = async (): Promise<void> => {
    left -= 1;
    if (left === 0) {
      isDead = true;
      tell('dead');
    }
    if (isDead) await new Promise(() => {});
  };
  return {
    store: new Proxy(store, {
      get: (target, name: keyof Store) => {
        const method = target[name] as (...given: unknown[]) => Promise<unknown>;
        if (!CHANGES.includes(name)) return method;
        return async (...given: unknown[]) => {
          await step();
          const result = await method(...given);
          await step();
          return result;
        };
      },
    }),
    dieAt: (n) => {
      left = n;
    },
    death: () =>
      new Promise((resolve) => {
        tell = resolve;
      }),
    beBorn: () => {
      isDead = false;
    },
  };
}
