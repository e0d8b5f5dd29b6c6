/**
 * What `doctor` asks of Slack: does the token work, which scopes does it lack, is the bot in its channels, does this process
 * tell a good signature from a bad one, and do the two clocks agree. Never throws.
 */
import { createHmac } from 'node:crypto';
import type { CheckResult } from '../../ports.js';
import { createClient } from './client.js';
import { problemOf } from './guard.js';
import type { SlackOptions } from './index.js';
import { SCOPES } from './manifest.js';

/** Slack refuses what differs by five minutes; half a minute is already a clock that nobody sets. */
const MOST_SKEW_SECONDS = 30;

export async function checkSlack(
  options: Pick<SlackOptions, 'config' | 'timeoutMs' | 'log'>,
  wanted: string[],
): Promise<CheckResult[]> {
  const { config } = options;
  const signature = config.mode === 'http' ? [checkSignature(config.signingSecret)] : [];
  const token = await checkToken(options);
  if (!token.works) return [...token.checks, ...signature];
  return [...token.checks, ...signature, await checkChannels(options, wanted)];
}

async function checkToken({
  config,
  timeoutMs,
}: Pick<SlackOptions, 'config' | 'timeoutMs'>): Promise<{ works: boolean; checks: CheckResult[] }> {
  const what = 'Slack: token';
  const base = config.apiUrl ?? 'https://slack.com/api/';
  try {
    const asked = Date.now();
    // The client keeps the headers to itself, and two of them are what is looked for.
    const response = await fetch(new URL('auth.test', base.endsWith('/') ? base : `${base}/`), {
      method: 'POST',
      headers: { authorization: `Bearer ${config.botToken}` },
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const answered = Date.now();
    const answer = (await response.json()) as { ok?: boolean; error?: string; team?: string; user?: string };
    if (answer.ok !== true) {
      const fix =
        'Set SLACK_BOT_TOKEN to the bot token of the installed app (docs/SLACK.md), then start again.';
      return {
        works: false,
        checks: [{ what, ok: false, detail: String(answer.error ?? response.status), fix }],
      };
    }
    const checks: CheckResult[] = [
      {
        what,
        ok: true,
        detail: `it works, as ${answer.user ?? 'the bot'} in ${answer.team ?? 'the workspace'}`,
      },
      checkScopes(response.headers.get('x-oauth-scopes')),
      checkClock(response.headers.get('date'), (asked + answered) / 2),
    ];
    return { works: true, checks };
  } catch (error) {
    const detail =
      error instanceof Error && error.name === 'TimeoutError' ? 'no answer in time' : 'no connection';
    const fix =
      'Look at the network between the bot and slack.com; the loop goes on meanwhile and posts wait.';
    return { works: false, checks: [{ what, ok: false, detail, fix }] };
  }
}

function checkScopes(header: string | null): CheckResult {
  const what = 'Slack: scopes';
  if (header === null) return { what, ok: true, detail: 'Slack does not say which ones there are' };
  const has = new Set(header.split(',').map((scope) => scope.trim()));
  const lacking = Object.keys(SCOPES).filter((scope) => !has.has(scope));
  if (lacking.length === 0) return { what, ok: true, detail: 'all are there' };
  const why = lacking.map((scope) => `${scope} (${SCOPES[scope]})`).join(', ');
  return {
    what,
    ok: false,
    detail: `lacking ${why}`,
    fix: 'Update the app from manifest.yml, then install it again.',
  };
}

function checkClock(date: string | null, here: number): CheckResult {
  const what = 'Clock';
  const there = Date.parse(date ?? '');
  if (Number.isNaN(there)) return { what, ok: true, detail: 'Slack does not say what time it is' };
  const skew = Math.round(Math.abs(here - there) / 1_000);
  if (skew <= MOST_SKEW_SECONDS)
    return { what, ok: true, detail: `within ${Math.max(1, skew)} s of Slack’s` };
  return {
    what,
    ok: false,
    detail: `${skew} s ${here > there ? 'ahead of' : 'behind'} Slack’s`,
    fix: 'Set the machine’s clock by NTP: beyond five minutes Slack’s requests are refused.',
  };
}

/** Made and judged here, by the same code that judges requests: a good one passes, an altered and an old one do not. */
function checkSignature(secret: string): CheckResult {
  const what = 'Slack: signatures';
  const now = Math.floor(Date.now() / 1_000);
  const body = 'command=%2Fmuster&text=doctor';
  const sign = (at: number): string =>
    `v0=${createHmac('sha256', secret).update(`v0:${at}:${body}`).digest('hex')}`;
  const judge = (text: string, at: number): string | null =>
    problemOf(Buffer.from(text), sign(at), String(at), secret);
  const good = judge(body, now) === null;
  const refused = [judge(`${body}x`, now), judge(body, now - 600), judge(body, now + 600)].every(
    (problem) => problem !== null,
  );
  if (good && refused)
    return { what, ok: true, detail: 'good ones pass; altered, old and future ones do not' };
  return {
    what,
    ok: false,
    detail: good ? 'a bad one would pass' : 'a good one would be refused',
    fix: 'Set SLACK_SIGNING_SECRET to the app’s own (Basic Information, App Credentials).',
  };
}

async function checkChannels(
  { config, timeoutMs, log }: Pick<SlackOptions, 'config' | 'timeoutMs' | 'log'>,
  wanted: string[],
): Promise<CheckResult> {
  const what = 'Slack: channels';
  const fix = 'Type /invite @muster in each, and compare the names in muster.yml.';
  try {
    const client = createClient({ token: config.botToken, apiUrl: config.apiUrl, timeoutMs, log });
    const member = new Set<string>();
    let cursor: string | undefined;
    for (let page = 0; page < 20; page += 1) {
      const answer = await client.conversations.list({
        types: 'public_channel,private_channel',
        exclude_archived: true,
        limit: 500,
        ...(cursor === undefined ? {} : { cursor }),
      });
      for (const { id, name, is_member: isMember } of answer.channels ?? []) {
        if (isMember === true) for (const known of [id, name]) if (known !== undefined) member.add(known);
      }
      cursor = answer.response_metadata?.next_cursor;
      if (cursor === undefined || cursor === '') break;
    }
    const outside = [...new Set(wanted)].filter((channel) => !member.has(channel.replace(/^#/, '')));
    if (outside.length === 0) return { what, ok: true, detail: 'the bot is in all of them' };
    return { what, ok: false, detail: `the bot is not in ${outside.join(', ')}`, fix };
  } catch {
    return {
      what,
      ok: false,
      detail: 'the list of channels could not be read',
      fix: 'See the token and scopes above.',
    };
  }
}
