import { z } from 'zod';
import type { JobContext } from '../src/app.js';
import type { FleetConfig } from '../src/config.js';
import { degradedIn } from '../src/core/capacity.js';
import { wantsGuard } from '../src/core/guard.js';
import { watchLatency } from '../src/core/incident.js';
import type { Millis, Seen } from '../src/core/model.js';
import { latencyKey, type Paged, pagedId } from '../src/core/paged.js';
import { cycleStart, isDecided } from '../src/core/policy.js';
import type { FleetState } from '../src/ports.js';
import { latencyAlert } from './alerts.js';
import { fittingNow, runByItself } from './auto-remedy.js';
import { keepBadVersion } from './bad-version.js';
import { countLetters, keepLetters } from './dead-letters.js';
import { expireIntents } from './expire.js';
import { keepHealth, lookAtHealth } from './health.js';
import { defineJob } from './job.js';
import { bySoon, isUnheard, keep, type Look, look, seenOf } from './look.js';
import { rolloutAgain } from './rollout.js';

/** A cycle that is still undecided this long after its start is asked for again: the schedule's own slot got lost. */
const GRACE_SECONDS = 90;

/** Every minute, for one fleet: read the numbers, keep the sample, watch latency, and wake what cannot wait. */
export const observe = defineJob({
  name: 'observe',
  data: z.object({ v: z.literal(1), fleet: z.string() }),
  deadlineMs: 20_000,
  async run({ fleet: name }, context) {
    const fleet = context.fleet(name);
    const asking = lookAtHealth(fleet, context);
    const [looked, letters] = await Promise.all([
      look(
        fleet,
        context,
        asking.then((found) => found?.state ?? null),
      ),
      bySoon(countLetters(fleet, context), context),
    ]);
    const health = await bySoon(asking, context);
    const kept = await keep(fleet, looked.sample, context);
    if (kept === null) return;
    const now = context.clock.now();
    const cycle = cycleStart(now, fleet.policy);
    const seen = seenOf(fleet, looked, kept.state, kept.memory, {
      now,
      cycle,
      trigger: 'guard',
      speed: context.clock.speed,
    });
    measure(fleet, seen, context);
    await watch(fleet, looked, kept.state, now, context);
    if (health !== null) await keepHealth(fleet, health, looked, kept.state, context);
    if (letters !== null) await keepLetters(fleet, letters, looked, kept.state, context);
    await keepBadVersion(fleet, looked, kept.state, context);
    await expireIntents(fleet, kept.state, seen, context);
    await wake(fleet, kept.state, seen, context);
  },
});

async function wake(fleet: FleetConfig, state: FleetState, seen: Seen, context: JobContext): Promise<void> {
  const dedupe = `evaluate-${fleet.name}`;
  const undecided = !isDecided(state.lastCycle, seen.cycle, seen.now);
  if (undecided && seen.now - seen.cycle > GRACE_SECONDS * 1_000) {
    await context.queue.enqueue('evaluate', { v: 1, fleet: fleet.name, trigger: 'cycle' }, { dedupe });
  } else if (isUnheard(state)) {
    await context.queue.enqueue('evaluate', { v: 1, fleet: fleet.name, trigger: 'request' }, { dedupe });
  } else if (!undecided && wantsGuard(seen, fleet.policy)) {
    await context.queue.enqueue('evaluate', { v: 1, fleet: fleet.name, trigger: 'guard' }, { dedupe });
  }
  if (state.holds.some((hold) => hold.kind === 'rollout')) await rolloutAgain(fleet.name, context);
  if (seen.applying) {
    await context.queue.enqueue(
      'converge',
      { v: 1, fleet: fleet.name },
      { dedupe: `converge-${fleet.name}` },
    );
  }
}

/** `evaluate` may have kept this minute's sample first; the alert judges each minute once whoever kept it. */
async function watch(
  fleet: FleetConfig,
  looked: Look,
  state: FleetState,
  now: Millis,
  context: JobContext,
): Promise<void> {
  const before = await context.store.alert(fleet.name);
  const { state: after, event } = watchLatency(before, looked.sample, fleet.policy, context.newId());
  if (after.rev === (before?.rev ?? 0)) return;
  const stored =
    event === null || after.id === null
      ? null
      : await context.store.machine('paged', pagedId(latencyKey(fleet.name, after.id)));
  const paged = (stored?.state as Paged | undefined) ?? null;
  const fits =
    event === null || event === 'resolved'
      ? []
      : await fittingNow(fleet, looked, state, after.since, now, context);
  const words =
    event === null ? null : latencyAlert(fleet, event, after, looked, state, now, context, { paged, fits });
  await context.store.setAlert(fleet.name, after, before?.rev ?? 0, words?.outbox ?? [], words?.pager ?? []);
  if (words !== null) await words.announce();
  if (fits.length > 0) await runByItself(fleet, fits, context);
}

function measure(fleet: FleetConfig, seen: Seen, context: JobContext): void {
  context.meter.fleet(fleet.name, {
    desired: seen.memory.desired ?? 0,
    ready: seen.sample?.ready ?? null,
    notServing: seen.zones === null ? null : degradedIn(seen.zones),
    starting: seen.sample?.starting ?? null,
    demand: seen.sample?.requestsPerSecond ?? null,
  });
}
