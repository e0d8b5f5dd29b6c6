/** The shapes of the stand-in workspace: people, channels, messages, views. Names follow Slack's wire format where they leave. */

export type Fields = Record<string, unknown>;
export type Block = Fields & { type: string; block_id?: string };

export interface WorkspaceUser {
  id: string;
  /** The handle, 'asha'. */
  name: string;
  realName: string;
  title: string;
  /** IANA time zone. */
  timeZone: string;
  kind: 'member' | 'admin' | 'guest' | 'bot' | 'deactivated';
}

export interface WorkspaceGroup {
  id: string;
  handle: string;
  name: string;
  users: string[];
}

export interface WorkspaceChannel {
  id: string;
  /** Without '#'. */
  name: string;
  purpose: string;
  /** Whether the bot was invited: it may not post where it was not. */
  botIsMember: boolean;
}

export interface StoredMessage {
  channel: string;
  ts: string;
  /** The bot's or a person's id. */
  user: string;
  text: string;
  blocks: Block[];
  /** Parent's ts for a reply, else null. */
  threadTs: string | null;
  metadata: Fields | null;
  edited: boolean;
  reactions: string[];
  /** The only person who sees it; null: everybody in the channel. */
  onlyFor: string | null;
  /** Grows with each change in the workspace: what changed since is what has a larger one. */
  rev: number;
}

export interface StoredView {
  id: string;
  hash: string;
  user: string;
  type: 'modal' | 'home';
  /** As the bot gave it, blocks with ids. */
  view: Fields & { blocks: Block[] };
  /** The modal it was pushed upon. */
  previous: string | null;
  root: string;
  /** Messages below inputs after a refused submission, by block id. */
  errors: Record<string, string>;
  rev: number;
}

export interface StoredFile {
  id: string;
  name: string;
  title: string;
  altText: string;
  bytes: Buffer;
  complete: boolean;
}

/** One answer to a command, a click or a submission, as the control interface gives it. */
export interface Answer {
  kind: 'ephemeral' | 'in_channel' | 'modal';
  ts: string | null;
  text: string | null;
  blocks: Block[];
  view: Fields | null;
}

/** Slack's own error code, answered as {ok: false, error}. */
export class SlackError extends Error {
  override readonly name = 'SlackError';
  constructor(
    readonly code: string,
    readonly details: string[] = [],
    readonly extra: Fields = {},
  ) {
    super(code);
  }
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
