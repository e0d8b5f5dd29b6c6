/** What the page knows: grows by updates, tells its readers when it changed. */
import type { Channel, FleetAbout, Message, Point, Shortcut, Update, User, View } from './shapes.js';

const keptPoints = 288;
/** Older messages leave the page, so that it stays quick on a long day. */
const keptMessages = 3000;

export interface Store {
  latest: Update | null;
  command: string;
  users: Map<string, User>;
  channels: Channel[];
  about: FleetAbout[];
  shortcuts: Shortcut[];
  hasHome: boolean;
  /** By timestamp. */
  messages: Map<string, Message>;
  views: View[];
  points: Point[];
  /** Ids: who is looking, and at what. */
  user: string;
  channel: string;
  place: 'channel' | 'home';
  thread: string | null;
  /** Machine time when `latest.clock` was right. */
  seenAt: number;
}

export const store: Store = {
  latest: null,
  command: '/muster',
  users: new Map(),
  channels: [],
  about: [],
  shortcuts: [],
  hasHome: false,
  messages: new Map(),
  views: [],
  points: [],
  user: localStorage.getItem('user') ?? '',
  channel: '',
  place: 'channel',
  thread: null,
  seenAt: 0,
};

/** Takes an update in. Answers which messages changed, so that only those are drawn again. */
export function take(update: Update): { changed: Message[]; gone: string[] } {
  store.latest = update;
  store.seenAt = Date.now();
  const gone = [...update.deleted];
  if (update.first) {
    gone.push(...store.messages.keys());
    store.messages.clear();
    store.points = [];
    store.command = update.command ?? store.command;
    store.users = new Map((update.users ?? []).map((user) => [user.id, user]));
    store.channels = update.channels ?? [];
    store.about = update.about ?? [];
    store.shortcuts = update.shortcuts ?? [];
    store.hasHome = update.hasHome ?? false;
    if (!store.users.has(store.user)) store.user = update.users?.[0]?.id ?? '';
    if (!store.channels.some((channel) => channel.id === store.channel))
      store.channel = store.channels[0]?.id ?? '';
  }
  for (const ts of update.deleted) store.messages.delete(ts);
  for (const message of update.messages) store.messages.set(message.ts, message);
  if (store.messages.size > keptMessages) {
    const oldest = [...store.messages.keys()].sort().slice(0, store.messages.size - keptMessages + 200);
    for (const ts of oldest) store.messages.delete(ts);
    gone.push(...oldest);
  }
  store.views = update.views;
  const from = update.points[0]?.at ?? Number.POSITIVE_INFINITY;
  store.points = [...store.points.filter((point) => point.at < from), ...update.points].slice(-keptPoints);
  return { changed: update.messages, gone };
}

/** The Muster clock now, as far as the page can tell between two updates. */
export function musterNow(): number {
  if (store.latest === null) return 0;
  return store.latest.clock + Math.min(5000, Date.now() - store.seenAt) * store.latest.speed;
}

export function isVisible(message: Message): boolean {
  return message.onlyFor === null || message.onlyFor === store.user;
}

export function repliesTo(ts: string): Message[] {
  return [...store.messages.values()]
    .filter((message) => message.threadTs === ts && isVisible(message))
    .sort((a, b) => (a.ts < b.ts ? -1 : 1));
}
