/** One policy over one scenario: the queue moves, the policy looks, its wish comes true after the start-up. */
import { createQueueModel } from '../queue-model.js';
import { createRandom, type Random, seedFor } from '../random.js';
import { createFleet } from './fleet.js';
import { createMeter, type Measures } from './measures.js';
import type { Scaler } from './scaler.js';
import { clamp, firstCount, type Scenario } from './scenario.js';

/** One point a minute, for charts. */
export interface Course {
  ready: number[];
  p95Seconds: (number | null)[];
}

export function runPolicy(
  scenario: Scenario,
  demand: (number | null)[],
  scaler: Scaler,
  course?: Course,
): Measures {
  const model = createQueueModel(scenario);
  const meter = createMeter(scenario, demand);
  const fleet = createFleet(scaler.first ?? firstCount(scenario), scenario.startupSeconds);
  const stepSeconds = Math.min(60, scaler.everySeconds);
  let now = 0;
  let inSystem = 0;
  let seen = { backlog: 0, oldestAgeSeconds: 0 };
  const chance = createRandom(seedFor(1, scaler.name));

  /** Moves to `until`, stopping where workers become ready; gives the busy worker-seconds and those there were. */
  const move = (until: number, rate: number): { busy: number; served: number } => {
    const sum = { busy: 0, served: 0 };
    while (now < until - 1e-6) {
      const next = Math.min(until, fleet.nextReady());
      const seconds = next - now;
      const step = model.step({ seconds, arrivals: rate * seconds, ready: fleet.ready });
      inSystem += step.arrivals - step.completed;
      seen = step;
      sum.busy += step.completed * scenario.serviceSeconds;
      sum.served += fleet.ready * seconds;
      meter.exist(fleet.ready + fleet.starting, seconds);
      now = next;
      fleet.settle(now);
    }
    return sum;
  };

  const look = (rate: number | null, busyShare: number): void => {
    const asked = fleet.ready + fleet.starting;
    const wanted = clamp(
      scenario,
      scaler.look({
        at: scenario.start + now * 1_000,
        ...shortLook(
          chance,
          { rate, busyShare, inSystem },
          fleet.ready,
          stepSeconds,
          scenario.serviceSeconds,
        ),
        backlog: seen.backlog,
        oldestAgeSeconds: seen.oldestAgeSeconds,
        p95Seconds: () => model.window(60).p95Seconds,
        ready: fleet.ready,
        starting: fleet.starting,
      }),
    );
    if (wanted === asked) return;
    const ready = fleet.ready;
    fleet.ask(wanted, now);
    meter.changed();
    meter.removed(ready - Math.min(ready, fleet.ready));
  };

  for (let index = 0; index < scenario.minutes.length; index++) {
    const count = scenario.minutes[index] ?? null;
    const rate = count === null ? null : count / 60;
    const end = (index + 1) * 60;
    while (now < end - 1e-6) {
      const { busy, served } = move(Math.min(end, now + stepSeconds), rate ?? 0);
      if (Math.round(now) % scaler.everySeconds === 0)
        look(rate, served > 0 ? Math.min(1, busy / served) : 1);
    }
    const { p95Seconds } = model.window(60);
    const at = scenario.start + now * 1_000;
    meter.minute(
      { at, index, ready: fleet.ready, p95Seconds, oldestAgeSeconds: seen.oldestAgeSeconds },
      model,
    );
    course?.ready.push(fleet.ready);
    course?.p95Seconds.push(p95Seconds);
  }
  return meter.result(scaler.name, model);
}

/**
 * What a look at less than a minute sees: the recorded minute says how many requests came in it, not when, so that a
 * quarter of it is a Poisson draw, and so are the requests in the system and the busy time. Whole minutes are as recorded.
 */
function shortLook(
  chance: Random,
  seen: { rate: number | null; busyShare: number; inSystem: number },
  ready: number,
  seconds: number,
  serviceSeconds: number,
): { requestsPerSecond: number | null; busyShare: number; inSystem: number } {
  if (seconds >= 60)
    return { requestsPerSecond: seen.rate, busyShare: seen.busyShare, inSystem: seen.inSystem };
  const arrivals = seen.rate === null ? null : chance.poisson(seen.rate * seconds) / seconds;
  // Busy workers vary like a Poisson count and forget within a service time.
  const busy = seen.busyShare * ready;
  const spread =
    Math.sqrt((2 * busy * serviceSeconds) / seconds) * Math.sqrt(Math.max(0, 1 - seen.busyShare ** 4));
  const share = ready === 0 ? 1 : (busy + spread * chance.normal()) / ready;
  const inSystem = seen.inSystem + Math.sqrt(Math.max(0, Math.min(seen.inSystem, busy))) * chance.normal();
  return {
    requestsPerSecond: arrivals,
    busyShare: Math.min(1, Math.max(0, share)),
    inSystem: Math.max(0, Math.round(inSystem)),
  };
}
