/** The open channel: its messages in order, drawn again only where something changed, and followed while at its end. */
import * as api from '../app/api.js';
import { at, h } from '../app/dom.js';
import { refreshSoon } from '../app/poll.js';
import type { Message } from '../app/shapes.js';
import { isVisible, musterNow, repliesTo, store } from '../app/store.js';
import { blocksToNodes } from '../kit/blocks.js';
import { clockTime, dayAndTime, dayOf } from '../kit/dates.js';
import { emojiOf } from '../kit/emoji.js';
import { mrkdwn, nameOf } from '../kit/mrkdwn.js';
import { tell } from './notice.js';
import { openThread } from './thread.js';

const nearEnd = 80;

export function drawChannel(): void {
  const list = at('messages');
  const all = [...store.messages.values()]
    .filter((message) => message.channel === store.channel && message.threadTs === null && isVisible(message))
    .sort((a, b) => (a.ts < b.ts ? -1 : 1));
  list.replaceChildren(...all.map((message) => messageNode(message, 'channel')));
  at('no-messages').hidden = all.length > 0;
  days();
  toEnd();
}

/** Brings in what changed: a new message at its place, a changed one where it stands. */
export function applyChanges(changed: Message[], gone: string[]): void {
  const list = at('messages');
  const follow = isAtEnd();
  let isNew = false;
  for (const ts of gone) list.querySelector(`[data-ts="${ts}"]`)?.remove();
  const parents = changed.flatMap((message) => {
    const parent = message.threadTs === null ? message : store.messages.get(message.threadTs);
    return parent === undefined ? [] : [parent];
  });
  for (const message of new Set(parents)) {
    if (message.channel !== store.channel || !isVisible(message)) continue;
    const old = list.querySelector<HTMLElement>(`[data-ts="${message.ts}"]`);
    if (old !== null) replaceKeepingFocus(old, messageNode(message, 'channel'));
    else {
      const next = [...list.children].find((each) => (each as HTMLElement).dataset.ts! > message.ts) ?? null;
      list.insertBefore(messageNode(message, 'channel'), next);
      isNew = true;
    }
  }
  if (changed.length + gone.length === 0) return;
  at('no-messages').hidden = list.childElementCount > 0;
  days();
  if (follow) toEnd();
  else if (isNew) at('to-end').hidden = false;
}

export function toEnd(): void {
  const box = at('scroller');
  const last = at('messages').lastElementChild;
  box.scrollTop = box.scrollHeight;
  // A message taller than the window is read from its beginning.
  if (last instanceof HTMLElement && last.offsetHeight > box.clientHeight)
    last.scrollIntoView({ block: 'start' });
  at('to-end').hidden = true;
}

export function watchScroll(): void {
  at('to-end').addEventListener('click', toEnd);
  at('scroller').addEventListener('scroll', () => {
    if (isAtEnd()) at('to-end').hidden = true;
  });
  // What is below the last message (a picture that loads, a smaller window) must not hide it.
  let wasAtEnd = true;
  at('scroller').addEventListener('scroll', () => {
    wasAtEnd = isAtEnd();
  });
  new ResizeObserver(() => {
    if (wasAtEnd) toEnd();
  }).observe(at('scroller'));
}

export function messageNode(message: Message, where: 'channel' | 'thread'): HTMLElement {
  const author = store.users.get(message.user);
  const isBot = author?.kind === 'bot';
  const time = Number(message.ts) * 1000;
  const content =
    message.blocks.length > 0
      ? blocksToNodes(message.blocks, {
          act: async (action) => {
            try {
              const answered = api.click({ messageTs: message.ts, ...action });
              refreshSoon();
              await answered;
            } catch (error) {
              tell((error as Error).message);
            }
          },
        })
      : [
          h(
            'div',
            { class: 'block block-section' },
            h('div', { class: 'section-words' }, ...mrkdwn(message.text)),
          ),
        ];
  return h(
    'article',
    {
      class: `message${message.onlyFor === null ? '' : ' ephemeral'}${isBot ? ' from-bot' : ''}`,
      'data-ts': message.ts,
      'aria-label': `${nameOf(message.user)}, ${dayAndTime(time)}`,
    },
    avatar(message.user, isBot),
    h(
      'div',
      { class: 'message-body' },
      message.onlyFor === null ? null : h('p', { class: 'only-you' }, 'Only visible to you'),
      h(
        'div',
        { class: 'message-head' },
        h('strong', {}, nameOf(message.user)),
        isBot ? h('span', { class: 'tag' }, 'app') : null,
        h('time', { datetime: new Date(time).toISOString(), title: dayAndTime(time) }, clockTime(time)),
        message.edited ? h('span', { class: 'muted' }, 'updated') : null,
        ...(isBot && message.onlyFor === null ? shortcutButtons(message) : []),
      ),
      ...content,
      message.reactions.length === 0
        ? null
        : h('div', { class: 'reactions' }, ...message.reactions.map((name) => h('span', {}, emojiOf(name)))),
      where === 'channel' ? threadButton(message) : null,
    ),
  );
}

function shortcutButtons(message: Message): HTMLElement[] {
  return store.shortcuts.map(({ callbackId, name }) =>
    h(
      'button',
      {
        type: 'button',
        class: 'quiet',
        title: 'Message shortcut',
        click: async () => {
          try {
            const answered = api.act({ kind: 'shortcut', messageTs: message.ts, callbackId });
            refreshSoon();
            await answered;
          } catch (error) {
            tell((error as Error).message);
          }
        },
      },
      name,
    ),
  );
}

function threadButton(message: Message): HTMLElement | null {
  const replies = repliesTo(message.ts);
  if (replies.length === 0) return null;
  const words = replies.length === 1 ? '1 reply' : `${replies.length} replies`;
  return h('button', { type: 'button', class: 'thread-button', click: () => openThread(message.ts) }, words);
}

function avatar(user: string, isBot: boolean): HTMLElement {
  const initials = nameOf(user)
    .split(/\s+/)
    .map((word) => word[0] ?? '')
    .join('')
    .slice(0, 2);
  return h('div', { class: `avatar${isBot ? ' bot' : ''}`, 'aria-hidden': 'true' }, isBot ? 'M' : initials);
}

/** A line between two days. */
function days(): void {
  const list = at('messages');
  let last = '';
  for (const node of list.querySelectorAll<HTMLElement>('[data-ts]')) {
    const day = dayOf(Number(node.dataset.ts) * 1000);
    if (day === last) delete node.dataset.day;
    else node.dataset.day = day;
    last = day;
  }
  at('day-now').textContent = dayOf(musterNow());
}

/** A message that is replaced while somebody's focus is on one of its buttons keeps the focus there. */
function replaceKeepingFocus(old: HTMLElement, next: HTMLElement): void {
  const focused = document.activeElement instanceof HTMLElement && old.contains(document.activeElement);
  const action = focused ? (document.activeElement as HTMLElement).dataset.action : undefined;
  old.replaceWith(next);
  if (focused) {
    const same =
      action === undefined ? null : next.querySelector<HTMLElement>(`[data-action="${CSS.escape(action)}"]`);
    (same ?? next.querySelector<HTMLElement>('button') ?? at('say')).focus();
  }
}

function isAtEnd(): boolean {
  const box = at('scroller');
  return box.scrollHeight - box.scrollTop - box.clientHeight < nearEnd;
}
