import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { type Duty, nextUp, onDuty } from '../../src/core/rota.js';

const person = (name: string) => ({ id: `P-${name}`, name, email: `${name}@example.com`, timeZone: null });
const duty = (name: string, level: number, from: number | null, until: number | null): Duty => ({
  person: person(name),
  level,
  from,
  until,
});
const told = (duties: Duty[]) =>
  duties.map(({ person: { name }, level, until }) => `${level} ${name} ${until}`);

test('several people may stand on one level, and level 1 comes first', () => {
  const duties = [
    duty('ravi', 2, 0, 100),
    duty('asha', 1, 0, 50),
    duty('nadia', 2, 10, 60),
    duty('meera', 1, 50, 90),
    duty('omar', 3, null, null),
  ];
  deepEqual(told(onDuty(duties, 20)), ['1 asha 50', '2 ravi 100', '2 nadia 60', '3 omar null']);
});

test('at the very moment of the handover the next one is on call', () => {
  const duties = [duty('asha', 1, 0, 50), duty('meera', 1, 50, 90)];
  deepEqual(told(onDuty(duties, 50)), ['1 meera 90']);
});

test('two turns of one person that touch are one, and who comes next is somebody else', () => {
  const duties = [duty('asha', 1, 0, 50), duty('asha', 1, 50, 80), duty('meera', 1, 80, 90)];
  deepEqual(told(onDuty(duties, 10)), ['1 asha 80']);
  deepEqual(told(nextUp(duties, 10)), ['1 meera 90']);
});

test('a person who is on call twice on one level is named once', () => {
  deepEqual(told(onDuty([duty('asha', 1, 0, 50), duty('asha', 1, null, null)], 10)).length, 1);
});
