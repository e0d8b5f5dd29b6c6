/** What people want: their freezes, their overrides, and a fleet that is only advised. */
import { type DecisionRecord, target } from '../../../core/model.js';
import { openAt, type Truth } from '../truth.js';
import type { Invariant } from './invariant.js';
import { acted, isCut, told } from './words.js';

const MINUTE = 60_000;

export const freezeDecisions: Invariant = {
  name: 'freeze-decisions',
  says: 'During a freeze no decision changes a fleet; during a freeze of cuts none cuts.',
  watch: (truth) => ({
    decision: ({ record }) => {
      if (record.decision.kind === 'hold') return null;
      const open = openAt(truth.freezes(record.fleet), record.at, truth.order() - 1);
      const freeze = open.find(({ kind }) => kind === 'all' || isCut(record));
      return freeze === undefined ? null : `${told(record)} during the freeze ${freeze.id}`;
    },
  }),
};

export const freezeActs: Invariant = {
  name: 'freeze-acts',
  says: 'Nothing reaches the cluster against a freeze that was stored before its run read what people want.',
  watch: (truth) => ({
    act: (event) => {
      const { run, fleet } = event;
      const open = openAt(truth.freezes(fleet), run.issuedAt, run.intentRead);
      const record = truth.decision(event.decisionId)?.value;
      const cuts = record !== undefined && isCut(record);
      const freeze = open.find(({ kind }) => kind === 'all' || cuts);
      return freeze === undefined ? null : `${acted(event)} during the freeze ${freeze.id}`;
    },
  }),
};

export const expiredOverride: Invariant = {
  name: 'expired-override',
  says: 'A minute after its end, or once it was taken back, an override shapes no decision.',
  watch: (truth) => ({ decision: ({ record }) => obeysEnded(record, truth) }),
};

export const adviseTouchesNothing: Invariant = {
  name: 'advise-touches-nothing',
  says: 'A fleet in advise mode is never touched.',
  watch: (truth) => ({
    act: (event) => (truth.policy(event.fleet).mode === 'act' ? null : acted(event)),
  }),
};

export const adviceOnce: Invariant = {
  name: 'advice-once',
  says: 'In advise mode the guard does not repeat its advice until it asks for more.',
  watch: () => {
    const newest = new Map<string, number | null>();
    return {
      decision: ({ record }) => {
        const before = newest.get(record.fleet) ?? null;
        const to = target(record.decision);
        newest.set(record.fleet, record.status === 'advised' ? to : null);
        return record.status === 'advised' && record.trigger === 'guard' && before !== null && to <= before
          ? `${told(record)} again`
          : null;
      },
    };
  },
};

function obeysEnded(record: DecisionRecord, truth: Truth): string | null {
  const used = [
    record.seen.override?.id,
    ...record.decision.reasons.map((reason) =>
      'id' in reason && reason.code !== 'frozen' ? reason.id : undefined,
    ),
  ].filter((id) => id !== undefined);
  for (const id of used) {
    const known = truth.overrides(record.fleet).find(({ value }) => value.id === id);
    if (known === undefined) return `${told(record)} obeys the override ${id}, which nobody typed`;
    if (record.at > known.value.until + MINUTE)
      return `${told(record)} obeys ${id} ${Math.round((record.at - known.value.until) / 1_000)} s after its end`;
    if (known.ended !== null) return `${told(record)} obeys ${id}, which had been ended`;
  }
  return null;
}
