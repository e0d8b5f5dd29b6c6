import type { AlertState } from '../../src/core/incident.js';
import { emptyMemory } from '../../src/core/learn.js';
import type { Memory } from '../../src/core/memory.js';
import type { OutboxRow, PagerEvent } from '../../src/core/message.js';
import type { DecisionRecord, DesiredState, Freeze, Override, Sample } from '../../src/core/model.js';
import { policySchema } from '../../src/core/policy.js';
import type { AuditEntry, Store } from '../../src/ports.js';

/** Records as the store gets them; each shows what a test is about and takes the rest from here. */
export const T0 = Date.UTC(2026, 0, 5, 10);
export const MINUTE = 60_000;
const bot = { id: 'muster', name: 'Muster' };

export function aSample(at = T0, more: Partial<Sample> = {}): Sample {
  return {
    at,
    requestsPerSecond: 12.345678901234567,
    backlog: 0,
    oldestAgeSeconds: null,
    p95Seconds: 0.9,
    ready: 4,
    starting: 0,
    ...more,
  };
}

export function aMemory(rev = 1): Memory {
  return { ...emptyMemory(), rev, firstAt: T0, lastAt: T0 };
}

const policy = policySchema.parse({ zones: ['a', 'b'] });

export function aRecord(id = 'd1', more: Partial<DecisionRecord> = {}): DecisionRecord {
  const at = more.at ?? T0;
  const fleet = more.fleet ?? 'face-match';
  return {
    v: 1,
    id,
    fleet,
    cycle: at,
    at,
    trigger: 'cycle',
    seen: {
      v: 1,
      fleet,
      now: at,
      cycle: at,
      trigger: more.trigger ?? 'cycle',
      sample: aSample(at),
      missing: [],
      zones: null,
      memory: aMemory(1),
      override: null,
      freezes: [],
    },
    policy,
    decision: {
      kind: 'scale',
      from: 4,
      to: 6,
      placement: [
        { zone: 'a', workers: 3 },
        { zone: 'b', workers: 3 },
      ],
      numbers: {
        demand: 12.3,
        horizonFrom: at,
        horizonTo: at + 20 * MINUTE,
        forecast: 14.123456789,
        sizedFor: 16.987654321,
        margin: 1.2,
        needForecast: 6,
        needLive: 5,
        drain: 0,
        need: 6,
        backlog: 0,
        oldestAgeSeconds: null,
        p95Seconds: 0.9,
        ready: 4,
        starting: 0,
        nodesFrom: 2,
        nodesTo: 2,
        costPerHourFrom: 4,
        costPerHourTo: 4,
        voters: [],
      },
      reasons: [{ code: 'forecast-need', forecast: 14.123456789, sizedFor: 16.987654321, need: 6 }],
      shortOf: 0,
    },
    status: 'planned',
    ...more,
  };
}

export function aDesired(decisionId = 'd1', more: Partial<DesiredState> = {}): DesiredState {
  return {
    v: 1,
    fleet: 'face-match',
    decisionId,
    at: T0,
    placement: [
      { zone: 'a', workers: 3 },
      { zone: 'b', workers: 3 },
    ],
    from: 4,
    status: 'planned',
    note: null,
    actedAt: null,
    ...more,
  };
}

export function anAudit(action = 'decision', more: Partial<AuditEntry> = {}): AuditEntry {
  return { at: T0, by: bot, action, fleet: 'face-match', ...more };
}

export function anOverride(id = 'o1', more: Partial<Override> = {}): Override {
  const reason = 'launch <!channel> "quoted" \u0000 \u{1f680}';
  return {
    v: 1,
    id,
    fleet: 'face-match',
    kind: 'pin',
    workers: 9,
    by: bot,
    reason,
    at: T0,
    until: T0 + 60 * MINUTE,
    ...more,
  };
}

export function aFreeze(id = 'f1', more: Partial<Freeze> = {}): Freeze {
  return {
    v: 1,
    id,
    fleet: 'face-match',
    kind: 'all',
    by: bot,
    reason: 'incident',
    at: T0,
    until: T0 + 60 * MINUTE,
    ...more,
  };
}

export function anAlert(rev = 1, more: Partial<AlertState> = {}): AlertState {
  return {
    v: 1,
    rev,
    phase: 'quiet',
    id: null,
    since: null,
    minutes: [],
    goodSince: null,
    peakSeconds: null,
    ...more,
  };
}

export function aRow(key = 'k1', more: Partial<OutboxRow> = {}): OutboxRow {
  return {
    v: 1,
    channel: 'C1',
    key,
    seq: 1,
    fleet: 'face-match',
    decisionId: null,
    priority: 'decision',
    at: T0,
    message: { summary: `about ${key}`, tone: 'info', parts: [] },
    ...more,
  };
}

export function anEvent(id = 'e1', more: { at?: number } = {}): PagerEvent {
  return {
    v: 1,
    kind: 'change',
    fleet: 'face-match',
    id,
    summary: 'Scaled',
    details: { from: 4, to: 6 },
    at: T0,
    ...more,
  };
}

export const aPage = (what: string, at: number): PagerEvent => ({
  v: 1,
  kind: 'trigger',
  fleet: 'face-match',
  dedupKey: `muster/face-match/${what}`,
  summary: 'It is slow',
  severity: 'critical',
  details: { kind: 'change' },
  at,
});

/** A whole commit; the numbers it expects are those of a fleet that has nothing yet. */
export function aCommit(
  id = 'd1',
  more: Partial<Parameters<Store['commitDecision']>[0]> & { at?: number } = {},
): Parameters<Store['commitDecision']>[0] {
  const { at = T0, ...rest } = more;
  return {
    record: aRecord(id, { at }),
    memory: aMemory((more.expectRev ?? 0) + 1),
    expectRev: 0,
    expectVersion: 0,
    desired: null,
    audit: anAudit('decision', { at, ids: { decision: id } }),
    outbox: [],
    pager: [],
    ...rest,
  };
}
