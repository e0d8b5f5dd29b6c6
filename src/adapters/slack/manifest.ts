/**
 * The Slack app as Slack's app manifest describes it: what the code needs and nothing more. manifest.yml and its Socket
 * Mode twin are written from here, and a test holds them equal.
 */
import { z } from 'zod';

export interface ManifestOptions {
  /** The slash command, '/muster'. */
  command: string;
  /** First words of the usage hint. */
  verbs: string[];
  /** Where Slack reaches the bot; null: Socket Mode, nothing has to be reachable. */
  baseUrl: string | null;
}

/** Each scope with the reason why it is asked for: docs/SLACK.md shows the same. */
export const SCOPES: Record<string, string> = {
  'chat:write': 'post and update decisions and alerts',
  commands: 'take the slash command',
  'users:read': 'read the name and time zone of who speaks, and refuse guests and bots',
  'users:read.email': 'match a person with the PagerDuty rota and with lists of addresses, for roles',
  'usergroups:read': 'read who is in the user groups that give roles',
  'channels:read': 'find the configured public channels by name',
  'groups:read': 'find the configured private channels by name',
  'channels:history': 'look for its own message after an unanswered post instead of posting twice',
  'groups:history': 'the same in private channels',
  'files:write': 'show the chart of why and forecast as a picture',
};

/** The limits that Slack documents; an unknown key is a mistake. */
export const manifestSchema = z.strictObject({
  _metadata: z.strictObject({ major_version: z.literal(1), minor_version: z.literal(1) }),
  display_information: z.strictObject({
    name: z.string().min(1).max(35),
    description: z.string().max(140),
    long_description: z.string().min(175).max(4_000),
    background_color: z.string().regex(/^#[0-9a-f]{6}$/),
  }),
  features: z.strictObject({
    app_home: z.strictObject({
      home_tab_enabled: z.boolean(),
      messages_tab_enabled: z.boolean(),
      messages_tab_read_only_enabled: z.boolean(),
    }),
    shortcuts: z
      .array(
        z.strictObject({
          name: z.string().min(1).max(24),
          type: z.enum(['message', 'global']),
          callback_id: z.string().min(1).max(255),
          description: z.string().min(1).max(150),
        }),
      )
      .max(10),
    bot_user: z.strictObject({ display_name: z.string().min(1).max(80), always_online: z.boolean() }),
    slash_commands: z
      .array(
        z.strictObject({
          command: z
            .string()
            .regex(/^\/[a-z0-9_-]+$/)
            .min(2)
            .max(32),
          url: z.url({ protocol: /^https$/ }).optional(),
          description: z.string().min(1).max(2_000),
          usage_hint: z.string().max(1_000),
          should_escape: z.boolean(),
        }),
      )
      .max(50),
  }),
  oauth_config: z.strictObject({ scopes: z.strictObject({ bot: z.array(z.string()).min(1) }) }),
  settings: z.strictObject({
    event_subscriptions: z.strictObject({
      request_url: z.url({ protocol: /^https$/ }).optional(),
      bot_events: z.array(z.string()).max(100),
    }),
    interactivity: z.strictObject({
      is_enabled: z.boolean(),
      request_url: z.url({ protocol: /^https$/ }).optional(),
    }),
    org_deploy_enabled: z.boolean(),
    socket_mode_enabled: z.boolean(),
    token_rotation_enabled: z.boolean(),
  }),
});

export type Manifest = z.output<typeof manifestSchema>;

export function buildManifest({ command, verbs, baseUrl }: ManifestOptions): Manifest {
  const url = baseUrl === null ? null : `${baseUrl.replace(/\/$/, '')}/slack/events`;
  return {
    _metadata: { major_version: 1, minor_version: 1 },
    display_information: {
      name: 'Muster',
      description:
        'Musters ML workers before the traffic arrives, says why, and takes your word over its own',
      long_description:
        'Muster forecasts the load of each fleet of ML workers, decides every 20 minutes how many must stand ready, moves the cluster there, and posts what it did and why. You can overrule it for a time, freeze it, ask it why, and look at its history, all with one slash command.',
      background_color: '#1f2937',
    },
    features: {
      app_home: { home_tab_enabled: true, messages_tab_enabled: true, messages_tab_read_only_enabled: true },
      shortcuts: [
        {
          name: 'Explain this decision',
          type: 'message',
          callback_id: 'explain_decision',
          description: 'Shows the numbers behind a decision, in threads too',
        },
      ],
      bot_user: { display_name: 'muster', always_online: true },
      slash_commands: [
        {
          command,
          ...(url === null ? {} : { url }),
          description: 'Status, overrides, freezes and reasons of the fleets',
          usage_hint: verbs.join(' | '),
          should_escape: true,
        },
      ],
    },
    oauth_config: { scopes: { bot: Object.keys(SCOPES) } },
    settings: {
      event_subscriptions: {
        bot_events: ['app_home_opened'],
        ...(url === null ? {} : { request_url: url }),
      },
      interactivity: { is_enabled: true, ...(url === null ? {} : { request_url: url }) },
      org_deploy_enabled: false,
      socket_mode_enabled: url === null,
      token_rotation_enabled: false,
    },
  };
}
