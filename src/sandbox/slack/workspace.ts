/** The workspace's memory: channels with their messages, modals, home tabs and files. No HTTP, no rules of the Web API. */
import type { Clock } from '../../ports.js';
import {
  type Block,
  type Fields,
  isFields,
  type StoredFile,
  type StoredMessage,
  type StoredView,
  type WorkspaceChannel,
  type WorkspaceGroup,
  type WorkspaceUser,
} from './shapes.js';

const keptPerChannel = 1000;
/** What single people saw is forgotten sooner, so that it never pushes out what everybody reads. */
const keptEphemeral = 200;
const keptFiles = 60;
const keptPerUser = 20;

export interface SavedWorkspace {
  v: 1;
  lastMicros: number;
  joined: string[];
  messages: StoredMessage[];
}

export type NewMessage = Pick<StoredMessage, 'channel' | 'user' | 'text' | 'blocks'> &
  Partial<Pick<StoredMessage, 'threadTs' | 'metadata' | 'onlyFor'>>;

export type Workspace = ReturnType<typeof createWorkspace>;

export function createWorkspace(options: {
  clock: Clock;
  users: readonly WorkspaceUser[];
  groups: readonly WorkspaceGroup[];
  channels: readonly WorkspaceChannel[];
}) {
  const { clock, users, groups } = options;
  const channels = options.channels.map((channel) => ({ ...channel }));
  const messages = new Map<string, StoredMessage[]>(channels.map((channel) => [channel.id, []]));
  const views = new Map<string, StoredView>();
  const homes = new Map<string, StoredView>();
  const files = new Map<string, StoredFile>();
  const deleted: { rev: number; channel: string; ts: string }[] = [];
  let lastMicros = 0;
  let rev = 0;
  let counter = 0;

  /** Unique and ordered over the whole workspace, from the Muster clock. */
  function nextTs(): string {
    lastMicros = Math.max(lastMicros + 1, Math.floor(clock.now()) * 1000);
    return `${Math.floor(lastMicros / 1e6)}.${String(lastMicros % 1e6).padStart(6, '0')}`;
  }

  function withIds(blocks: Block[]): Block[] {
    return structuredClone(blocks).map((block) => {
      block.block_id ??= `b${++counter}`;
      const elements = Array.isArray(block.elements) ? block.elements : [block.accessory, block.element];
      if (['actions', 'section', 'input'].includes(block.type))
        for (const element of elements)
          if (isFields(element) && element.type !== 'image') element.action_id ??= `a${++counter}`;
      return block;
    });
  }

  function post(given: NewMessage): StoredMessage {
    const list = messages.get(given.channel)!;
    const message: StoredMessage = {
      channel: given.channel,
      ts: nextTs(),
      user: given.user,
      text: given.text,
      blocks: withIds(given.blocks),
      threadTs: given.threadTs ?? null,
      metadata: given.metadata ?? null,
      edited: false,
      reactions: [],
      onlyFor: given.onlyFor ?? null,
      rev: ++rev,
    };
    list.push(message);
    forgetOldest(list, (each) => each.onlyFor !== null, keptEphemeral);
    forgetOldest(list, (each) => each.onlyFor === null, keptPerChannel);
    return message;
  }

  function change(
    message: StoredMessage,
    next: Partial<Pick<StoredMessage, 'text' | 'metadata' | 'reactions'>> & { blocks?: Block[] },
  ): void {
    if (next.text !== undefined) message.text = next.text;
    if (next.metadata !== undefined) message.metadata = next.metadata;
    if (next.reactions !== undefined) message.reactions = next.reactions;
    else message.edited = true;
    if (next.blocks !== undefined) message.blocks = withIds(next.blocks);
    message.rev = ++rev;
  }

  function remove(message: StoredMessage): void {
    const list = messages.get(message.channel)!;
    const at = list.indexOf(message);
    if (at >= 0) list.splice(at, 1);
    deleted.push({ rev: ++rev, channel: message.channel, ts: message.ts });
    if (deleted.length > 500) deleted.shift();
  }

  function openView(
    user: string,
    view: Fields & { blocks: Block[] },
    previous: StoredView | null,
  ): StoredView {
    const id = `V${String(++counter).padStart(8, '0')}`;
    const stored: StoredView = {
      id,
      hash: `${clock.now()}.${counter}`,
      user,
      type: view.type === 'home' ? 'home' : 'modal',
      view: { ...view, blocks: withIds(view.blocks) },
      previous: previous?.id ?? null,
      root: previous?.root ?? id,
      errors: {},
      rev: ++rev,
    };
    if (stored.type === 'home') homes.set(user, stored);
    views.set(id, stored);
    // A closed browser tab never says goodbye, so a person's oldest views go when there are too many.
    const theirs = [...views.values()].filter((each) => each.user === user && each.type === 'modal');
    for (const old of theirs.slice(0, Math.max(0, theirs.length - keptPerUser))) views.delete(old.id);
    return stored;
  }

  function changeView(stored: StoredView, view: Fields & { blocks: Block[] }): void {
    stored.view = { ...view, blocks: withIds(view.blocks) };
    stored.hash = `${clock.now()}.${++counter}`;
    stored.errors = {};
    stored.rev = ++rev;
  }

  function keepFile(file: StoredFile): void {
    files.set(file.id, file);
    for (const id of [...files.keys()].slice(0, Math.max(0, files.size - keptFiles))) files.delete(id);
  }

  return {
    users,
    groups,
    channels,
    post,
    change,
    remove,
    openView,
    changeView,
    keepFile,
    views,
    homes,
    files,
    deleted: deleted as readonly { rev: number; channel: string; ts: string }[],
    newId: (prefix: string): string => `${prefix}${(++counter).toString(36).toUpperCase().padStart(9, '0')}`,
    rev: (): number => rev,
    closeView(view: StoredView): void {
      views.delete(view.id);
      rev += 1;
    },
    refuseView(view: StoredView, errors: Record<string, string>): void {
      view.errors = errors;
      view.rev = ++rev;
    },
    messages: (channel: string): readonly StoredMessage[] => messages.get(channel) ?? [],
    message: (channel: string, ts: string): StoredMessage | null =>
      messages.get(channel)?.findLast((message) => message.ts === ts) ?? null,
    channel: (name: string): WorkspaceChannel | null =>
      channels.find((each) => each.id === name || each.name === name.replace(/^#/, '')) ?? null,
    user: (name: string): WorkspaceUser | null =>
      users.find((each) => each.id === name || each.name === name.replace(/^@/, '').toLowerCase()) ?? null,
    save: (): SavedWorkspace => ({
      v: 1,
      lastMicros,
      joined: channels.filter((each) => each.botIsMember).map((each) => each.id),
      messages: [...messages.values()].flat(),
    }),
    restore(saved: unknown): void {
      if (!isFields(saved) || saved.v !== 1) return;
      const { messages: kept, joined, lastMicros: last } = saved as unknown as SavedWorkspace;
      lastMicros = last;
      for (const each of channels) each.botIsMember = joined.includes(each.id);
      for (const message of kept) {
        messages.get(message.channel)?.push({ ...message, rev: ++rev });
      }
      // Generated ids must not meet restored ones.
      counter += 1_000_000 + (Math.floor(last / 1e6) % 1_000_000);
    },
  };
}

/** Takes the first of a kind out of the list when there are more than `most` of them; called with each that is added. */
function forgetOldest(list: StoredMessage[], is: (each: StoredMessage) => boolean, most: number): void {
  if (list.length <= most) return;
  let count = 0;
  for (const each of list) if (is(each)) count += 1;
  if (count > most) list.splice(list.findIndex(is), 1);
}
