/**
 * From the answers of a fleet's workers to who is well. Pure: answers, what was known before and the time in, what is
 * known now out. Unknown is not ill: a worker that says nothing counts as running.
 *
 *   takes work, no success for longer than the limit ──> waits ──(still so, the limit later)──> stuck   others finish
 *                                                          │                                 └> stalled  hardly anybody does
 *                                                          └──(any success, or empty hands)──> well
 */
import type { Millis } from '../model.js';
import {
  type AskedWorker,
  type FleetHealth,
  type Ill,
  type Illness,
  REMEMBERED_MS,
  type SlotHealth,
  servesNothing,
} from './state.js';

/** More are counted, and not remembered one by one. */
const MOST_ILL = 48;
/** A slot that does not answer for so long is worth a word. */
const SILENT_MS = 600_000;
/** A worker whose clock is further ahead tells no time. */
const AHEAD_MS = 60_000;

/** `limitMs`: how long a worker may hold work without finishing any. */
export function judgeHealth(
  workers: AskedWorker[],
  before: FleetHealth | null,
  now: Millis,
  limitMs: Millis,
): FleetHealth {
  const slots = workers.flatMap((worker) =>
    Array.from({ length: worker.workers }, (_, slot) => ({
      worker,
      slot,
      said: worker.slots?.[slot] ?? null,
    })),
  );
  const answered = slots.filter(({ said }) => said !== null).length;
  const known = new Map((before?.ill ?? []).map((ill) => [keyOf(ill.worker, ill.slot), ill]));
  const ill = slots.flatMap(({ worker, slot, said }): Ill[] => {
    const was = known.get(keyOf(worker.id, slot)) ?? null;
    const found =
      said === null ? unheard(was, now, answered * 2 >= slots.length) : illnessOf(said, now, limitMs);
    if (found === null) return [];
    const { id, zone, nodeId } = worker;
    const lastSuccessAt = said === null ? (was?.lastSuccessAt ?? null) : said.lastSuccessAt;
    const same = was !== null && isSame(was, found, lastSuccessAt);
    const since = same ? was.since : now;
    const patience = found === 'silent' ? Math.max(SILENT_MS, limitMs) : limitMs;
    return [
      {
        ...{ worker: id, zone, nodeId, slot, illness: found, since, lastSuccessAt },
        heardAt: said === null ? (was?.heardAt ?? null) : now,
        confirmed: now - since >= patience,
      },
    ];
  });
  const { judged, stalled } = findStuck(ill, slots, before?.stalled ?? null, now, limitMs);
  return {
    v: 1,
    at: now,
    asked: slots.length,
    answered,
    ill: judged.sort(worstFirst).slice(0, MOST_ILL),
    degraded: byZone(judged.filter(servesNothing)),
    stalled,
  };
}

function illnessOf(said: SlotHealth, now: Millis, limitMs: Millis): Illness | null {
  if (!said.deviceHealthy) return 'device';
  if (!said.modelLoaded) return 'no-model';
  if (said.inFlight === 0) return null;
  const last = said.lastSuccessAt;
  return last === null || now - last > limitMs || last > now + AHEAD_MS ? 'waits' : null;
}

/** Without an answer what was known stands for a while; silence itself counts only where others speak. */
function unheard(was: Ill | null, now: Millis, othersSpeak: boolean): Illness | null {
  if (was !== null && was.illness !== 'silent' && was.heardAt !== null && now - was.heardAt <= REMEMBERED_MS)
    return was.illness;
  return othersSpeak ? 'silent' : null;
}

/** Work that is held without any success since is one and the same illness, whatever it is called by now. */
function isSame(was: Ill, found: Illness, lastSuccessAt: Millis | null): boolean {
  const isWork = (illness: Illness): boolean => illness === 'waits' || illness === 'stuck';
  if (isWork(found)) return isWork(was.illness) && was.lastSuccessAt === lastSuccessAt;
  return was.illness === found;
}

/** Those that wait for long are stuck when at least as many others finish something; else the cause is a common one. */
function findStuck(
  ill: Ill[],
  slots: { worker: AskedWorker; slot: number; said: SlotHealth | null }[],
  before: FleetHealth['stalled'],
  now: Millis,
  limitMs: Millis,
): { judged: Ill[]; stalled: FleetHealth['stalled'] } {
  const isWork = ({ illness }: Ill): boolean => illness === 'waits' || illness === 'stuck';
  const lasting = ill.filter((one) => isWork(one) && one.confirmed);
  const called = (illness: 'waits' | 'stuck'): Ill[] =>
    ill.map((one) => (isWork(one) ? { ...one, illness: one.confirmed ? illness : 'waits' } : one));
  if (lasting.length === 0) return { judged: called('waits'), stalled: null };
  const since = Math.min(...lasting.map((one) => one.since));
  const from = Math.min(since, now - limitMs);
  const waiting = new Set(ill.filter(isWork).map((one) => keyOf(one.worker, one.slot)));
  const finishing = slots.filter(({ worker, slot, said }) => {
    const last = said?.lastSuccessAt ?? null;
    return last !== null && last >= from && last <= now + AHEAD_MS && !waiting.has(keyOf(worker.id, slot));
  }).length;
  if (finishing >= lasting.length) return { judged: called('stuck'), stalled: null };
  return {
    judged: called('waits'),
    stalled: { since: before?.since ?? since, busy: lasting.length, finishing },
  };
}

/** Who is only silent comes last: silence is the least that can be known. */
const worstFirst = (a: Ill, b: Ill): number =>
  Number(a.illness === 'silent') - Number(b.illness === 'silent') || a.since - b.since;

function byZone(ill: Ill[]): FleetHealth['degraded'] {
  const counts = new Map<string, number>();
  for (const { zone } of ill) counts.set(zone, (counts.get(zone) ?? 0) + 1);
  return [...counts].map(([zone, workers]) => ({ zone, workers }));
}

const keyOf = (worker: string, slot: number): string => `${worker}/${slot}`;
