/** The first half of a decision: what the fleet needs, before anything limits it, and the numbers behind that. */
import { capacityOf, toReplace } from './capacity.js';
import { forecast } from './forecast/forecast.js';
import type { Numbers, Seen } from './model.js';
import { drainWorkers, objectiveHolds, withZoneLoss, workersForRate } from './need.js';
import type { Policy } from './policy.js';
import type { Reason } from './reasons.js';
import { scheduledFloor } from './schedule.js';
import { freshSample, guardNeed, newestMinutes, saturationNeed } from './threat.js';

export interface Assessment {
  /** Workers needed, the scheduled floor included; null when nothing at all is known yet. */
  need: number | null;
  numbers: Numbers;
  reasons: Reason[];
}

export function assess(seen: Seen, policy: Policy, current: number): Assessment {
  const assessment =
    seen.trigger === 'guard' ? assessGuard(seen, policy, current) : assessCycle(seen, policy);
  return withScheduledFloor(assessment, seen, policy);
}

/** The highest of what forecast, live demand and saturation need, with what clears the backlog on top. */
function assessCycle(seen: Seen, policy: Policy): Assessment {
  const sample = freshSample(seen, policy);
  const foreseen = forecast(seen.memory.forecast, seen.now, policy);
  const inHours = objectiveHolds(policy, seen.now, foreseen.to);
  const live = sample === null ? null : liveRate(seen);
  const sized = (rate: number | null): number | null =>
    rate === null ? null : workersForRate(rate, seen, policy, inHours);

  const needForecast = sized(foreseen.high);
  const needLive = sized(live);
  const rate = Math.max(live ?? 0, foreseen.expected ?? 0);
  const drain = sample === null ? 0 : drainWorkers(sample, rate, capacityOf(seen, policy), seen, policy);
  const reasons: Reason[] = [];
  let need = highestNeed(reasons, [
    needForecast !== null && foreseen.high !== null && foreseen.expected !== null
      ? {
          code: 'forecast-need',
          forecast: foreseen.expected,
          sizedFor: foreseen.high,
          need: needForecast,
        }
      : null,
    needLive !== null && live !== null ? { code: 'live-need', demand: live, need: needLive } : null,
  ]);
  if (need !== null && drain > 0) {
    need += drain;
    reasons.push({ code: 'backlog-drain', backlog: sample?.backlog ?? 0, extra: drain });
  }
  if (sample?.saturation != null) {
    const wants = saturationNeed(sample.saturation, capacityOf(seen, policy).ready);
    if (wants > (need ?? 0)) {
      need = wants;
      reasons.push({ code: 'saturation-need', saturation: sample.saturation, need });
    }
  }
  if (!inHours && policy.slo.offHours !== 'same') {
    need = Math.max(need ?? 0, policy.slo.offHours.workersPerZone * policy.zones.length);
    reasons.push({ code: 'off-hours', need });
  }
  if (need !== null && inHours) {
    const tolerant = lossTolerant(need, seen, policy);
    if (tolerant > need) reasons.push({ code: 'zone-loss-tolerance', need: tolerant });
    need = tolerant;
  }
  return {
    need,
    reasons,
    numbers: {
      ...observed(seen),
      horizonFrom: foreseen.from,
      horizonTo: foreseen.to,
      forecast: foreseen.expected,
      sizedFor: foreseen.high,
      margin: foreseen.expected === null ? null : foreseen.margin,
      needForecast,
      needLive,
      drain,
      need,
      voters: foreseen.voters.map(({ name, forecast, error, weight }) => ({ name, forecast, error, weight })),
    },
  };
}

/** The larger of the needs; the reasons keep those that raised it, in order. */
function highestNeed(
  reasons: Reason[],
  votes: (Extract<Reason, { code: 'forecast-need' | 'live-need' }> | null)[],
): number | null {
  let need: number | null = null;
  for (const vote of votes) {
    if (vote === null || (need !== null && vote.need <= need)) continue;
    need = vote.need;
    reasons.push(vote);
  }
  return need;
}

/** Only what a threat in sight needs: the guard raises or leaves things as they are. */
function assessGuard(seen: Seen, policy: Policy, current: number): Assessment {
  const from = seen.now + policy.startupSeconds * 1_000;
  const zones = policy.zoneLossTolerant ? policy.zones.length : 1;
  // Those that run and do not serve are no part of what was planned; `decide` puts them on top of the need.
  const planned = Math.max(0, current - toReplace(seen.zones));
  const alone = zones < 2 ? planned : Math.floor(planned / zones) * (zones - 1);
  const raise = guardNeed(seen, policy, alone);
  const need = raise === null ? null : lossTolerant(raise.need, seen, policy);
  const reasons: Reason[] =
    raise === null || need === null ? [] : [{ code: 'guard-raise', cause: raise.cause, need }];
  return {
    need: need === null ? null : Math.max(need, planned),
    reasons,
    numbers: {
      ...observed(seen),
      horizonFrom: from,
      horizonTo: from + 60_000,
      forecast: raise?.projected ?? null,
      sizedFor: raise?.projected ?? null,
      margin: null,
      needForecast: null,
      needLive: need,
      drain: raise?.drain ?? 0,
      need,
      voters: [],
    },
  };
}

function withScheduledFloor(assessment: Assessment, seen: Seen, policy: Policy): Assessment {
  if (policy.schedule.length === 0) return assessment;
  const floor = scheduledFloor(policy.schedule, seen.now, seen.now + policy.startupSeconds * 1_000);
  const wanted = assessment.need ?? 0;
  if (floor <= wanted) return assessment;
  return {
    ...assessment,
    need: floor,
    reasons: [...assessment.reasons, { code: 'scheduled-floor', floor, wanted }],
  };
}

function lossTolerant(need: number, seen: Seen, policy: Policy): number {
  if (!policy.zoneLossTolerant) return need;
  const up = seen.zones?.filter((zone) => zone.up).length ?? policy.zones.length;
  return withZoneLoss(need, up, policy.zones.length);
}

/** Demand of the last three minutes that are known: what runs now must carry it until a raise is ready. */
function liveRate(seen: Seen): number | null {
  if (seen.sample === null) return null;
  const rates = newestMinutes(seen, seen.sample)
    .slice(-3)
    .flatMap((one) => (one.requestsPerSecond === null ? [] : [one.requestsPerSecond]));
  return rates.length === 0 ? null : rates.reduce((sum, one) => sum + one, 0) / rates.length;
}

type Observed = Pick<
  Numbers,
  | 'demand'
  | 'backlog'
  | 'oldestAgeSeconds'
  | 'p95Seconds'
  | 'ready'
  | 'starting'
  | 'nodesFrom'
  | 'nodesTo'
  | 'costPerHourFrom'
  | 'costPerHourTo'
>;

function observed({ sample, zones }: Seen): Observed {
  const sum = (count: 'ready' | 'starting'): number | null =>
    zones === null ? (sample?.[count] ?? null) : zones.reduce((all, zone) => all + zone[count], 0);
  return {
    demand: sample?.requestsPerSecond ?? null,
    backlog: sample?.backlog ?? null,
    oldestAgeSeconds: sample?.oldestAgeSeconds ?? null,
    p95Seconds: sample?.p95Seconds ?? null,
    ready: sum('ready'),
    starting: sum('starting'),
    nodesFrom: 0,
    nodesTo: 0,
    costPerHourFrom: 0,
    costPerHourTo: 0,
  };
}
