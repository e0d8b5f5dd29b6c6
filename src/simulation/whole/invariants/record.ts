/** What is kept of a decision: its audit entry, and all it takes to decide it again. */
import { decide } from '../../../core/decide.js';
import type { Seen } from '../../../core/model.js';
import type { Policy } from '../../../core/policy.js';
import type { Invariant } from './invariant.js';
import { told } from './words.js';

const SEEN_BYTES = 8_192;

export const auditEntry: Invariant = {
  name: 'audit-entry',
  says: 'Every decision is stored together with its audit entry.',
  watch: () => ({
    decision: ({ record, audit }) =>
      audit?.action === 'decision' && audit.ids?.decision === record.id
        ? null
        : `${told(record)} came without its entry`,
  }),
};

export const auditChain: Invariant = {
  name: 'audit-chain',
  says: 'The audit chain verifies.',
  watch: () => ({ hour: ({ auditOk }) => (auditOk ? null : 'a link does not fit') }),
};

export const replay: Invariant = {
  name: 'replay',
  says: 'A stored decision, decided again from its record, is the same.',
  watch: () => ({
    decision: ({ record, seen }) => {
      const policy = JSON.parse(JSON.stringify(record.policy)) as Policy;
      const again = JSON.stringify(decide(JSON.parse(seen) as Seen, policy));
      return again === JSON.stringify(record.decision) ? null : `${told(record)} is ${again} the second time`;
    },
  }),
};

export const seenSize: Invariant = {
  name: 'seen-size',
  says: 'What a decision saw is at most 8 KB, serialised.',
  watch: () => ({
    decision: ({ record, seen }) => {
      const bytes = Buffer.byteLength(seen);
      return bytes <= SEEN_BYTES ? null : `${told(record)} saw ${bytes} bytes`;
    },
  }),
};
