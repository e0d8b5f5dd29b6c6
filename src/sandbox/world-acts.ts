/** What can be asked of a running world: its state, a person's act, a fault, a place for one more bot. */
import type { Config } from '../config.js';
import { OperatorError } from '../errors.js';
import type { BotRegistry } from './bots.js';
import type { Calls } from './calls.js';
import {
  type Answered,
  ControlError,
  type ControlledWorld,
  type PagerdutyAct,
  type WorldState,
} from './control.js';
import type { DecisionsView } from './decisions-view.js';
import { type Faults, LONGEST_FAULT_SECONDS } from './faults.js';
import { deployBeside } from './foreign-deploy.js';
import type { Peers } from './peers.js';
import type { SandboxClock } from './sandbox-clock.js';
import type { SimulatedWorld } from './simulated-world.js';
import type { Reply } from './slack/control.js';
import { people } from './slack/directory.js';
import type { CloudWatcher } from './watcher.js';
import { befall } from './worker-acts.js';

export interface WorldActsParts {
  /** Names this run of the world: a bot that knows another one holds addresses that are gone. */
  id: string;
  clock: SandboxClock;
  simulation: SimulatedWorld;
  peers: Peers;
  faults: Faults;
  calls: Calls;
  registry: BotRegistry;
  decisions: DecisionsView;
  watcher: CloudWatcher;
  currency: string;
  config(): Config;
  /** What people should know, sentences. */
  notes(): string[];
  /** Called after a fault began or ended. */
  onFault(): Promise<void>;
}

/** What the page reads once a second: the state without the long lists that it gets by other ways. */
export type Truth = Omit<WorldState, 'channels' | 'calls'>;

export interface WorldActs extends ControlledWorld {
  truth(): Promise<Truth>;
}

export function createWorldActs(parts: WorldActsParts): WorldActs {
  const { clock, simulation, peers, faults, registry } = parts;

  const truth = async (): Promise<Truth> => ({
    clock: clock.now(),
    speed: clock.speed,
    fleets: simulation.truth(),
    decisions: (await parts.decisions.newest()).map(
      ({ id, fleet, cycle, at, kind, trigger, from, to, reasons }) => ({
        ...{ id, fleet, cycle, at, kind, trigger, from, to, reasons },
      }),
    ),
    pagerduty: { incidents: peers.pagerduty.incidents(), changes: peers.pagerduty.changes() },
    costs: { currency: parts.currency, ...simulation.costs() },
    bots: registry.list(),
    faults: faults.all(),
    notes: parts.notes(),
  });

  return {
    truth,
    state: async () => {
      const { clock: now, speed, ...rest } = await truth();
      return { clock: now, speed, channels: peers.slack.channels(), ...rest, calls: parts.calls.all() };
    },
    command: (said) => answered(peers.slack.command(said)),
    click: (click) => answered(peers.slack.click(click)),
    submit: (form) => answered(peers.slack.submit(form)),
    pagerduty: (act) => onIncident(peers.pagerduty, act),
    fault: async (target, kind, seconds) => {
      checkFault(seconds);
      const fault = faults.start(target, kind, seconds);
      await parts.onFault();
      return fault;
    },
    endFault: async (id) => {
      const found = faults.end(id);
      await parts.onFault();
      return found;
    },
    maintenance: parts.watcher.announce,
    withdrawMaintenance: parts.watcher.withdraw,
    zone: (zone, up) => {
      const known = simulation.cluster.state.groups.some((group) => group.zone === zone);
      if (known) simulation.cluster.setZone(zone, up);
      return known;
    },
    worker: (fleet, what) => befall(simulation.cluster, fleet, what),
    deploy: (fleet, what) => deployBeside(simulation.cluster, fleet, what),
    deadLetter: (fleet, count) => {
      const isKnown = Object.hasOwn(simulation.truth(), fleet);
      if (isKnown) peers.rabbitmq.deadLetter(fleet, count);
      return isKnown;
    },
    replicaConfig: parts.config,
    registerBot: (bot) => {
      registry.register(bot);
      return { world: parts.id, clock: clock.anchor() };
    },
  };
}

/** The user is one of PagerDuty's (id or address) or one of Slack's, who has the same address there. */
async function onIncident(
  pagerduty: Peers['pagerduty'],
  { incidentId, act, user: name }: { incidentId: string; act: PagerdutyAct; user: string },
): Promise<{ status: number | null }> {
  const slackName = people.find((one) => one.id === name)?.name ?? null;
  const user = pagerduty.user(slackName === null ? name : `${slackName}@sandbox.example`);
  if (user === null) throw new ControlError(404, 'not-found', `PagerDuty has no user ${name}.`);
  if (act === 'acknowledge' || act === 'resolve') {
    const to = act === 'acknowledge' ? 'acknowledged' : 'resolved';
    const moved = pagerduty.move(incidentId, to, user);
    if (moved === 'no-incident')
      throw new ControlError(404, 'not-found', `There is no incident ${incidentId}.`);
    if (moved === 'over') throw new ControlError(400, 'conflict', 'The incident is resolved already.');
    return { status: null };
  }
  const status = await pagerduty.press(incidentId, act, user.id);
  if (status === 'no-incident')
    throw new ControlError(404, 'not-found', `There is no incident ${incidentId}.`);
  if (status === null) throw new ControlError(503, 'no-bot', 'No bot is running to take it.');
  return { status };
}

function checkFault(seconds: number): void {
  if (seconds <= LONGEST_FAULT_SECONDS) return;
  throw new ControlError(400, 'bad-input', `seconds: at most ${LONGEST_FAULT_SECONDS}, one simulated week.`);
}

async function answered(reply: Reply): Promise<Answered> {
  let outcome: Awaited<Reply>;
  try {
    outcome = await reply;
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    throw new ControlError(400, error.code, error.message);
  }
  if (outcome === null) {
    throw new ControlError(503, 'no-bot', 'No bot is running to take it; one starts within a few seconds.');
  }
  return outcome;
}
