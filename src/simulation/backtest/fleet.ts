/** Workers of one fleet as a count: asked for, starting for a fixed time, serving, gone. Time in seconds from the start. */
export interface BacktestFleet {
  readonly ready: number;
  readonly starting: number;
  /** Absolute. A cut takes those that are still starting first, the newest before the others. */
  ask(workers: number, now: number): void;
  /** Lets those serve whose time has come. */
  settle(now: number): void;
  /** When the next worker will serve; Infinity when none is starting. */
  nextReady(): number;
}

export function createFleet(workers: number, startupSeconds: number): BacktestFleet {
  let ready = workers;
  let starting: { at: number; count: number }[] = [];
  const coming = (): number => starting.reduce((sum, one) => sum + one.count, 0);
  return {
    get ready() {
      return ready;
    },
    get starting() {
      return coming();
    },
    ask(wanted, now) {
      const change = wanted - ready - coming();
      if (change > 0) {
        if (startupSeconds === 0) ready += change;
        else starting.push({ at: now + startupSeconds, count: change });
        return;
      }
      let surplus = -change;
      while (surplus > 0 && starting.length > 0) {
        const newest = starting.at(-1)!;
        const gone = Math.min(surplus, newest.count);
        newest.count -= gone;
        surplus -= gone;
        if (newest.count === 0) starting.pop();
      }
      ready -= surplus;
    },
    settle(now) {
      for (const one of starting) if (one.at <= now + 1e-6) ready += one.count;
      starting = starting.filter((one) => one.at > now + 1e-6);
    },
    nextReady: () => starting[0]?.at ?? Infinity,
  };
}
