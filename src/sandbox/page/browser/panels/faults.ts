/** Breaks a peer for a while, to see what the bot does about it. */
import * as api from '../app/api.js';
import { at, h } from '../app/dom.js';
import { refresh } from '../app/poll.js';
import { musterNow, store } from '../app/store.js';
import { duration } from '../kit/dates.js';
import { tell } from './notice.js';

const kinds: Record<string, string[]> = {
  slack: ['down', 'slow', 'error', 'ratelimit'],
  pagerduty: ['down', 'slow', 'error', 'ratelimit'],
  nomad: ['down', 'slow', 'error'],
  rabbitmq: ['down', 'slow', 'error', 'stale', 'nostats'],
  prometheus: ['down', 'slow', 'error', 'stale'],
  redis: ['down', 'slow', 'error'],
  workers: ['down', 'slow', 'error', 'stale', 'nostats'],
};
const words: Record<string, string> = {
  down: 'is down',
  slow: 'hangs',
  error: 'answers errors',
  ratelimit: 'limits the rate',
  stale: 'shows old numbers',
  nostats: 'has no numbers',
};

export function watchFaults(): void {
  const target = at<HTMLSelectElement>('fault-target');
  target.append(...Object.keys(kinds).map((name) => h('option', { value: name }, name)));
  target.addEventListener('change', drawKinds);
  drawKinds();
  at('fault-form').addEventListener('submit', (event) => {
    event.preventDefault();
    const seconds = Number(at<HTMLSelectElement>('fault-seconds').value);
    void attempt(() => api.breakPeer(target.value, at<HTMLSelectElement>('fault-kind').value, seconds));
  });
}

export function drawFaults(): void {
  const now = musterNow();
  const open = (store.latest?.faults ?? []).filter((fault) => fault.until > now);
  const list = at('faults');
  const known = [...list.children].map((each) => (each as HTMLElement).dataset.id ?? '');
  const isSame = known.join() === open.map((fault) => fault.id).join();
  if (!isSame)
    list.replaceChildren(
      ...open.map(({ id, target, kind }) =>
        h(
          'li',
          { 'data-id': id },
          h('span', { class: 'pill bad' }, target),
          h('span', {}, words[kind] ?? kind),
          h('span', { class: 'muted left' }),
          h(
            'button',
            {
              type: 'button',
              class: 'quiet',
              'aria-label': `End the fault of ${target}`,
              click: () => void attempt(() => api.mendPeer(id)),
            },
            'End',
          ),
        ),
      ),
    );
  for (const [index, fault] of open.entries()) {
    const left = list.children[index]?.querySelector('.left');
    if (left !== null && left !== undefined) left.textContent = `${duration(fault.until - now)} left`;
  }
}

function drawKinds(): void {
  const chosen = kinds[at<HTMLSelectElement>('fault-target').value] ?? [];
  at('fault-kind').replaceChildren(
    ...chosen.map((kind) => h('option', { value: kind }, words[kind] ?? kind)),
  );
}

async function attempt(what: () => Promise<unknown>): Promise<void> {
  try {
    await what();
  } catch (error) {
    tell((error as Error).message);
  }
  await refresh();
}
