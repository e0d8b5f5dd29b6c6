/** What the cloud does to the nodes (stops one for maintenance, loses a zone), and what befalls workers. */
import * as api from '../app/api.js';
import { at, h } from '../app/dom.js';
import { refresh } from '../app/poll.js';
import { store } from '../app/store.js';
import { tell } from './notice.js';

/** The sandbox's zones; a test holds them equal to the world's. */
const zones = ['asia-south1-a', 'asia-south1-b'];
const NEVER = null;

export function watchCloud(): void {
  const what = at<HTMLSelectElement>('cloud-what');
  what.addEventListener('change', drawCloud);
  at('cloud-form').addEventListener('submit', (event) => {
    event.preventDefault();
    void act(what.value, at<HTMLSelectElement>('cloud-where').value);
  });
}

export function drawCloud(): void {
  const what = at<HTMLSelectElement>('cloud-what').value;
  const wanted = what.startsWith('zone') ? zones : Object.keys(store.latest?.fleets ?? {});
  const where = at<HTMLSelectElement>('cloud-where');
  if ([...where.options].map(({ value }) => value).join() === wanted.join()) return;
  where.replaceChildren(...wanted.map((value) => h('option', { value }, value)));
}

async function act(what: string, where: string): Promise<void> {
  try {
    if (what.startsWith('zone')) await api.switchZone(where, what === 'zone-back');
    else if (what.startsWith('worker-')) await api.befall(where, what.slice('worker-'.length));
    else await api.maintain(where, what === 'soon' ? 900 : 3_600, what === 'never' ? NEVER : 600);
  } catch (error) {
    tell((error as Error).message);
  }
  await refresh();
}
