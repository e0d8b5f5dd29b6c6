import { equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CommandContext } from '../../commands/command.js';
import { hear } from '../../commands/index.js';
import { lintMessage } from '../../src/adapters/slack/lint.js';
import { render } from '../../src/adapters/slack/render.js';
import { accessSchema, type Role } from '../../src/core/access.js';
import { OperatorError, OutsideError } from '../../src/errors.js';
import { allowed, aScene, NOON, withDecision } from '../support/fleet.js';

/** Whoever says whatever in whatever order: no unhandled error, no action without authority, an answer that helps. */
const PEOPLE: Record<string, Role> = { Vera: 'viewer', Oona: 'operator', Omid: 'operator', Abe: 'approver' };

const word = fc.constantFrom(
  ...[
    'override',
    'freeze',
    'unfreeze',
    'run',
    'confirm',
    'decline',
    'audit',
    'doctor',
    'status',
    'deploy',
    'help',
  ],
  ...[
    'ocr',
    'face-match',
    'cancel',
    'extend',
    'floor',
    'ceiling',
    'down',
    'verify',
    'export',
    'csv',
    '#id-1',
    'id-1',
  ],
  ...[
    '1',
    '2',
    '12',
    '-1',
    '1h',
    '2h',
    'for',
    'until',
    'because',
    '18:00',
    '--dry-run',
    '--break-glass',
    '--replace',
  ],
  ...['<!channel>', '*', '“', '__proto__', 'constructor', '\u202e', '—dry-run', '{}', "'; DROP"],
);
const sentence = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      'override ocr 2 for 1h because risky',
      'override ocr 12 for 2h because load test',
      'override ocr 3 for 1h because risky --replace',
      'override ocr 2 for 1h --break-glass because fire',
      'freeze for 1h because stop',
      'unfreeze',
      'override cancel ocr',
      'override extend ocr 1h',
      'run ocr',
    ),
  },
  { weight: 2, arbitrary: fc.array(word, { maxLength: 9 }).map((some) => some.join(' ')) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
);
const act = fc.record({
  who: fc.constantFrom(...Object.keys(PEOPLE)),
  /** A click on the n-th newest proposal, or words. */
  says: fc.oneof(
    { weight: 2, arbitrary: sentence.map((text) => ({ text, click: -1, yes: true })) },
    { weight: 1, arbitrary: fc.record({ text: fc.constant(''), click: fc.nat(3), yes: fc.boolean() }) },
  ),
  minutes: fc.nat(4),
  silent: fc.constantFrom(null, null, null, null, 'nomad' as const, 'redis' as const),
});

test('nobody acts without authority, nothing breaks, and every answer can be shown', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 12 }), async (acts) => {
      const access = accessSchema.parse({ approvers: ['UABE'], secondPerson: true });
      const { context, store, silent } = aScene({ access });
      await withDecision(store, 'ocr');
      let now = NOON;
      for (const { who, says, minutes, silent: peer } of acts) {
        now += minutes * 60_000;
        silent.clear();
        if (peer !== null) silent.add(peer);
        const proposals = await store.machines('proposal');
        const clicked = says.click < 0 ? undefined : proposals[says.click];
        const text = clicked === undefined ? says.text : `${says.yes ? 'confirm' : 'decline'} ${clicked.id}`;
        const by = { id: `slack:U${who.toUpperCase()}`, name: who };
        const heard: CommandContext = {
          ...{ ...context, by, now, said: text, machineNow: () => now },
          authority: allowed(PEOPLE[who] ?? 'viewer'),
        };
        try {
          const { message } = await hear(text, heard);
          ok(message.summary.length > 5, text);
          const drawn = render(message, { sign: () => '{}', blockId: 'b' });
          equal(lintMessage(drawn).length, 0, `${text}: ${lintMessage(drawn).join('; ')}`);
          ok(!/<!(?!date)|<@/.test(JSON.stringify(drawn)), text);
        } catch (error) {
          ok(error instanceof OperatorError || error instanceof OutsideError, `${text}: ${String(error)}`);
          ok(error.message.length > 10, text);
        }
      }
      const trail = await store.audit(500);
      const asked = new Map(
        trail.flatMap((each) => (each.action === 'propose' ? [[each.ids?.proposal, each.by.id]] : [])),
      );
      for (const { action, by, ids, detail } of trail) {
        ok(action === 'denied' || by.id !== 'slack:UVERA', `a viewer did ${action}`);
        if (action === 'approve') {
          equal(by.id, 'slack:UABE', 'approved by somebody without the role');
          ok(asked.get(ids?.proposal) !== by.id, 'approved by its own author');
        }
        const risks = (detail?.risks ?? []) as string[];
        // What is risky was approved, or the glass was broken; each leaves its own entry before it.
        if (action === 'override' && risks.length > 0) {
          const before = trail.some((each) => each.action === 'break-glass' || each.action === 'approve');
          ok(before, 'a risky override without approval');
        }
      }
      ok((await store.verifyAudit()).ok);
    }),
    { numRuns: 250, seed: 1 },
  );
});
