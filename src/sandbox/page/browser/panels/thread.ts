/** A message with its replies, in a panel of its own. */
import { at } from '../app/dom.js';
import { repliesTo, store } from '../app/store.js';
import { messageNode } from './messages.js';

let opener: HTMLElement | null = null;

export function openThread(ts: string): void {
  opener = document.activeElement instanceof HTMLElement ? document.activeElement : null;
  store.thread = ts;
  drawThread();
  at('thread-close').focus();
}

export function drawThread(): void {
  const parent = store.thread === null ? undefined : store.messages.get(store.thread);
  at('thread').hidden = parent === undefined;
  document.body.classList.toggle('has-thread', parent !== undefined);
  if (parent === undefined) return;
  at('thread-messages').replaceChildren(
    ...[parent, ...repliesTo(parent.ts)].map((message) => messageNode(message, 'thread')),
  );
}

export function closeThread(): void {
  store.thread = null;
  drawThread();
  opener?.focus();
}

export function watchThread(): void {
  at('thread-close').addEventListener('click', closeThread);
  at('thread').addEventListener('keydown', (event) => {
    if (event.key === 'Escape') closeThread();
  });
}
