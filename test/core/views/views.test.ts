import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { verbs } from '../../../commands/index.js';
import { createButtonSigner } from '../../../src/adapters/slack/buttons.js';
import { lintMessage } from '../../../src/adapters/slack/lint.js';
import { render } from '../../../src/adapters/slack/render.js';
import { type AuditLine, auditCsv } from '../../../src/core/audit.js';
import type { AlertState } from '../../../src/core/incident.js';
import type { Message, OutboxRow } from '../../../src/core/message.js';
import type { DecisionStatus, Freeze, Override } from '../../../src/core/model.js';
import { summarize } from '../../../src/core/model.js';
import { decisionsKey, newPaged } from '../../../src/core/paged.js';
import { type Plan, planFleet, type Risk } from '../../../src/core/plan.js';
import type { Proposal } from '../../../src/core/proposal.js';
import { findRemedy } from '../../../src/core/remedies/index.js';
import { deniedMessage } from '../../../src/core/views/access.js';
import { type AlertSeen, latencyFiring, latencyResolved } from '../../../src/core/views/alert.js';
import { auditExported, auditMessage, auditVerified } from '../../../src/core/views/audit.js';
import { decisionMessage, decisionThread } from '../../../src/core/views/decision.js';
import { doctorMessage } from '../../../src/core/views/doctor.js';
import { helpMessage, verbHelpMessage } from '../../../src/core/views/help.js';
import { historyMessage } from '../../../src/core/views/history.js';
import * as intent from '../../../src/core/views/intent.js';
import * as notice from '../../../src/core/views/notice.js';
import {
  brokenGlass,
  dryRunPlan,
  effectOf,
  fleetPlanParts,
  proposalMessage,
  proposalSettled,
} from '../../../src/core/views/plan.js';
import { failure, refusal } from '../../../src/core/views/problem.js';
import { statusMessage } from '../../../src/core/views/status.js';
import { whyMessage } from '../../../src/core/views/why.js';
import { brokenLimits } from '../../../src/sandbox/slack/limits.js';
import { shellText } from '../../../src/shell-text.js';
import { aMemory, aPolicy, aRecord, aSample, aSeen, NOON, someZones } from '../../support/fleet.js';

const HOUR = 3_600_000;
const asha = { id: 'slack:U0ASHA', name: 'Asha Rao' };
const override: Override = {
  v: 1,
  id: 'o1',
  fleet: 'ocr',
  kind: 'floor',
  workers: 5,
  by: asha,
  reason: 'campaign',
  at: NOON,
  until: NOON + HOUR,
  postedIn: ['#ml-ops'],
};
const freeze: Freeze = {
  v: 1,
  id: 'f1',
  fleet: '*',
  kind: 'all',
  by: asha,
  reason: 'we look',
  at: NOON,
  until: NOON + HOUR,
};
/** Twice the traffic of the two hours before: a raise. */
const rising = () => {
  const memory = aMemory(NOON, { requestsPerSecond: 15 });
  return aRecord({ seen: aSeen('face-match', { memory, sample: aSample(NOON, { requestsPerSecond: 15 }) }) });
};
const alert: AlertSeen = {
  fleet: 'ocr',
  state: {
    v: 1,
    rev: 1,
    phase: 'firing',
    id: 'a1',
    since: NOON - 600_000,
    minutes: [],
    goodSince: null,
    peakSeconds: 7.25,
  } satisfies AlertState,
  policy: aPolicy(),
  sample: aSample(NOON, { p95Seconds: 5.5, backlog: 120, oldestAgeSeconds: 9 }),
  latest: summarize(rising()),
  override: null,
  now: NOON,
};
const blank = {
  ...alert,
  sample: null,
  latest: null,
  state: { ...alert.state, since: null, peakSeconds: null },
};

const status = (more: object = {}) =>
  statusMessage({
    now: NOON,
    fleets: [
      {
        name: 'ocr',
        policy: aPolicy(),
        zones: someZones(),
        sample: aSample(NOON),
        staleMs: 182_000,
        desired: null,
        override,
        latest: null,
        nextCycle: NOON + 600_000,
      },
    ],
    freezes: [freeze],
    silent: [],
    more: 0,
    command: '/muster',
    ...more,
  });

function everyMessage(): Message[] {
  const record = rising();
  const statuses: DecisionStatus[] = [
    'held',
    'advised',
    'planned',
    'applying',
    'ready',
    'failed',
    'superseded',
  ];
  return [
    ...statuses.map((each) => decisionMessage({ ...record, status: each }, 'zone a lacks 2 nodes')),
    decisionMessage(aRecord()),
    ...decisionThread(record),
    whyMessage(record),
    status(),
    status({ silent: ['⚠ nomad does not answer'], freezes: [] }),
    historyMessage('ocr', [summarize(record)]),
    historyMessage(null, []),
    helpMessage(verbs, '/muster'),
    ...verbs.map((verb) => verbHelpMessage(verb, '/muster')),
    intent.overrideSet(override, null),
    intent.overrideSet(override, { ...override, kind: 'pin' }, ['advise mode']),
    intent.overrideConflict(override, 'override ocr 7 for 1h because x --replace'),
    intent.overrideEnded(override, { how: 'cancelled', by: asha }, NOON),
    intent.overrideExpired(override),
    intent.overrideExpired(override, intent.nextWords({ from: 9, to: 4, need: 4 })),
    intent.overrideSoon(
      override,
      override.until - 900_000,
      intent.nextWords({ from: null, to: 4, need: null }),
    ),
    intent.overrideExtended(override, override, asha),
    ...planMessages(),
    auditMessage(null, []),
    auditMessage('ocr', [
      line,
      { ...line, said: 'x'.repeat(200), detail: { approvedBy: asha, risks: ['peak'] } },
    ]),
    auditVerified({ ok: true, entries: 9, brokenAt: null }),
    auditVerified({ ok: false, entries: 9, brokenAt: 4 }),
    auditExported('csv', 1, auditCsv([line])),
    doctorMessage([{ what: 'Redis', ok: true, detail: 'fine' }], '/muster'),
    doctorMessage(
      [{ what: 'Roles', ok: false, detail: 'open', fix: 'Name some.', optional: true }],
      '/muster',
    ),
    doctorMessage(
      [{ what: 'Slack: token', ok: false, detail: 'invalid_auth', fix: 'Copy it again.' }],
      '/muster',
    ),
    intent.freezeSet(freeze),
    intent.freezeSet({ ...freeze, fleet: 'ocr', kind: 'down' }),
    intent.freezeEnded(freeze, { how: 'expired' }, NOON),
    latencyFiring(alert),
    latencyResolved(alert),
    latencyFiring(blank),
    latencyResolved(blank),
    notice.evaluationsStopped('ocr', NOON, 4_000),
    notice.evaluationsStopped('ocr', null, 4_000),
    notice.evaluationsStopped('ocr', NOON, 4_000, newPaged(decisionsKey('ocr'), 'ocr', 'silence', NOON)),
    notice.evaluationsResumed('ocr', 4_000),
    notice.shortOfNeed('ocr', 9, 2, ['The ceiling is 7.'], NOON),
    notice.shortageOver('ocr', 9, NOON, NOON + 2_400_000),
    refusal('No such thing.', { command: '/muster', usage: 'help [verb]' }),
    failure('redis does not answer.', 'abcd1234'),
  ];
}

const line: AuditLine = {
  ...{ seq: 1, hash: 'h', previous: 'p', at: NOON, by: asha, action: 'override', fleet: 'ocr' },
  ...{ said: 'override ocr 5 for 1h because x', ids: { override: 'o1' } },
};

function planMessages(): Message[] {
  const effect = planFleet(aSeen('ocr'), aPolicy(), override);
  const risks: Risk[] = [
    { code: 'below-need', workers: 1, need: 4 },
    { code: 'need-unknown', workers: 2, from: 4 },
    { code: 'peak', workers: 2, from: 4, floor: 3 },
    { code: 'large', change: 8, limit: 5 },
    { code: 'freeze-of-another', by: 'Ravi' },
  ];
  const plan: Plan = {
    action: 'Scale ocr 4 → 2',
    fleets: ['ocr'],
    falls: true,
    risks,
    parts: fleetPlanParts(effect, aPolicy()),
    effect: effectOf(effect, aPolicy()),
    numbers: {},
  };
  const proposal: Proposal = {
    ...{ v: 1, action: plan.action, said: 'override ocr 2 …', by: asha, versions: {}, risks, numbers: {} },
    ...{ second: true, expires: 0, postedIn: [], outcome: 'waiting', decidedBy: null, decidedAt: null },
  };
  const standing = { role: 'viewer' as const, because: 'a member', unknown: ['PagerDuty is silent'] };
  return [
    proposalMessage(plan, 'p-1', asha, { second: null }),
    proposalMessage(plan, 'p-1', asha, { second: 'approver' }),
    dryRunPlan(plan),
    dryRunPlan({ ...plan, risks: [] }),
    ...(['waiting', 'approved', 'declined', 'expired', 'overtaken'] as const).map((outcome) =>
      proposalSettled({ ...proposal, outcome, decidedBy: asha, decidedAt: NOON }),
    ),
    brokenGlass(plan.action, asha, 'the bank is down', risks, NOON, true),
    deniedMessage({
      what: 'override',
      needed: 'operator',
      standing,
      holders: [],
      onCall: null,
      command: '/muster',
    }),
    deniedMessage({
      ...{ what: 'confirm', needed: 'approver', standing, command: '/muster' },
      holders: Array.from({ length: 14 }, (_, n) => ({ name: `Person ${n}`, email: null, onCall: false })),
      onCall: [{ name: 'Ravi', email: null }],
    }),
  ];
}

test('every message keeps to Slack’s limits as both of our readings of them have it, and is a whole sentence', () => {
  const signer = createButtonSigner('secret', 'test');
  for (const message of everyMessage()) {
    const drawn = render(message, { sign: (button, n) => signer.sign(button, 'm', n), blockId: 'b' });
    deepEqual(lintMessage(drawn), [], message.summary);
    deepEqual(brokenLimits(drawn.blocks, 'message'), [], message.summary);
    match(message.summary, /^\S.*[.:?!)]|: \S/s);
    const visible = JSON.stringify(drawn, (key, value: unknown) => (key === 'value' ? '' : value));
    doesNotMatch(visible, /shortened|undefined|NaN|null|\s\*[^\s*][^*]*\s\*/, message.summary);
    ok(shellText(message).length > 10);
  }
});

test('a button’s command is one that the verbs understand', () => {
  const context = {
    now: NOON,
    timeZone: 'UTC',
    fleets: ['face-match', 'ocr'],
    said: '',
    maxOverrideSeconds: 86_400,
  };
  const buttons = everyMessage().flatMap(({ parts }) =>
    parts.flatMap((part) => (part.kind === 'buttons' ? part.buttons : [])),
  );
  ok(buttons.length > 15);
  for (const { command, label } of buttons) {
    const [name, ...words] = command.split(' ');
    const verb = verbs.find((each) => each.name === name);
    ok(verb !== undefined, command);
    verb.parse(words, context);
    ok(label.length <= 20, label);
  }
});

test('a decision says where it stands, and its words are the same for the same record', () => {
  const record = rising();
  const titles = (each: DecisionStatus) => decisionMessage({ ...record, status: each });
  match(titles('planned').summary, /^face-match goes from 4 to \d+ workers\./);
  match(titles('ready').summary, /all are ready/);
  equal(titles('ready').tone, 'good');
  match(
    decisionMessage({ ...record, status: 'failed' }, 'No room in zone a.').summary,
    /could not go.*No room/,
  );
  equal(titles('failed').tone, 'bad');
  match(titles('advised').summary, /advise mode, nothing is changed/);
  deepEqual(titles('planned'), titles('planned'));
});

test('workers that only move between zones are not said to grow or shrink', () => {
  const record = rising();
  const moved = { ...record, decision: { ...record.decision, kind: 'scale' as const, from: 4, to: 4 } };
  match(decisionMessage(moved).summary, /^face-match moves its 4 workers between zones\./);
  match(
    decisionMessage({ ...moved, status: 'ready' }).summary,
    /moved its 4 workers between zones; all are ready/,
  );
});

test('a raise offers to keep the old count, and asks first', () => {
  const part = decisionMessage(rising()).parts.find(({ kind }) => kind === 'buttons');
  ok(part?.kind === 'buttons');
  const keep = part.buttons[1];
  equal(keep?.label, 'Keep 4 for 1 h');
  match(keep?.confirm?.yes ?? '', /Scale face-match to 4/);
  const settled = decisionMessage({ ...rising(), status: 'superseded' });
  match(
    JSON.stringify(settled.parts.at(-1)),
    /^\{"kind":"buttons","buttons":\[\{"label":"Why\?"[^}]*\}\]\}$/,
  );
});

test('the thread holds the numbers, the placement and the forecasters', () => {
  const text = decisionThread(rising())
    .map((message) => shellText(message))
    .join('\n');
  for (const words of [
    'Demand now',
    'Forecast peak',
    'Sized for',
    'Need before limits',
    'Cost',
    'a: 2 →',
    'Forecaster',
  ]) {
    ok(text.includes(words), words);
  }
});

test('an alert says what is slow, since when and how it ended', () => {
  match(latencyFiring(alert).summary, /ocr is too slow: p95 is 5\.5 s, the objective is 3 s, for 10 m/);
  const old = { ...alert, sample: aSample(NOON, { p95Seconds: null, oldestAgeSeconds: 44 }) };
  match(latencyFiring(old).summary, /the oldest message waits 44 s/);
  const over = { ...alert, state: { ...alert.state, goodSince: NOON + HOUR } };
  match(latencyResolved(over).summary, /fast enough again after 1 h 10 m; the worst was 7\.3 s/);
  equal(latencyResolved(over).tone, 'good');
});

test('a floor that ran out was something the fleet was held to', () => {
  const text = shellText(intent.overrideExpired({ ...override, kind: 'floor', workers: 6 }));
  match(text, /ocr was held to at least 6 workers since/);
});

test('an alert says at once that a person or a limit keeps the fleet small', () => {
  const seen = aSeen('ocr', { override: { ...override, kind: 'pin', workers: 2 } });
  const record = aRecord({ fleet: 'ocr', seen });
  const latest = summarize(record);
  const pinned = /needs 4 workers.* An override pins the fleet at 2 workers \(4 without it\)\./;
  match(decisionMessage(record).summary, pinned);
  match(shellText(historyMessage('ocr', [latest])), pinned);
  const text = shellText(latencyFiring({ ...alert, latest }));
  match(
    text,
    /Last decision: .*needs 4 workers.* An override pins the fleet at 2 workers \(4 without it\)\./,
  );
});

test('the alert of a fleet that an override keeps too small offers to end it, before any remedy', () => {
  const fits = [{ remedy: findRemedy('recycle-node')!, why: 'x', words: ['n1'], doubtful: false }];
  const offered = (kind: Override['kind'], workers: number): string[] => {
    const open = { ...override, kind, workers };
    const latest = summarize(aRecord({ fleet: 'ocr', seen: aSeen('ocr', { override: open }) }));
    return latencyFiring({ ...alert, latest, override: open, fits }).parts.flatMap((part) =>
      part.kind === 'buttons' ? part.buttons.slice(4).map(({ command }) => command) : [],
    );
  };
  for (const kind of ['pin', 'ceiling'] as const)
    deepEqual(offered(kind, 2), ['override cancel ocr #o1', 'remedy ocr recycle-node n1']);
  deepEqual(offered('pin', 6), ['remedy ocr recycle-node n1']);
  deepEqual(offered('floor', 6), ['remedy ocr recycle-node n1']);
});

test('the end of an override closes its message where there is one, and is said anew once', () => {
  const said = (rows: OutboxRow[]) => rows.map(({ channel, key, seq }) => [channel, key, seq]);
  deepEqual(said(intent.overrideExpiredRows(override, '#ml-ops', NOON)), [
    ['#ml-ops', 'override-o1', 2],
    ['#ml-ops', 'override-end-o1', 1],
  ]);
  const { postedIn: _, ...unposted } = override;
  deepEqual(said(intent.overrideExpiredRows(unposted, '#ml-ops', NOON)), [['#ml-ops', 'override-end-o1', 1]]);
  deepEqual(said(intent.freezeExpiredRows({ ...freeze, postedIn: ['#b'] }, '#ml-ops', NOON)), [
    ['#b', 'freeze-f1', 2],
    ['#b', 'freeze-end-f1', 1],
    ['#ml-ops', 'freeze-end-f1', 1],
  ]);
});

test('status says unknown for what is not known, and never zero', () => {
  const text = shellText(
    status({
      freezes: [],
      fleets: [
        {
          name: 'ocr',
          policy: aPolicy(),
          zones: null,
          sample: aSample(NOON, { requestsPerSecond: null, p95Seconds: null, backlog: null, ready: null }),
          staleMs: 182_000,
          desired: null,
          override: null,
          latest: null,
          nextCycle: NOON,
        },
      ],
    }),
  );
  match(text, /Demand: +unknown/);
  match(text, /Backlog: +unknown/);
  match(text, /\?\/\? \(last known\)/);
  match(text, /Cost: +unknown/);
});
