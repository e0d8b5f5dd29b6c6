import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Memory } from '../../core/memory.js';
import {
  type DecisionRecord,
  type DecisionStatus,
  type DecisionSummary,
  type DesiredState,
  type Freeze,
  type Override,
  summarize,
} from '../../core/model.js';
import { CLOCK_TOLERANCE_MS } from '../../core/policy.js';
import { RETENTION } from '../../core/retention.js';
import type { Committed, Hold, Store } from '../../ports.js';
import { type AuditParts, auditArgument } from './audit.js';
import { defineScript, type Link } from './connection.js';
import { type LineLog, newestLines, packLines } from './log.js';
import { commitLua, decisionLua, fleetLua, progressLua } from './lua/decisions.js';
import { forgetStatusLua, statusesLua } from './lua/log.js';
import { outboxArguments } from './outbox.js';
import { parseStored } from './schema.js';

/**
 * Summaries of 90 days. A pack is a day of 20-minute cycles; the tail keeps more lines than there are full records, so
 * that a status may still change while a record lives.
 */
const summariesOf = (fleet: string): LineLog => ({
  name: `fleet:${fleet}:summaries`,
  pack: 72,
  longest: RETENTION.records + 80,
});

const fleetState = defineScript('fleet', fleetLua);
const commit = defineScript('commit-decision', commitLua);
const progress = defineScript('progress', progressLua);
const decision = defineScript('decision', decisionLua);
const statuses = defineScript('statuses', statusesLua);
const forgetStatus = defineScript('forget-status', forgetStatusLua);

type Decisions = Pick<Store, 'fleet' | 'decision' | 'decisions' | 'commitDecision' | 'progress'>;

export function createDecisions(link: Link, audit: AuditParts): Decisions {
  return {
    async fleet(fleet) {
      const tried = `read the state of ${fleet}`;
      const reply = (await link.run(fleetState, tried, fleet)) as FleetReply;
      const [[memory, desired, override, lastCycle], own, global, summary, status, version, holds] = reply;
      return {
        memory: parseStored<Memory>(memory, tried),
        desired: parseStored<DesiredState>(desired, tried),
        override: parseStored<Override>(override, tried),
        freezes: [...own, ...global].flatMap((json) => parseStored<Freeze>(json, tried) ?? []),
        latest: summary === null ? null : withStatus(summary, status),
        lastCycle: lastCycle === null ? null : Number(lastCycle),
        version: Number(version),
        holds: holds.map((json) => JSON.parse(json) as Hold),
      };
    },
    async decision(fleet, id) {
      const tried = `read decision ${id}`;
      const [packed, status] = (await link.runRaw(decision, tried, fleet, id)) as (Buffer | null)[];
      if (!packed) return null;
      const record = parseStored<DecisionRecord>(inflateRawSync(packed).toString('utf8'), tried);
      return record && status ? { ...record, status: String(status) as DecisionStatus } : record;
    },
    async decisions(fleet, limit) {
      if (limit < 1) return [];
      const tried = `read decisions of ${fleet}`;
      const lines = await newestLines(link, summariesOf(fleet), limit, tried);
      const changed = await readStatuses(link, fleet, tried);
      return lines.map((line) => summaryOf(line, changed)).reverse();
    },
    async commitDecision(given) {
      const { record, memory, desired } = given;
      const change = {
        fleet: record.fleet,
        id: record.id,
        cycle: record.trigger === 'cycle' ? String(record.cycle) : '',
        believed: String(record.at + CLOCK_TOLERANCE_MS),
        expectRev: given.expectRev,
        expectVersion: given.expectVersion,
        rev: memory.rev,
        memory: JSON.stringify(memory),
        ...desiredArguments(desired),
        summary: JSON.stringify(summarize(record)),
        audit: auditArgument(given.audit),
        ...outboxArguments(given.outbox, given.pager),
      };
      const packed = deflateRawSync(JSON.stringify(record), { level: 3 });
      const tried = `store decision ${record.id}`;
      const reply = await link.run(commit, tried, JSON.stringify(change), packed);
      const [outcome, tail, chain] = reply as [Committed, number?, number?];
      if (outcome === 'stored') await pack(link, record.fleet, tail ?? 0);
      await audit.settle(chain ?? 0);
      return outcome;
    },
    async progress(lease, change) {
      const given = {
        fleet: lease.fleet,
        fence: lease.fence,
        status: change.status,
        ...desiredArguments(change.desired),
        audit: change.audit ? auditArgument(change.audit) : null,
        ...outboxArguments(change.outbox, change.pager),
      };
      const tried = `store progress of ${change.desired.decisionId}`;
      const reply = await link.run(progress, tried, JSON.stringify(given));
      const [outcome, , chain] = reply as [Committed, number?, number?];
      await audit.settle(chain ?? 0);
      return outcome;
    },
  };
}

type FleetReply = [
  [string | null, string | null, string | null, string | null],
  string[],
  string[],
  string | null,
  DecisionStatus | null,
  string,
  string[],
];

const withStatus = (summary: string, status: DecisionStatus | null): DecisionSummary => ({
  ...(JSON.parse(summary) as DecisionSummary),
  ...(status ? { status } : {}),
});

/** An unfinished desired state is open: a newer one supersedes it. */
function desiredArguments(desired: DesiredState | null) {
  const open = desired !== null && (desired.status === 'planned' || desired.status === 'applying');
  return {
    desired: desired === null ? '' : JSON.stringify(desired),
    desiredId: desired?.decisionId ?? '',
    desiredOpen: open ? '1' : '0',
  };
}

/** Statuses that changed since their summary was written. */
async function readStatuses(link: Link, fleet: string, tried: string): Promise<Map<string, DecisionStatus>> {
  const pairs = (await link.run(statuses, tried, fleet)) as string[];
  const found = new Map<string, DecisionStatus>();
  for (let i = 0; i + 1 < pairs.length; i += 2) found.set(pairs[i] as string, pairs[i + 1] as DecisionStatus);
  return found;
}

function summaryOf(line: string, changed: Map<string, DecisionStatus>): DecisionSummary {
  const summary = JSON.parse(line) as DecisionSummary;
  const status = changed.get(summary.id);
  return status ? { ...summary, status } : summary;
}

/** The decision is stored already: what goes wrong here is told and tried again with the next one. */
async function pack(link: Link, fleet: string, length: number): Promise<void> {
  const tried = `pack decisions of ${fleet}`;
  const log = summariesOf(fleet);
  try {
    const ids: string[] = [];
    const packed = await packLines(link, log, length, async (lines) => {
      const changed = await readStatuses(link, fleet, tried);
      const summaries = lines.map((line) => summaryOf(line, changed));
      ids.push(...summaries.map(({ id }) => id));
      const { at } = summaries.at(-1) as DecisionSummary;
      return {
        lines: summaries.map((summary) => JSON.stringify(summary)),
        score: at,
        forget: at - RETENTION.summariesMs,
      };
    });
    if (packed) await link.run(forgetStatus, tried, fleet, ...ids);
  } catch (error) {
    link.log.warn(
      { peer: 'redis', fleet, error: String(error) },
      'Could not pack decisions; trying again later',
    );
  }
}
