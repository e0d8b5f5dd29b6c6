/** Who is on call, from the words of a rota. */
import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import type { Duty, PagerPerson } from '../../src/core/rota.js';
import type { Rota } from '../../src/ports.js';
import { shellText } from '../../src/shell-text.js';
import { NOON } from '../support/fleet.js';
import { ASHA, aPagingScene } from '../support/paging.js';

const DAY = 86_400_000;
const person = (name: string): PagerPerson => ({
  ...{ id: `PU${name}`, name, email: `${name.toLowerCase()}@sandbox.example`, timeZone: null },
});
const [asha, ravi] = [person('Asha'), person('Ravi')];
const turn = (who: PagerPerson, from: number, until: number): Duty => ({
  ...{ person: who, level: 1, from: NOON + from * DAY, until: NOON + until * DAY },
});

/** The answer, and how far ahead the rota was asked, in days. */
async function asked(rota: Record<string, Duty[]>) {
  const days: number[] = [];
  const duties: Rota['duties'] = async (fleet, from, to) => {
    days.push((to - from) / DAY);
    return (rota[fleet] ?? []).filter((one) => (one.from ?? 0) < to && (one.until ?? to) > from);
  };
  const scene = await aPagingScene({ ports: { rota: { duties } } });
  try {
    return { days, ...(await scene.app.handle({ text: 'oncall', by: ASHA, where: 'C1' })) };
  } finally {
    await scene.close();
  }
}

test('who comes next is known also where a turn lasts two weeks; short turns are asked for a week only', async () => {
  const long = [turn(ravi, -1, 13), turn(asha, 13, 27)];
  const far = await asked({ 'face-match': long, ocr: long });
  match(shellText(far.message), /Next:.*Asha begins/s);
  const short = [turn(ravi, -1, 1), turn(asha, 1, 3)];
  const near = await asked({ 'face-match': short, ocr: short });
  deepEqual([Math.max(...far.days), Math.max(...near.days)], [30, 7]);
});

test('a person on call for several fleets is mentioned once in an answer', async () => {
  const rota = { 'face-match': [turn(ravi, -1, 1)], ocr: [turn(ravi, -1, 2)] };
  const { message } = await asked(rota);
  equal(JSON.stringify(message).split('"mention":true').length - 1, 1);
});
