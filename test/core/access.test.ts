import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type AccessFacts,
  accessSchema,
  approverRole,
  holdersOf,
  isAtLeast,
  ROLES,
  roleOf,
  type Speaker,
  withRota,
} from '../../src/core/access.js';
import { deniedMessage } from '../../src/core/views/access.js';

const nobody: AccessFacts = { groups: {}, onCall: [] };
const asha: Speaker = { id: 'slack:U0ASHA', email: 'Asha@example.com', known: true };
const named = accessSchema.parse({
  operators: ['ravi@example.com'],
  groups: { approvers: 'approver' },
});

test('without any name every full member is an operator, and a named one makes the rest viewers', () => {
  equal(roleOf(asha, nobody, accessSchema.parse({})).role, 'operator');
  equal(roleOf(asha, nobody, named).role, 'viewer');
  equal(
    roleOf(asha, nobody, accessSchema.parse({ operators: ['UX9'], everyone: 'approver' })).role,
    'approver',
  );
});

test('lists know people by user id and by address, whatever its case', () => {
  equal(roleOf(asha, nobody, accessSchema.parse({ admins: ['U0ASHA'] })).role, 'admin');
  equal(roleOf(asha, nobody, accessSchema.parse({ approvers: ['asha@EXAMPLE.com'] })).role, 'approver');
  equal(
    roleOf({ ...asha, id: 'slack:U0ASHA2' }, nobody, accessSchema.parse({ admins: ['U0ASHA'] })).role,
    'viewer',
  );
});

test('the highest of list, group and rota counts, and says where it comes from', () => {
  const policy = accessSchema.parse({ operators: ['U0ASHA'], groups: { approvers: 'approver' } });
  const facts = { groups: { approvers: ['U0ASHA'] }, onCall: [{ name: 'Asha', email: 'asha@example.com' }] };
  deepEqual(roleOf(asha, facts, policy), { role: 'approver', because: 'the group @approvers', unknown: [] });
  equal(roleOf(asha, { ...facts, groups: {} }, named).because, 'being on call');
  equal(roleOf(asha, { ...facts, groups: {} }, { ...named, onCall: 'none' }).role, 'viewer');
});

test('what cannot be asked gives nothing, and is named', () => {
  const standing = roleOf(asha, { groups: null, onCall: null }, named);
  equal(standing.role, 'viewer');
  equal(standing.unknown.length, 2);
  match(standing.unknown.join(), /user group.*on call/);
});

test('an account that Slack does not vouch for has what its id is listed for, and no more', () => {
  const stranger = { ...asha, known: false };
  const facts = { groups: {}, onCall: [{ name: 'Asha', email: 'asha@example.com' }] };
  equal(roleOf(stranger, facts, accessSchema.parse({})).role, 'viewer');
  equal(roleOf(stranger, facts, accessSchema.parse({ admins: ['asha@example.com'] })).role, 'viewer');
  equal(roleOf(stranger, facts, accessSchema.parse({ admins: ['U0ASHA'] })).role, 'admin');
});

test('a group named like a property of objects has no members', () => {
  const policy = accessSchema.parse({ groups: { constructor: 'admin', tostring: 'admin' } });
  equal(roleOf(asha, nobody, policy).role, 'viewer');
});

test('the shell is admin of itself; nobody else is by an id alone', () => {
  equal(roleOf({ id: 'shell:root', email: null, known: true }, nobody, named).role, 'admin');
  equal(
    roleOf({ id: 'pagerduty:P1', email: null, known: true }, nobody, accessSchema.parse({})).role,
    'viewer',
  );
});

test('no role is higher than what list, group and rota give, whatever the facts', () => {
  const role = fc.constantFrom(...ROLES);
  const id = fc.constantFrom('U1', 'U2', 'U3');
  fc.assert(
    fc.property(
      fc.record({
        everyone: role,
        operators: fc.array(id),
        groups: fc.dictionary(fc.constantFrom('g', 'h'), role),
      }),
      fc.dictionary(fc.constantFrom('g', 'h'), fc.array(id)),
      id,
      (input, groups, who) => {
        const policy = accessSchema.parse({ ...input, operators: input.operators.map((each) => `${each}x`) });
        const { role: got } = roleOf(
          { id: `slack:${who}`, email: null, known: true },
          { groups, onCall: [] },
          policy,
        );
        const given = Object.entries(input.groups).filter(([handle]) => groups[handle]?.includes(who));
        const allowed = [input.everyone, ...given.map(([, each]) => each)];
        equal(
          allowed.some((each) => isAtLeast(each, got)),
          true,
        );
      },
    ),
    { seed: 1 },
  );
});

test('a second person is an approver, or an operator where nobody is named approver', () => {
  equal(approverRole(named), 'approver');
  equal(approverRole(accessSchema.parse({})), 'operator');
});

test('a refusal says the role, who has it, who of them is on call, and what could not be asked', () => {
  deepEqual(holdersOf('operator', { groups: { approvers: ['U1', 'U2'] }, onCall: [] }, named), [
    'ravi@example.com',
    'U1',
    'U2',
  ]);
  const message = deniedMessage({
    what: 'override',
    needed: 'operator',
    standing: {
      role: 'viewer',
      because: 'a member',
      unknown: ['PagerDuty does not say just now who is on call'],
    },
    holders: [
      { name: 'Meera', email: null, onCall: false },
      { name: 'Ravi', email: null, onCall: true },
    ],
    onCall: [{ name: 'Ravi', email: null }],
    command: '/muster',
  });
  match(
    JSON.stringify(message),
    /needs the role operator, and you are a viewer.*PagerDuty does not say.*Who has it: Ravi \(on call\), Meera\./,
  );
});

test('somebody on the rota under another name is one person, and whoever the rota gives the role is named, too', () => {
  const nadia = { name: 'Nadia Khan', email: 'nadia@vendor.example' };
  const facts = { groups: {}, onCall: [{ name: 'Asha Rao', email: 'ASHA@example.com' }, nadia] };
  const listed = [
    { name: 'asha', email: 'asha@example.com' },
    { name: 'ravi', email: 'ravi@example.com' },
  ];
  const names = (needed: 'operator' | 'approver') =>
    withRota(listed, needed, facts, named).map(({ name, onCall }) => [name, onCall]);
  deepEqual(names('operator'), [
    ['asha', true],
    ['ravi', false],
    ['Nadia Khan', true],
  ]);
  deepEqual(names('approver'), [
    ['asha', true],
    ['ravi', false],
  ]);
});
