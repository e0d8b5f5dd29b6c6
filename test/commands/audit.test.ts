import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import type { CommandContext, Reply } from '../../commands/command.js';
import { hear } from '../../commands/index.js';
import { auditCsv } from '../../src/core/audit.js';
import { HIDDEN, withoutSecrets } from '../../src/core/secrets.js';
import { OutsideError } from '../../src/errors.js';
import { shellText } from '../../src/shell-text.js';
import { allowed, aScene, NOON, withDecision } from '../support/fleet.js';

const say = (said: string, context: CommandContext): Promise<Reply> => hear(said, { ...context, said });

test('audit shows who did what, newest first, of one fleet or of all', async () => {
  const { context } = aScene();
  match((await say('audit', context)).message.summary, /no entry about all fleets/);
  await say('override ocr 5 for 1h because load test', context);
  await say('freeze liveness for 1h because x', context);
  match(
    shellText((await say('audit', context)).message),
    /freeze liveness.*Asha Rao +override ocr +“override ocr 5 for 1h because load test”; override id-/s,
  );
  const one = shellText((await say('audit ocr 5', context)).message);
  match(one, /override ocr/);
  ok(!one.includes('liveness'));
  for (const said of ['audit 0', 'audit 51']) await rejects(say(said, context), { code: 'bad-count' });
  for (const said of ['audit export pdf', 'audit ocr 5 6'])
    await rejects(say(said, context), { code: 'usage' });
});

test('verify says that the chain is whole, and export gives all of it to operators', async () => {
  const { context } = aScene();
  await say('override ocr 5 for 1h because a, "quoted"', context);
  match((await say('audit verify', context)).message.summary, /whole: 1 entries/);
  const csv = await say('audit export csv', context);
  equal(csv.file?.name, 'audit.csv');
  match(
    csv.file?.text ?? '',
    /^seq,at,by.*\r\n1,2026-01-05T12:30:00\.000Z,Asha Rao,slack:U0ASHA,override,ocr,"override ocr 5 for 1h because a, ""quoted"""/,
  );
  const { file } = await say('audit export jsonl', context);
  equal(JSON.parse(file!.text.trim()).seq, 1);
  equal((await say('audit export csv', { ...context, authority: allowed('viewer') })).refused, 'denied');
  equal((await say('audit', { ...context, authority: allowed('viewer') })).refused, undefined);
});

test('who tried what they may not is in the audit, once in a while; a store that is away refuses all the same', async () => {
  const { context, store } = aScene({ authority: allowed('viewer') });
  for (let n = 0; n < 3; n += 1)
    equal((await say('override ocr 1 for 1h because I can', context)).refused, 'denied');
  equal((await say('freeze ocr for 1h because I can', context)).refused, 'denied');
  const [freeze, override, ...more] = await store.audit(10);
  equal(more.length, 0);
  deepEqual(
    [override?.action, override?.by.id, override?.said, override?.detail],
    [
      'denied',
      'slack:U0ASHA',
      'override ocr 1 for 1h because I can',
      { where: 'C0OTHER', verb: 'override', needed: 'operator', role: 'viewer', unknown: [] },
    ],
  );
  equal(freeze?.detail?.verb, 'freeze');
  const away = async () => {
    throw new OutsideError('redis', 'append', 'away', { class: 'retry', why: 'unreachable' });
  };
  const alone = { ...context, store: { ...context.store, once: away } };
  equal((await say('run ocr', alone)).refused, 'denied');
});

test('a cell that a spreadsheet would run is quoted', () => {
  const by = { id: 'x', name: '=HYPERLINK("http://x")' };
  const entry = {
    seq: 1,
    hash: 'h',
    previous: 'p',
    at: NOON,
    by,
    action: 'run',
    fleet: null,
    said: '@SUM(1)',
  };
  match(auditCsv([entry]), /,"'=HYPERLINK\(""http:\/\/x""\)",x,run,,"'@SUM\(1\)",/);
});

test('what looks like a credential is hidden, and ordinary words are not', () => {
  // Put together here, so that no scanner takes this file for a leak.
  const secrets = [
    `xox${'b'}-123456789-abcdefgh`,
    `AKI${'A'}ABCDEFGHIJKLMNOP`,
    `token=hunter2hunter2`,
    'Bearer abcdefghijklmnop',
  ];
  for (const secret of secrets) {
    const shown = withoutSecrets(`freeze for 1h because ${secret} leaked`);
    ok(shown.includes(HIDDEN) && shown.endsWith('leaked'), shown);
    ok(!shown.includes('hunter2') && !shown.includes('abcdefgh') && !shown.includes('ABCDEFGH'), shown);
  }
  for (const plain of ['override face-match 12 for 2h because token service is slow', 'basic load test']) {
    equal(withoutSecrets(plain), plain);
  }
});

test('doctor names what is wrong with its fix, in words', async () => {
  const { context, store } = aScene({
    checks: {
      run: async () => [{ what: 'Slack: token', ok: false, detail: 'invalid_auth', fix: 'Copy it again.' }],
    },
  });
  await withDecision(store, 'ocr');
  const { message } = await say('doctor', context);
  equal(message.tone, 'bad');
  match(
    shellText(message),
    /broken: Slack: token: invalid_auth\. What to do: Copy it again.*broken: Numbers of face-match: there is none yet.*could be better: Roles.*good: Numbers of ocr: fresh.*good: Audit chain: whole/s,
  );
  equal((await say('doctor', { ...context, authority: allowed('viewer') })).refused, 'denied');
});
