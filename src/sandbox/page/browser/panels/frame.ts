/** What stands around the channel: the banner with the simulated clock, the list of channels, who is looking, the tabs. */
import * as api from '../app/api.js';
import { at, h } from '../app/dom.js';
import { refreshSoon } from '../app/poll.js';
import { musterNow, store } from '../app/store.js';
import { dayAndTime, duration, zoneName } from '../kit/dates.js';
import { applyChanges, drawChannel } from './messages.js';
import { tell } from './notice.js';
import { drawThread } from './thread.js';
import { drawViews } from './views.js';

const unread = new Map<string, number>();

export function drawFrame(): void {
  drawChannels();
  const user = at<HTMLSelectElement>('user');
  user.replaceChildren(
    ...[...store.users.values()]
      .filter((each) => each.kind !== 'bot')
      .map((each) => h('option', { value: each.id, selected: each.id === store.user }, each.realName)),
  );
  at('apps').hidden = !store.hasHome;
  drawPerson();
}

export function drawBanner(): void {
  const { latest } = store;
  if (latest === null) return;
  const now = musterNow();
  at('clock').textContent = `${dayAndTime(now)} ${zoneName(now)}`;
  at('speed').textContent = `${latest.speed}×`;
  const cycle = (store.about[0]?.cycleSeconds ?? 1200) * 1000;
  const left = cycle - (now % cycle);
  const real = Math.ceil(left / latest.speed / 1000);
  at('next').textContent = `next cycle in ${duration(left)}${latest.speed > 1 ? ` (${real} s)` : ''}`;
  at('bots').textContent = latest.bots === 1 ? '1 bot' : `${latest.bots} bots`;
  const notes = latest.notes.slice(-6).join('\n');
  if (at('note').textContent !== notes) at('note').textContent = notes;
  at('note').hidden = notes === '';
}

export function countUnread(channels: string[]): void {
  for (const channel of channels)
    if (channel !== store.channel || store.place !== 'channel')
      unread.set(channel, (unread.get(channel) ?? 0) + 1);
  drawChannels();
}

export function watchFrame(): void {
  at('user').addEventListener('change', () => {
    store.user = at<HTMLSelectElement>('user').value;
    localStorage.setItem('user', store.user);
    drawPerson();
    drawChannel();
    drawThread();
    drawViews();
    if (store.place === 'home') void openHome();
  });
  at('home-open').addEventListener('click', () => void openHome());
  for (const tab of document.querySelectorAll<HTMLElement>('[data-show]'))
    tab.addEventListener('click', () => show(tab.dataset.show ?? 'chat'));
}

/** On narrow screens one of the two halves is seen: the chat or the fleets. */
function show(what: string): void {
  document.body.dataset.half = what;
  for (const tab of document.querySelectorAll<HTMLElement>('[data-show]'))
    tab.setAttribute('aria-pressed', String(tab.dataset.show === what));
  if (what === 'chat') applyChanges([], []);
}

function drawChannels(): void {
  const buttons = store.channels.map((channel) => {
    const isOpen = store.place === 'channel' && channel.id === store.channel;
    const waiting = unread.get(channel.id) ?? 0;
    return h(
      'button',
      {
        type: 'button',
        class: 'channel',
        'aria-current': isOpen ? 'page' : null,
        click: () => openChannel(channel.id),
      },
      h('span', { 'aria-hidden': 'true' }, '# '),
      channel.name,
      waiting > 0
        ? h(
            'span',
            { class: 'unread' },
            String(Math.min(99, waiting)),
            h('span', { class: 'visually-hidden' }, ' new'),
          )
        : null,
    );
  });
  const list = at('channels');
  const state = buttons.map((button) => button.outerHTML).join('');
  if (list.dataset.state === state) return;
  const focused = [...list.children].indexOf(document.activeElement as Element);
  list.dataset.state = state;
  list.replaceChildren(...buttons);
  buttons[focused]?.focus();
  at('home-open').toggleAttribute('aria-current', store.place === 'home');
  if (store.place === 'home') at('home-open').setAttribute('aria-current', 'page');
  else at('home-open').removeAttribute('aria-current');
  const open = store.channels.find((channel) => channel.id === store.channel);
  at('channel-name').textContent = store.place === 'home' ? 'Muster’s home' : `# ${open?.name ?? ''}`;
  at('channel-purpose').textContent =
    store.place === 'home' ? 'The app’s own tab for this person' : (open?.purpose ?? '');
  at('home').hidden = store.place !== 'home';
  at('scroller').hidden = store.place === 'home';
}

function openChannel(id: string): void {
  store.place = 'channel';
  store.channel = id;
  store.thread = null;
  unread.delete(id);
  drawChannels();
  drawChannel();
  drawThread();
  show('chat');
}

async function openHome(): Promise<void> {
  store.place = 'home';
  drawChannels();
  show('chat');
  try {
    const opened = api.act({ kind: 'home' });
    refreshSoon();
    await opened;
  } catch (error) {
    tell((error as Error).message);
  }
  refreshSoon();
}

function drawPerson(): void {
  const user = store.users.get(store.user);
  at('user-title').textContent = user === undefined ? '' : user.title;
}
