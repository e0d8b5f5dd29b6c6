import type { FleetConfig } from '../src/config.js';
import { isOpen } from '../src/core/access.js';
import { staleMs } from '../src/core/policy.js';
import { type Check, doctorMessage } from '../src/core/views/doctor.js';
import { healthWords } from '../src/core/views/health.js';
import { storedHealth } from '../src/symptoms.js';
import { type CommandContext, defineVerb } from './command.js';
import { patiently } from './peers.js';

export const doctor = defineVerb<null>({
  name: 'doctor',
  usage: '',
  summary:
    'Checks what Muster needs: Slack, Redis, PagerDuty, the orchestrator’s rights, fresh numbers; each with its fix.',
  examples: ['doctor'],
  changes: false,
  role: 'operator',
  parse: () => null,
  async run(_args, context) {
    const [outside, inside] = await Promise.all([context.checks?.run() ?? [], insideChecks(context)]);
    return { visibility: 'caller', message: doctorMessage([...outside, ...inside], context.command) };
  },
});

/** What can be told from what is stored. */
async function insideChecks(context: CommandContext): Promise<Check[]> {
  const fleets = await Promise.all(context.fleets.map(({ name }) => freshness(name, context)));
  const health = await Promise.all(
    context.fleets.filter(({ health: source }) => source != null).map((fleet) => answering(fleet, context)),
  );
  return [...fleets, ...health, await auditWhole(context), roles(context)];
}

/** Do workers answer when they are asked how they are? Without their answers they count as running. */
async function answering(fleet: FleetConfig, context: CommandContext): Promise<Check> {
  const what = `Health of the workers of ${fleet.name}`;
  const stored = await patiently(storedHealth(fleet, context.now, context.reader));
  if (!stored.ok) return { what, ok: false, detail: stored.error.message, fix: 'See Redis above.' };
  const health = stored.value;
  const fix = `Look at ${whereToLook(fleet)}.`;
  if (health === null) {
    const detail = 'nobody could be asked lately, so all count as running';
    return { what, ok: false, optional: true, detail, fix };
  }
  const { asked, answered } = health;
  const detail = healthWords(health);
  if (answered > 0 || asked === 0) return { what, ok: true, detail };
  return {
    what,
    ok: false,
    optional: true,
    detail: `none of ${asked} answered, so all count as running`,
    fix,
  };
}

function whereToLook({ name, health }: FleetConfig): string {
  return health?.kind === 'file'
    ? `health.file of ${name} in muster.yml, whether the workers write that file and their clocks are right, and the right to read files above`
    : `health.url and health.port of ${name} in muster.yml, at the port's label in the job, and whether this bot reaches the nodes`;
}

async function freshness(name: string, context: CommandContext): Promise<Check> {
  const what = `Numbers of ${name}`;
  const state = await patiently(context.reader.fleet(name));
  if (!state.ok) return { what, ok: false, detail: state.error.message, fix: 'See Redis above.' };
  const sample = state.value.memory?.recent.at(-1) ?? null;
  const fix = 'Look at the demand and latency sources of this fleet in muster.yml, and whether the bot runs.';
  if (sample === null) return { what, ok: false, detail: 'there is none yet', fix };
  const fleet = context.fleets.find((each) => each.name === name)!;
  const age = Math.round((context.now - sample.at) / 1_000);
  if (age * 1_000 > staleMs(fleet.policy, context.clock.speed) + 60_000)
    return { what, ok: false, detail: `the newest is ${age} s old`, fix };
  const blind = [
    ...(sample.requestsPerSecond === null ? ['demand'] : []),
    ...(sample.ready === null ? ['workers'] : []),
    ...(fleet.latency !== null && sample.p95Seconds === null ? ['latency'] : []),
  ];
  if (blind.length === 0) return { what, ok: true, detail: 'fresh' };
  return {
    what,
    ok: false,
    detail: `${blind.join(' and ')} unknown`,
    fix,
    optional: !blind.includes('demand'),
  };
}

async function auditWhole(context: CommandContext): Promise<Check> {
  const what = 'Audit chain';
  const checked = await patiently(context.reader.verifyAudit());
  if (!checked.ok) return { what, ok: false, detail: checked.error.message, fix: 'See Redis above.' };
  const { ok, entries, brokenAt } = checked.value;
  if (ok) return { what, ok, detail: `whole, ${entries} entries` };
  return {
    what,
    ok,
    detail: `broken at entry ${brokenAt ?? 'unknown'}`,
    fix: 'Somebody changed the store by hand: keep a copy of Redis, then find out who.',
  };
}

function roles({ access }: CommandContext): Check {
  const what = 'Roles';
  if (!isOpen(access) || access.everyone !== undefined)
    return { what, ok: true, detail: 'named in muster.yml' };
  return {
    what,
    ok: false,
    optional: true,
    detail: 'nobody is named, so every full member may change things',
    fix: 'Name people or user groups under access in muster.yml.',
  };
}
