/** Decisions in plain sentences. Nobody else makes sentences of reasons. */
import { type Decision, origin, type Seen, target } from './model.js';
import type { Policy } from './policy.js';
import type { Reason } from './reasons.js';

/** First what was decided, then why, in the order in which the policy spoke. */
export function explain(decision: Decision, seen: Seen, policy: Policy): string[] {
  const { numbers } = decision;
  const lines = [headline(decision), ...decision.reasons.map(sentence)];
  if (numbers.demand !== null) {
    const latency = numbers.p95Seconds === null ? '' : `, p95 ${seconds(numbers.p95Seconds)}`;
    const backlog = numbers.backlog === null ? 'backlog unknown' : `backlog ${whole(numbers.backlog)}`;
    lines.push(`Demand is ${rate(numbers.demand)}, ${backlog}${latency}.`);
  }
  if (policy.nodePricePerHour > 0) {
    const { costPerHourFrom: from, costPerHourTo: to } = numbers;
    const money = (value: number): string => `${value.toFixed(2)} ${policy.currency}`;
    lines.push(
      from === to
        ? `It costs ${money(to)} an hour.`
        : `It costs ${money(to)} an hour instead of ${money(from)}.`,
    );
  }
  if (decision.shortOf > 0) {
    lines.push(`${seen.fleet} stays ${workers(decision.shortOf)} short of its need.`);
  }
  if (policy.mode === 'advise' && decision.kind === 'scale') {
    lines.push('This is advice only: the fleet is in advise mode, nothing was changed.');
  }
  return lines;
}

/** The first reason, and who or what keeps the count from it: all that a short message has room for. */
export function mainReasons(reasons: Reason[]): string {
  const [first, ...rest] = reasons;
  const said = [...(first === undefined ? [] : [first]), ...rest.filter(({ code }) => HOLDS_BACK.has(code))];
  return said.map(sentence).join(' ');
}

const HOLDS_BACK: ReadonlySet<Reason['code']> = new Set([
  'override-pin',
  'override-floor',
  'override-ceiling',
  'ceiling-limited',
  'budget-limited',
  'frozen',
  'owned-by-other',
]);

function headline(decision: Decision): string {
  const from = origin(decision);
  const to = target(decision);
  const split = decision.placement.map(({ zone, workers: count }) => `${zone} ${count}`).join(', ');
  if (decision.kind === 'hold') return `Holds at ${workers(to)} (${split}).`;
  if (from === to) return `Keeps ${workers(to)} and moves them between zones (${split}).`;
  return `${to > from ? 'Raises' : 'Cuts'} from ${from} to ${workers(to)} (${split}).`;
}

/** One reason as a sentence; the compiler asks for each new code. */
export function sentence(reason: Reason): string {
  switch (reason.code) {
    case 'forecast-need':
      return reason.sizedFor >= reason.forecast
        ? `The forecast peak of ${rate(reason.forecast)}, sized with its margin for ${rate(reason.sizedFor)}, needs ${workers(reason.need)}.`
        : `The next minutes need ${workers(reason.need)} for up to ${rate(reason.sizedFor)}; the guard buys the rest of the forecast peak of ${rate(reason.forecast)} when it comes near.`;
    case 'live-need':
      return `Demand now, ${rate(reason.demand)}, needs ${workers(reason.need)}.`;
    case 'backlog-drain':
      return `Clearing a backlog of ${whole(reason.backlog)} messages in time takes ${workers(reason.extra)} more.`;
    case 'guard-raise':
      return `The guard asks for ${workers(reason.need)} now: ${GUARD_CAUSES[reason.cause]}.`;
    case 'saturation-need':
      return `Saturation of ${percent(reason.saturation)} needs ${workers(reason.need)}.`;
    case 'off-hours':
      return `Outside business hours ${workers(reason.need)} keep the backlog from growing; the latency objective rests.`;
    case 'zone-loss-tolerance':
      return `${workers(reason.need)} let the fleet lose a zone and still keep its objective.`;
    case 'scheduled-floor':
      return `A scheduled floor of ${workers(reason.floor)} is open or opens within the start-up time (${reason.wanted} needed without it).`;
    case 'stabilized':
      return `A need of ${reason.wanted} has not lasted ${duration(reason.windowSeconds)} yet, so ${workers(reason.kept)} stay.`;
    case 'cooldown':
      return `No cut to ${reason.wanted} for another ${duration(reason.remainingSeconds)} after the last raise; ${workers(reason.kept)} stay.`;
    case 'override-pin':
      return `An override pins the fleet at ${workers(reason.workers)} (${reason.wanted} without it).`;
    case 'override-floor':
      return `An override keeps at least ${workers(reason.workers)} (${reason.wanted} without it).`;
    case 'override-ceiling':
      return `An override allows at most ${workers(reason.workers)} (${reason.wanted} without it).`;
    case 'floor-limited':
      return `The floor keeps ${workers(reason.allowed)} (${reason.wanted} without it).`;
    case 'ceiling-limited':
      return `The ceiling allows ${workers(reason.allowed)}, not ${reason.wanted}.`;
    case 'step-limited':
      return `One step goes to ${workers(reason.allowed)} at the most on the way to ${reason.wanted}.`;
    case 'budget-limited':
      return `The budget of ${reason.budgetPerHour} an hour pays for ${workers(reason.allowed)}, not ${reason.wanted}.`;
    case 'frozen':
      return reason.kind === 'all'
        ? `A freeze stops every change: ${workers(reason.kept)} stay (${reason.wanted} without it).`
        : `A freeze stops cuts: ${workers(reason.kept)} stay (${reason.wanted} without it).`;
    case 'hold-metrics-missing':
      return `${capital(reason.what)} is unknown (${reason.peer}: ${reason.why})${inTheDark(reason)}.`;
    case 'hold-metrics-stale':
      return `The newest numbers are ${duration(reason.ageSeconds)} old${inTheDark(reason)}.`;
    case 'hold-workers-unknown':
      return `The running workers are unknown (${reason.peer}: ${reason.why}), so nothing changes.`;
    case 'hold-first-contact':
      return `Muster met this fleet ${reason.cyclesSeen} complete cycles ago and cuts nothing before ${reason.cyclesNeeded}; ${workers(reason.kept)} stay.`;
    case 'surge':
      return `${capital(workers(reason.workers))} more stand in for those that a rollout or a drain takes out of service (${reason.wanted} without it).`;
    case 'degraded':
      return `${capital(workers(reason.workers))} ${reason.workers === 1 ? 'runs and does' : 'run and do'} not serve; ${replaced(reason)} (${reason.wanted} without it).`;
    case 'hold-rollout':
      return `No cut to ${reason.wanted} meanwhile (${reason.detail}); ${workers(reason.kept)} stay.`;
    case 'zone-down':
      if (reason.moved === 0) return `Zone ${reason.zone} is down.`;
      return `Zone ${reason.zone} is down: its ${workers(reason.moved)} are placed elsewhere.`;
    case 'rebalanced':
      return `${capital(workers(reason.moved))} move so that the zones are even again.`;
    case 'foreign-change':
      return reason.action === 'adopt'
        ? `Somebody else changed the count from ${reason.expected} to ${reason.found}; it is adopted.`
        : `Somebody else changed the count from ${reason.expected} to ${reason.found}; it is not adopted, and the need decides.`;
    case 'owned-by-other':
      return `Zone ${reason.zone} belongs to another autoscaler (${reason.owner}), so Muster leaves the fleet alone.`;
    case 'rounded-to-allocation':
      return `Allocations hold ${workers(reason.per)}, so ${reason.wanted} becomes ${reason.allowed}.`;
    case 'steady':
      return `${capital(workers(reason.count))} are right as they are.`;
    case 'tried-again':
      return reason.failed
        ? `The last change did not get all the way (${reason.ready} of ${workers(reason.count)} ready); it is tried again.`
        : `Only ${reason.ready} of ${workers(reason.count)} are ready and no more are starting; the last change is carried out again.`;
  }
}

const inTheDark = ({ kept, pinned }: { kept: number; pinned?: true }): string =>
  pinned === true ? ', and the override decides all the same' : `, so nothing is cut: ${workers(kept)}`;

/** Not all are replaced where so many are ill that new ones would be, too. */
function replaced({ workers: ill, replaced: count, surge }: Extract<Reason, { code: 'degraded' }>): string {
  const rest = surge > 0 ? `, and ${surge} for a rollout or a drain` : '';
  return count < ill
    ? `${workers(count)} of the need ${count === 1 ? 'is' : 'are'} replaced, no more: the cause may be a common one${rest}`
    : `${count} more stand${count === 1 ? 's' : ''} in${rest}`;
}

const GUARD_CAUSES: Record<Extract<Reason, { code: 'guard-raise' }>['cause'], string> = {
  demand: 'demand is outgrowing what was planned',
  backlog: 'the backlog threatens the objective',
  age: 'the oldest message is older than the objective',
  latency: 'responses are late without a backlog',
  saturation: 'the workers are saturated',
};

const workers = (count: number): string => `${count} worker${count === 1 ? '' : 's'}`;
const rate = (perSecond: number): string => `${short(perSecond)} requests/s`;
const seconds = (value: number): string => `${short(value)} s`;
const percent = (share: number): string => `${Math.round(share * 100)} %`;
const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
const short = (value: number): string => (value >= 100 ? whole(value) : String(Number(value.toPrecision(3))));
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function duration(value: number): string {
  if (value < 120) return `${Math.round(value)} s`;
  const minutes = Math.round(value / 60);
  return minutes < 120 ? `${minutes} min` : `${Number((value / 3_600).toFixed(1))} h`;
}
