/**
 * What happens on a full day besides: images that people roll out, good and bad, and what they say of it meanwhile;
 * notices of the cloud, several at once, taken back, or of a VM that never returns; remedies; incidents that people take,
 * end, and press buttons on. Drawn from the seed; whom it hits is seen when it happens.
 */
import type { FleetConfig } from '../../../config.js';
import type { Millis, Person } from '../../../core/model.js';
import type { SimVm } from '../../cluster/state.js';
import { createRandom, type Random, seedFor } from '../../random.js';
import { PEOPLE, type Typed } from '../people.js';
import type { Happening } from '../plan.js';
import type { World } from '../world.js';
import { BUTTONS, ON_CALL, type PagerDuty } from './pagerduty.js';

const MINUTE = 60_000;

interface Span {
  seed: number;
  fleets: FleetConfig[];
  from: Millis;
  until: Millis;
}

/** What people type of rollouts, maintenances, remedies and pages. */
export function operatorsOf({ seed, fleets, from, until }: Span): Typed[] {
  const random = createRandom(seedFor(seed, 'operators'));
  const typed: Typed[] = [];
  const type = (at: Millis, text: Typed['text'], by: Person = random.pick(PEOPLE)): void => {
    if (at < until) typed.push({ at: Math.floor(at), by, text });
  };
  const hours = (until - from) / (60 * MINUTE);
  for (const { name } of fleets) {
    let at = from + (10 + random.int(80)) * MINUTE;
    for (let n = 0; at < until; n += 1) {
      const image = `registry.example/${name}:${random.pick(TAGS)}-${n}`;
      const batch = random.chance(0.3) ? ' --batch 2' : '';
      type(at, `deploy ${name} ${image} --soak ${1 + random.int(8)}m${batch}`);
      for (const { after, text } of meddlingWith(random, name)) type(at + after * MINUTE, text);
      at += (90 + random.int(180)) * MINUTE;
    }
    for (let n = Math.round((hours / 3) * random.next()); n > 0; n -= 1)
      type(from + random.next() * (until - from), remedyOf(random, name));
    for (let n = Math.round((hours / 4) * random.next()); n > 0; n -= 1)
      type(from + random.next() * (until - from), nodeWord(random));
    if (random.chance(0.3)) {
      const when = from + random.next() * (until - from);
      type(when, `page ${name} answers look wrong`);
      type(when + random.int(40) * MINUTE, `page ${name} ${random.pick(['ack', 'resolve', 'ack page'])}`);
    }
  }
  return typed;
}

const TAGS = ['2', '2', '2', '2', '2', '2', 'bad', 'bad', 'crash', 'missing'];

/** What people say while it is rolled out, in minutes after its beginning. */
function meddlingWith(random: Random, fleet: string): { after: number; text: string }[] {
  const after = random.int(60);
  switch (random.int(9)) {
    case 0:
      return [
        { after, text: `deploy pause ${fleet}` },
        { after: after + 1 + random.int(30), text: `deploy resume ${fleet}` },
      ];
    case 1:
      return [{ after, text: `deploy abort ${fleet}` }];
    case 2:
      return [{ after: after + 20, text: `deploy rollback ${fleet}` }];
    case 3:
      return [{ after, text: `freeze ${fleet} for ${5 + random.int(30)}m because we look` }];
    case 4:
      return [
        { after, text: `deploy status ${fleet}` },
        { after: after + 10, text: `deploy ${fleet} registry.example/${fleet}:3-other` },
        { after: after + 20, text: `deploy resume ${fleet}` },
      ];
    default:
      return [];
  }
}

function remedyOf(random: Random, fleet: string): Typed['text'] {
  const dice = random.next();
  const verb = random.pick(['raise-floor', 'freeze-down', 'unwedge', 'roll-back', 'worker', 'node', 'node']);
  if (verb === 'worker')
    return ({ cluster }) => {
      const live = cluster.state.allocations.filter(
        (one) => one.desired === 'run' && cluster.job(one.job)?.fleet === fleet,
      );
      return `remedy ${fleet} recycle-worker ${one(live, dice)?.id.slice(0, 8) ?? ''}`;
    };
  if (verb === 'node')
    return ({ cluster }) => {
      const vms = cluster.state.vms.filter((vm) => cluster.group(vm.group)?.fleet === fleet);
      return `remedy ${fleet} recycle-node ${one(vms, dice)?.name ?? ''}`;
    };
  return `remedy ${fleet} ${verb}`;
}

function nodeWord(random: Random): Typed['text'] {
  const dice = random.next();
  const word = random.pick(['list', 'fix', 'fix', 'ignore']);
  if (word === 'list') return 'migrate list';
  return ({ cluster }) => {
    const ready = cluster.state.vms.filter((vm) => vm.state === 'ready');
    const noticed = ready.filter((vm) => vm.maintenance !== undefined);
    const vm = one(noticed.length > 0 ? noticed : ready, dice);
    return `migrate ${word} ${vm?.name ?? 'nobody'}`;
  };
}

const one = <T>(all: T[], dice: number): T | undefined => all[Math.floor(dice * all.length)];

/** What happens to nodes, and what people on call do in PagerDuty. */
export function eventsOf({ seed, fleets, from, until }: Span, pagerduty: PagerDuty): Happening[] {
  const random = createRandom(seedFor(seed, 'events'));
  const happenings: Happening[] = [];
  const at = (): Millis => Math.floor(from + random.next() * (until - from));
  const hours = (until - from) / (60 * MINUTE);
  for (let n = 1 + random.int(Math.max(1, Math.round(hours / 2))); n > 0; n -= 1) {
    const fleet = random.pick(fleets);
    const when = at();
    const many = random.pick([1, 1, 1, 2, 3]);
    for (let more = 0; more < many; more += 1) happenings.push(...notice(random, fleet, when));
  }
  for (let n = Math.round(hours * random.next()); n > 0; n -= 1) {
    const dice = random.next();
    const who = random.pick(ON_CALL);
    const act = random.pick(['ack', 'resolve', ...BUTTONS, ...BUTTONS] as const);
    happenings.push({
      at: at(),
      what: `${who} looks at PagerDuty (${act})`,
      ends: false,
      async does() {
        const incident = one(pagerduty.open(), dice);
        if (incident === undefined) return;
        if (act === 'ack') await pagerduty.move(incident.id, 'acknowledged', who);
        else if (act === 'resolve') await pagerduty.move(incident.id, 'resolved', who);
        else await pagerduty.press(incident.id, act, who);
      },
    });
  }
  return happenings;
}

function notice(random: Random, fleet: FleetConfig, at: Millis): Happening[] {
  const dice = random.next();
  const inMinutes = random.pick([10, 30, 60, 60, 60, 150]);
  const never = fleet.nodeGroups.kind !== 'fixed' && random.chance(0.2);
  const downSeconds = never ? null : 60 * (1 + random.int(25));
  const chosen = ({ cluster }: World): SimVm | undefined =>
    one(
      cluster.state.vms.filter(
        (vm) =>
          vm.state === 'ready' &&
          vm.maintenance === undefined &&
          cluster.group(vm.group)?.fleet === fleet.name,
      ),
      dice,
    );
  let victim: string | undefined;
  const begins: Happening = {
    at,
    what: `the cloud will stop a VM of ${fleet.name} in ${inMinutes} minutes, for ${downSeconds ?? 'ever'}`,
    ends: false,
    does(world) {
      victim = chosen(world)?.id;
      if (victim !== undefined) world.cluster.maintain(victim, { inSeconds: inMinutes * 60, downSeconds });
    },
  };
  if (!random.chance(0.25)) return [begins];
  return [
    begins,
    {
      at: at + random.int(inMinutes) * MINUTE,
      what: 'the cloud takes its notice back',
      ends: false,
      does(world) {
        if (victim !== undefined) world.cluster.maintain(victim, null);
      },
    },
  ];
}
