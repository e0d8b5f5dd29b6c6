/**
 * Who is on call, over GET /oncalls: it knows legacy and shift-based schedules alike, and people without any schedule.
 * Kept for a minute: roles are looked at with every command.
 */
import { z } from 'zod';
import type { Contact } from '../../core/access.js';
import type { Millis } from '../../core/model.js';
import { type Duty, onDuty } from '../../core/rota.js';
import type { OnCall, Rota } from '../../ports.js';
import { personSchema } from './incidents.js';
import type { RestApi } from './rest-api.js';

const KEPT_MS = 60_000;
const MOST_KEPT = 200;

const time = z
  .string()
  .nullish()
  .transform((text): Millis | null => {
    const at = Date.parse(text ?? '');
    return Number.isNaN(at) ? null : at;
  });

const dutySchema = z
  .object({
    user: personSchema,
    escalation_level: z.number().int().min(1),
    start: time,
    end: time,
  })
  .transform(
    ({ user, escalation_level: level, start, end }): Duty => ({
      person: user,
      level,
      from: start,
      until: end,
    }),
  );

export function createRota(
  rest: RestApi,
  options: {
    /** Fleet -> escalation policy, as they are now. */
    policies(): ReadonlyMap<string, string>;
    now(): Millis;
    machineNow?: () => number;
  },
): Rota & OnCall {
  const { policies, now, machineNow = Date.now } = options;
  const kept = new Map<string, { at: number; duties: Promise<Duty[]> }>();

  function ask(ids: string[], from: Millis, to: Millis): Promise<Duty[]> {
    // In whole minutes, so that one asked again within the minute is the same question.
    const [since, until] = [from, to].map((at) => new Date(Math.floor(at / 60_000) * 60_000).toISOString());
    const query: [string, string][] = [
      ...ids.map((id): [string, string] => ['escalation_policy_ids[]', id]),
      ['include[]', 'users'],
      ['since', since ?? ''],
      ['until', until ?? ''],
    ];
    const key = JSON.stringify(query);
    const known = kept.get(key);
    if (known !== undefined && machineNow() - known.at < KEPT_MS) return known.duties;
    if (kept.size >= MOST_KEPT) kept.clear();
    const duties = rest.all('/oncalls', query, 'oncalls', dutySchema);
    kept.set(key, { at: machineNow(), duties });
    duties.catch(() => kept.delete(key));
    return duties;
  }

  return {
    async duties(fleet, from, to) {
      const policy = policies().get(fleet);
      return policy === undefined ? null : ask([policy], from, to);
    },
    async now(fleet) {
      const known = policies();
      const wanted = fleet === null ? [...known.values()] : [known.get(fleet)];
      const ids = [...new Set(wanted.filter((id) => id !== undefined))].sort();
      if (ids.length === 0) return [];
      const at = now();
      const duties = onDuty(await ask(ids, at, at + 60_000), at);
      return contacts(duties);
    },
  };
}

function contacts(duties: Duty[]): Contact[] {
  const byId = new Map(duties.map(({ person }) => [person.id, { name: person.name, email: person.email }]));
  return [...byId.values()];
}
