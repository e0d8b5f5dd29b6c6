/** People at their keyboards, drawn from the seed: overrides, freezes, questions and slips, at any hour. */
import type { FleetConfig } from '../../config.js';
import type { Millis, Person } from '../../core/model.js';
import { createRandom, type Random, seedFor } from '../random.js';
import type { World } from './world.js';

export interface Typed {
  at: Millis;
  by: Person;
  /** Words about the world as it is when they are typed: a node's name, say. */
  text: string | ((world: World) => string);
}

export const PEOPLE: Person[] = [
  { id: 'slack:U1', name: 'Asha', timeZone: 'Asia/Kolkata' },
  { id: 'slack:U2', name: 'Jonas', timeZone: 'Europe/Berlin' },
  { id: 'shell:root', name: 'root' },
];

export function peopleOf(seed: number, fleets: FleetConfig[], from: Millis, until: Millis): Typed[] {
  const random = createRandom(seedFor(seed, 'people'));
  const days = Math.max(1, Math.round((until - from) / 86_400_000));
  const many = days * random.pick([2, 8, 20]);
  const typed = Array.from({ length: many }, () => ({
    at: Math.floor(from + random.next() * (until - from)),
    by: random.pick(PEOPLE),
    text: something(random, fleets),
  }));
  return typed.sort((a, b) => a.at - b.at);
}

/** What people type when the faults are over, so that nobody's word keeps a fleet from its desired state. */
export const tidyingUp = (fleets: FleetConfig[], at: Millis): (Typed & { text: string })[] =>
  ['unfreeze', ...fleets.flatMap(({ name }) => [`unfreeze ${name}`, `override cancel ${name}`])].map(
    (text) => ({
      at,
      by: PEOPLE[0]!,
      text,
    }),
  );

function something(random: Random, fleets: FleetConfig[]): string {
  const fleet = random.pick(fleets);
  const { name, policy } = fleet;
  const count = (): number =>
    random.chance(0.1) ? policy.ceiling + 1 + random.int(500) : random.int(policy.ceiling + 1);
  const length = (): string => random.pick(['10m', '30m', '1h', '2h', '4h']);
  const replace = (): string => (random.chance(0.4) ? ' --replace' : '');
  const verbs: (() => string)[] = [
    () => `override ${name} ${count()} for ${length()} because load test${replace()}`,
    () => `override ${name} floor ${count()} for ${length()} because campaign${replace()}`,
    () => `override ${name} ceiling ${count()} for ${length()} because database${replace()}`,
    () => `override cancel ${name}`,
    () => `freeze ${random.chance(0.5) ? name : ''} for ${random.pick(['10m', '30m', '1h'])} because we look`,
    () => `freeze ${name} down for ${length()} because demo`,
    () => `unfreeze ${random.chance(0.5) ? name : ''}`,
    () => `run ${random.chance(0.5) ? name : ''}`,
    () => `run ${name} --dry-run`,
    () => `status ${name}`,
    () => 'status',
    () => `why ${name}`,
    () => `history ${name}`,
    () => 'help',
    () => random.pick(NONSENSE),
  ];
  return random.pick(verbs)();
}

const NONSENSE = [
  'overide face 3',
  'override nobody 3 for 1h because x',
  'override face -5 for 1h because x',
  'override face 99999999999999999999 for 1h because x',
  'override face 5',
  'override face 5 for 1h',
  'override face 5 until yesterday because x',
  'freeze for 9999d because x',
  '💥 drop table',
  '',
  'run nowhere',
];
