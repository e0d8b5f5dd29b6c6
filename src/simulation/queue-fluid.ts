/**
 * A long queue as a fluid: arrivals stand in line by their time, workers take them from the head. The count in system is
 * normal around its mean; its spread turns into a spread of the waiting time.
 */
import type { ChainShape, Known, Moments } from './queue-chain.js';

interface Cohort {
  /** Model time at which it arrived, seconds. */
  at: number;
  count: number;
  /** Its wait was already told while the chain was in charge. */
  told: boolean;
}

/** Arrivals remembered while the chain is in charge: it hands over at waits of seconds, or when the last worker is gone. */
const REMEMBERED = 900;

export function createFluid({ mu, arrivalCv2, serviceCv2 }: ChainShape, saved?: unknown) {
  const restored = saved as
    | { now: number; line: Cohort[]; mean: number; variance: number; ready: number }
    | undefined;
  let now = restored?.now ?? 0;
  let line: Cohort[] = restored?.line.map((cohort) => ({ ...cohort })) ?? [];
  let head = 0;
  let { mean, variance, ready: lastReady } = restored ?? { mean: 0, variance: 0, ready: 0 };

  const waiting = (ready: number): number => Math.max(0, mean - ready);
  const compact = (): void => {
    if (head < 1_024) return;
    line = line.slice(head);
    head = 0;
  };
  const take = (count: number, tell: (cohort: Cohort, part: number) => void): void => {
    let rest = count;
    while (rest > 1e-9 && head < line.length) {
      const cohort = line[head]!;
      const part = Math.min(rest, cohort.count);
      tell(cohort, part);
      cohort.count -= part;
      rest -= part;
      if (cohort.count <= 1e-9) head++;
    }
    compact();
  };

  return {
    inSystem: () => mean,

    /** Chain in charge: keep the newest arrivals, their waits are told already. */
    remember(seconds: number, parts: number, rate: number): void {
      const length = seconds / parts;
      for (let part = 0; part < parts; part++) {
        now += length;
        line.push({ at: now - length / 2, count: rate * length, told: true });
      }
      if (line.length - head > REMEMBERED) head = line.length - REMEMBERED;
      compact();
    },

    /** Takes over: those who wait are the newest that arrived. */
    start(moments: Moments, ready: number): void {
      ({ mean, variance } = moments);
      lastReady = ready;
      let excess = -waiting(ready);
      for (let i = head; i < line.length; i++) excess += line[i]!.count;
      if (excess > 0) take(excess, () => {});
      else if (excess < -1e-9) line.splice(head, 0, { at: now, count: -excess, told: true });
      if (line[head] !== undefined && line[head]!.at === now && line[head + 1] !== undefined) {
        line[head]!.at = line[head + 1]!.at;
      }
    },

    step(seconds: number, rate: number, ready: number, known: Known): void {
      const arrivals = rate * seconds;
      const queueBefore = waiting(lastReady);
      const served = Math.min(mean, ready) * mu * seconds;
      now += seconds;
      if (arrivals > 0) line.push({ at: now - seconds / 2, count: arrivals, told: false });
      mean = Math.max(0, mean + arrivals - served);
      variance += (rate * arrivalCv2 + ready * mu * serviceCv2) * seconds;
      lastReady = ready;
      const started = queueBefore + arrivals - waiting(ready);
      const perSecond = Math.max(ready * mu, 1e-9);
      take(started, (cohort, part) => {
        if (cohort.told) return;
        known(Math.max(0, now - seconds / 2 - cohort.at), Math.sqrt(variance) / perSecond, part);
      });
    },

    /** The queue may be empty by chance: the chain is needed again. */
    isShort(ready: number): boolean {
      return mean - ready < 3.5 * Math.sqrt(variance);
    },

    /** Hands over: tells the waits of those still in line from their age and what stands before them. */
    end(ready: number, known: Known): Moments {
      const perSecond = ready * mu;
      let before = 0;
      for (let i = head; i < line.length; i++) {
        const cohort = line[i]!;
        before += cohort.count;
        if (cohort.told) continue;
        const wait = now - cohort.at + (before - cohort.count / 2) / perSecond;
        known(wait, Math.sqrt(variance) / perSecond, cohort.count);
        cohort.told = true;
      }
      return { mean, variance };
    },

    queue(ready: number): { waiting: number; oldestSeconds: number } {
      const count = waiting(ready);
      return { waiting: count, oldestSeconds: count > 1e-6 ? this.oldestSeconds() : 0 };
    },

    oldestSeconds: () => (line[head] === undefined ? 0 : Math.max(0, now - line[head]!.at)),

    /** Requests in line whose wait is not told yet. */
    unknown(): number {
      let count = 0;
      for (let i = head; i < line.length; i++) if (!line[i]!.told) count += line[i]!.count;
      return count;
    },

    save: () => ({
      now,
      line: line.slice(head).map((cohort) => ({ ...cohort })),
      mean,
      variance,
      ready: lastReady,
    }),
  };
}
