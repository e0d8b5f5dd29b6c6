/** What happens besides faults of peers: a node is stopped, a zone goes out, somebody deploys, workers get stuck or reject messages. */
import * as api from '../app/api.js';
import { at, h } from '../app/dom.js';
import { refresh } from '../app/poll.js';
import { store } from '../app/store.js';
import { clockTime } from '../kit/dates.js';
import { tell } from './notice.js';

/** The sandbox's zones; a test holds them equal to the world's. */
const zones = ['asia-south1-a', 'asia-south1-b'];
const NEVER = null;
const LETTERS = 40;

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
    at('cloud-said').textContent = await done(what, where);
  } catch (error) {
    tell((error as Error).message);
  }
  await refresh();
}

/** What was done, in words. */
async function done(what: string, where: string): Promise<string> {
  if (what === 'dead') {
    await api.deadLetter(where, LETTERS);
    return `${LETTERS} messages of ${where} are dead-lettered: /muster remedy ${where} shows what fits.`;
  }
  if (what.startsWith('zone')) {
    await api.switchZone(where, what === 'zone-back');
    return what === 'zone-back' ? `${where} is back.` : `${where} is out.`;
  }
  if (what.startsWith('worker-')) {
    const { hit } = await api.befall(where, what.slice('worker-'.length));
    return `${where}: ${hit.join(', ') || 'every worker is well'}.`;
  }
  if (what.startsWith('deploy-')) {
    const { zone, image, hasRoom } = await api.deployBeside(where, what.slice('deploy-'.length));
    const canary = hasRoom ? 'its canary comes up' : 'its canary finds no room';
    return `${image} is deployed in ${zone}, ${canary}: /muster status ${where} shows what it waits for.`;
  }
  const { node, at: hour } = await api.maintain(
    where,
    what === 'soon' ? 900 : 3_600,
    what === 'never' ? NEVER : 600,
  );
  return `${node} is stopped at ${clockTime(hour)}${what === 'never' ? ', for ever' : ''}; its watcher tells Muster.`;
}
