/** Asks for what changed: once a second while the page is looked at, and at once after somebody did something. */
import { fetchUpdate } from './api.js';
import type { Message } from './shapes.js';
import { store, take } from './store.js';

const everyMs = 1000;

export interface Change {
  first: boolean;
  changed: Message[];
  gone: string[];
}

let listener: (change: Change) => void = () => {};
let lost: (isLost: boolean) => void = () => {};
let running: Promise<void> | null = null;

export function startPolling(onChange: (change: Change) => void, onLost: (isLost: boolean) => void): void {
  listener = onChange;
  lost = onLost;
  const tick = async (): Promise<void> => {
    if (!document.hidden || store.latest === null) await refresh();
    window.setTimeout(() => void tick(), everyMs);
  };
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) void refresh();
  });
  void tick();
}

/** One request at a time: two answers in the wrong order would bring old things back. */
export async function refresh(): Promise<void> {
  while (running !== null) await running;
  running = once();
  await running;
}

async function once(): Promise<void> {
  try {
    const update = await fetchUpdate();
    const { changed, gone } = take(update);
    lost(false);
    listener({ first: update.first, changed, gone });
  } catch {
    lost(true);
  } finally {
    running = null;
  }
}

export function refreshSoon(): void {
  for (const wait of [120, 450]) window.setTimeout(() => void refresh(), wait);
}
