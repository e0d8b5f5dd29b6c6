/** What is true, whatever the bot believes: the invariants judge by this and never ask the bot. */
import type { FleetConfig } from '../../config.js';
import type { DecisionRecord, Freeze, Millis, Override } from '../../core/model.js';
import type { Policy } from '../../core/policy.js';
import type { WholeEvent } from './event.js';
import type { World } from './world.js';

/** An intent with its place in the order of events, and when it was ended before its time. */
export interface Known<T> {
  value: T;
  since: number;
  ended: number | null;
}

export interface Truth {
  readonly world: World;
  readonly start: Millis;
  now(): Millis;
  policy(fleet: string): Policy;
  fleets(): string[];
  /** Events so far: the order of things that happen in the same millisecond. */
  order(): number;
  overrides(fleet: string): Known<Override>[];
  /** Of the fleet and of all. */
  freezes(fleet: string): Known<Freeze>[];
  decision(id: string): Known<DecisionRecord> | null;
  /** The newest decision, holds too. */
  latest(fleet: string): DecisionRecord | null;
  /** The newest decision that is to be carried out. */
  latestChange(fleet: string): Known<DecisionRecord> | null;
  /** Until when the store was last unusable; the start when it never was. */
  storeHealthySince(): Millis;
  tell(event: WholeEvent): void;
}

export function createTruth(start: Millis, fleets: FleetConfig[], world: World): Truth {
  const policies = new Map(fleets.map(({ name, policy }) => [name, policy]));
  const overrides = new Map<string, Known<Override>[]>();
  const freezes: Known<Freeze>[] = [];
  const decisions = new Map<string, Known<DecisionRecord>>();
  const changes = new Map<string, Known<DecisionRecord>>();
  const latest = new Map<string, DecisionRecord>();
  let order = 0;
  let healthySince = start;

  const known = <T>(value: T): Known<T> => ({ value, since: order, ended: null });
  return {
    world,
    start,
    now: () => world.now(),
    policy: (fleet) => policies.get(fleet)!,
    fleets: () => [...policies.keys()],
    order: () => order,
    overrides: (fleet) => overrides.get(fleet) ?? [],
    freezes: (fleet) => freezes.filter(({ value }) => value.fleet === fleet || value.fleet === '*'),
    decision: (id) => decisions.get(id) ?? null,
    latest: (fleet) => latest.get(fleet) ?? null,
    latestChange: (fleet) => changes.get(fleet) ?? null,
    storeHealthySince: () => healthySince,
    tell(event) {
      order += 1;
      switch (event.kind) {
        case 'override': {
          const { fleet } = event.override;
          const before = overrides.get(fleet) ?? [];
          for (const one of before) one.ended ??= order;
          overrides.set(fleet, [...before, known(event.override)]);
          return;
        }
        case 'override-ended':
          for (const one of overrides.get(event.fleet) ?? [])
            if (one.value.id === event.id) one.ended ??= order;
          return;
        case 'freeze':
          freezes.push(known(event.freeze));
          return;
        case 'freeze-ended':
          for (const one of freezes) if (one.value.id === event.id) one.ended ??= order;
          return;
        case 'decision': {
          const kept = known(event.record);
          decisions.set(event.record.id, kept);
          latest.set(event.record.fleet, event.record);
          if (event.record.status === 'planned') changes.set(event.record.fleet, kept);
          return;
        }
        case 'store-down':
          healthySince = world.now();
          return;
      }
    },
  };
}

/** Those that were in force at this moment, as far as `order` knows. */
export const openAt = <T extends { at: Millis; until: Millis }>(
  all: Known<T>[],
  at: Millis,
  order: number,
): T[] =>
  all
    .filter(
      ({ value, since, ended }) => since <= order && value.until > at && (ended === null || ended > order),
    )
    .map(({ value }) => value);
