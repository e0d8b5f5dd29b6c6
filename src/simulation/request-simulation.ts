/**
 * Every request by itself: FIFO, k workers, each draw its own. Slow and exact; the queue model is checked against it, and
 * so is `muster decide`. Workers may be added and removed at any moment; one that is removed ends its request first.
 */
import type { Random } from './random.js';

export interface RequestSpec {
  serviceSeconds: number;
  serviceCv: number;
  objectiveSeconds: number;
  random: Random;
  /** Keep every response time (for quantiles over the whole run)? Costs eight bytes a request. */
  keepResponses?: boolean;
}

export interface RequestSimulation {
  readonly now: number;
  /** Workers that serve from now on. */
  setReady(workers: number): void;
  /** Arrivals are Poisson: `arrivals` is their expected number, spread evenly over the seconds. */
  run(seconds: number, arrivals: number): void;
  /** As `run` with exactly this many requests, each at a uniform moment: what a recorded count a minute says. */
  runExactly(seconds: number, count: number): void;
  backlog(): number;
  oldestAgeSeconds(): number;
  /** Of the requests that were completed since the last call, seconds; null when none was. */
  takeP95(): number | null;
  result(): {
    arrivals: number;
    completed: number;
    /** Late ones and those still unfinished. */
    late: number;
    lateShare: number;
    p95Seconds: number | null;
    p99Seconds: number | null;
  };
}

export function createRequestSimulation(spec: RequestSpec): RequestSimulation {
  const { random, serviceSeconds, serviceCv, objectiveSeconds } = spec;
  let now = 0;
  let ready = 0;
  let busy = 0;
  let arrived = 0;
  let completed = 0;
  let late = 0;
  const waiting = createLine();
  const running = createHeap();
  let recent: number[] = [];
  let responses = new Float64Array(spec.keepResponses === true ? 1 << 16 : 0);

  const start = (arrival: number, at: number): void => {
    busy++;
    running.push(at + random.gamma(serviceSeconds, serviceCv), arrival);
  };
  const startWaiting = (at: number): void => {
    while (busy < ready && waiting.size() > 0) start(waiting.shift(), at);
  };
  const finish = (): void => {
    const end = running.key();
    const response = end - running.pop();
    busy--;
    if (response > objectiveSeconds) late++;
    recent.push(response);
    if (spec.keepResponses === true) {
      if (completed === responses.length) {
        const larger = new Float64Array(responses.length * 2);
        larger.set(responses);
        responses = larger;
      }
      responses[completed] = response;
    }
    completed++;
    startWaiting(end);
  };
  const arrive = (at: number): void => {
    while (running.size() > 0 && running.key() <= at) finish();
    arrived++;
    if (busy < ready) start(at, at);
    else waiting.push(at);
  };
  const settle = (until: number): void => {
    while (running.size() > 0 && running.key() <= until) finish();
    now = until;
  };

  return {
    get now() {
      return now;
    },
    setReady(workers) {
      ready = workers;
      startWaiting(now);
    },
    run(seconds, arrivals) {
      const end = now + seconds;
      if (arrivals > 0) {
        const gap = seconds / arrivals;
        for (let at = now + random.exponential(gap); at < end; at += random.exponential(gap)) arrive(at);
      }
      settle(end);
    },
    runExactly(seconds, count) {
      const begin = now;
      // Sorted uniform moments, drawn in order: the next of n is 1 - u^(1/n) of the rest away.
      let place = 0;
      for (let left = count; left > 0; left--) {
        place += (1 - place) * (1 - random.next() ** (1 / left));
        arrive(begin + place * seconds);
      }
      settle(begin + seconds);
    },
    backlog: () => waiting.size(),
    oldestAgeSeconds: () => (waiting.size() > 0 ? now - waiting.first() : 0),
    takeP95() {
      const sorted = Float64Array.from(recent).sort();
      recent = [];
      return quantile(sorted, 0.95);
    },
    result() {
      const sorted = responses.slice(0, spec.keepResponses === true ? completed : 0).sort();
      const lateAll = late + (arrived - completed);
      return {
        arrivals: arrived,
        completed,
        late: lateAll,
        lateShare: arrived > 0 ? lateAll / arrived : 0,
        p95Seconds: quantile(sorted, 0.95),
        p99Seconds: quantile(sorted, 0.99),
      };
    },
  };
}

function quantile(sorted: Float64Array, share: number): number | null {
  if (sorted.length === 0) return null;
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}

/** First in, first out. */
function createLine() {
  let items: number[] = [];
  let head = 0;
  return {
    size: () => items.length - head,
    first: () => items[head]!,
    push: (item: number) => {
      items.push(item);
    },
    shift() {
      const item = items[head]!;
      head++;
      if (head > 65_536) {
        items = items.slice(head);
        head = 0;
      }
      return item;
    },
  };
}

/** A binary heap of (end of service, time of arrival), the earliest end on top. */
function createHeap() {
  const keys: number[] = [];
  const values: number[] = [];
  return {
    size: () => keys.length,
    key: () => keys[0]!,
    push(key: number, value: number) {
      let place = keys.length;
      keys.push(key);
      values.push(value);
      while (place > 0) {
        const parent = (place - 1) >> 1;
        if (keys[parent]! <= key) break;
        keys[place] = keys[parent]!;
        values[place] = values[parent]!;
        place = parent;
      }
      keys[place] = key;
      values[place] = value;
    },
    /** Removes the top and gives its time of arrival. */
    pop() {
      const top = values[0]!;
      const key = keys.pop()!;
      const value = values.pop()!;
      const size = keys.length;
      let place = 0;
      for (let child = 1; child < size; child = 2 * place + 1) {
        if (child + 1 < size && keys[child + 1]! < keys[child]!) child++;
        if (keys[child]! >= key) break;
        keys[place] = keys[child]!;
        values[place] = values[child]!;
        place = child;
      }
      if (size > 0) {
        keys[place] = key;
        values[place] = value;
      }
      return top;
    },
  };
}
