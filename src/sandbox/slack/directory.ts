/** Who and what is in the sandbox's workspace. Invented people: each stands for a role that the bot treats differently. */
import type { WorkspaceChannel, WorkspaceGroup, WorkspaceUser } from './shapes.js';

export const teamId = 'T0SANDBOX';
export const appId = 'A0MUSTER';
export const botUserId = 'U0MUSTER';
export const botId = 'B0MUSTER';
/** Slack's own voice: what it tells a person by itself comes from here. */
export const slackbotId = 'USLACKBOT';

export const people: readonly WorkspaceUser[] = [
  {
    id: 'U0ASHA',
    name: 'asha',
    realName: 'Asha Rao',
    title: 'ML operations, on call',
    timeZone: 'Asia/Kolkata',
    kind: 'member',
  },
  {
    id: 'U0RAVI',
    name: 'ravi',
    realName: 'Ravi Menon',
    title: 'Platform lead',
    timeZone: 'Asia/Kolkata',
    kind: 'admin',
  },
  {
    id: 'U0MEERA',
    name: 'meera',
    realName: 'Meera Iyer',
    title: 'Head of data science, approves',
    timeZone: 'Europe/London',
    kind: 'member',
  },
  {
    id: 'U0NOOR',
    name: 'noor',
    realName: 'Noor Khan',
    title: 'Product, may look but not touch',
    timeZone: 'Asia/Kolkata',
    kind: 'member',
  },
  {
    id: 'U0GUEST',
    name: 'gita',
    realName: 'Gita (guest)',
    title: 'Vendor, single-channel guest',
    timeZone: 'America/New_York',
    kind: 'guest',
  },
  {
    id: 'U0OMAR',
    name: 'omar',
    realName: 'Omar (left the company)',
    title: '',
    timeZone: 'Asia/Kolkata',
    kind: 'deactivated',
  },
  {
    id: botUserId,
    name: 'muster',
    realName: 'Muster',
    title: 'Keeps the fleets ready',
    timeZone: 'UTC',
    kind: 'bot',
  },
];

export const groups: readonly WorkspaceGroup[] = [
  { id: 'S0OPERATORS', handle: 'ml-operators', name: 'ML operators', users: ['U0ASHA', 'U0RAVI'] },
  { id: 'S0APPROVERS', handle: 'ml-approvers', name: 'ML approvers', users: ['U0MEERA'] },
];

export const rooms: readonly WorkspaceChannel[] = [
  {
    id: 'C0MLOPS',
    name: 'ml-ops',
    purpose: 'Scaling decisions and commands. Type /muster here.',
    botIsMember: true,
  },
  {
    id: 'C0MLALERTS',
    name: 'ml-alerts',
    purpose: 'Latency and capacity alerts.',
    botIsMember: true,
  },
  { id: 'C0GENERAL', name: 'general', purpose: 'Everybody.', botIsMember: false },
];

/** Seconds east of UTC at `now` in an IANA time zone. */
export function offsetSeconds(timeZone: string, now: number): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(now);
  const value = (type: string): number => Number(parts.find((part) => part.type === type)?.value);
  const local = Date.UTC(
    value('year'),
    value('month') - 1,
    value('day'),
    value('hour'),
    value('minute'),
    value('second'),
  );
  return Math.round((local - now) / 1000);
}

/** A user as users.info shows it. */
export function wireUser(user: WorkspaceUser, now: number): Record<string, unknown> {
  return {
    id: user.id,
    team_id: teamId,
    name: user.name,
    deleted: user.kind === 'deactivated',
    real_name: user.realName,
    tz: user.timeZone,
    tz_label: user.timeZone,
    tz_offset: offsetSeconds(user.timeZone, now),
    profile: {
      title: user.title,
      real_name: user.realName,
      display_name: user.name,
      email: user.kind === 'bot' ? undefined : `${user.name}@sandbox.example`,
    },
    is_admin: user.kind === 'admin',
    is_owner: false,
    is_primary_owner: false,
    is_restricted: user.kind === 'guest',
    is_ultra_restricted: user.kind === 'guest',
    is_bot: user.kind === 'bot',
    is_app_user: false,
  };
}
