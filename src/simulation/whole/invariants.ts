/**
 * What must hold whatever goes wrong. Each invariant watches the events and answers with a sentence when it is broken;
 * it judges by the truth and the configured policy, never by what the bot says of itself.
 * docs/SIMULATION.md lists them; a test holds the list equal.
 */
import { absolute, decisionBeforeAct, newestDecision, once, oneWriter } from './invariants/acts.js';
import { capacityKept } from './invariants/capacity.js';
import { budget, ceiling, floor, guardOnlyRaises, step, zonesEven } from './invariants/counts.js';
import { noTwoCyclesWithout, oneDecisionACycle } from './invariants/cycles.js';
import { noCutInTheDark } from './invariants/dark.js';
import { incidentsEnd } from './invariants/incidents.js';
import {
  adviceOnce,
  adviseTouchesNothing,
  expiredOverride,
  freezeActs,
  freezeDecisions,
} from './invariants/intent.js';
import type { Invariant } from './invariants/invariant.js';
import { failsForAReason, livesOn } from './invariants/life.js';
import { maintenancesEnd, oneLockHolder } from './invariants/machines.js';
import { newestVersionStands, oneMessageAKey, outboxBounded, pagesEnd } from './invariants/messages.js';
import { emptyNodesOnly, nodesAsked } from './invariants/nodes.js';
import { auditChain, auditEntry, replay, seenSize } from './invariants/record.js';
import { countsKept, goldenFirst, rolloutsEnd } from './invariants/rollouts.js';

export const invariants: readonly Invariant[] = [
  ceiling,
  budget,
  floor,
  step,
  noCutInTheDark,
  guardOnlyRaises,
  freezeDecisions,
  freezeActs,
  oneDecisionACycle,
  noTwoCyclesWithout,
  decisionBeforeAct,
  auditEntry,
  auditChain,
  absolute,
  once,
  newestDecision,
  oneWriter,
  zonesEven,
  expiredOverride,
  replay,
  seenSize,
  adviseTouchesNothing,
  adviceOnce,
  nodesAsked,
  emptyNodesOnly,
  oneMessageAKey,
  newestVersionStands,
  pagesEnd,
  outboxBounded,
  failsForAReason,
  livesOn,
  oneLockHolder,
  goldenFirst,
  capacityKept,
  countsKept,
  rolloutsEnd,
  maintenancesEnd,
  incidentsEnd,
];
