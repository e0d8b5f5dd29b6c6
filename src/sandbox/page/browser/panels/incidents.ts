/** PagerDuty's incidents, newest first, open ones above. */
import { at, h } from '../app/dom.js';
import { store } from '../app/store.js';
import { clockTime } from '../kit/dates.js';

const shownIncidents = 6;
const tones: Record<string, string> = { triggered: 'bad', acknowledged: 'warn', resolved: 'good' };
let drawn = '';

export function drawIncidents(): void {
  const incidents = [...(store.latest?.incidents ?? [])].reverse();
  const state = JSON.stringify(incidents);
  if (state === drawn) return;
  drawn = state;
  const isOpen = (status: string): boolean => status !== 'resolved';
  const sorted = [
    ...incidents.filter((each) => isOpen(each.status)),
    ...incidents.filter((each) => !isOpen(each.status)),
  ];
  at('incidents').replaceChildren(
    ...(sorted.length === 0
      ? [h('li', { class: 'muted' }, 'No incident so far.')]
      : sorted
          .slice(0, shownIncidents)
          .map((incident) =>
            h(
              'li',
              {},
              h('span', { class: `pill ${tones[incident.status] ?? 'info'}` }, incident.status),
              h('span', { class: 'incident-words' }, incident.summary),
              h(
                'time',
                { class: 'muted', datetime: new Date(incident.at).toISOString() },
                clockTime(incident.at),
              ),
            ),
          )),
  );
}
