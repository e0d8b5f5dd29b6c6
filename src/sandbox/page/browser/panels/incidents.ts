/** PagerDuty's incidents, newest first, open ones above: their notes, and what one can do to them there. */
import * as api from '../app/api.js';
import { at, h } from '../app/dom.js';
import type { Incident } from '../app/shapes.js';
import { store } from '../app/store.js';
import { clockTime } from '../kit/dates.js';
import { tell } from './notice.js';

const shownIncidents = 6;
const shownNotes = 4;
const acts: [string, string][] = [
  ['acknowledge', 'Acknowledge'],
  ['resolve', 'Resolve'],
  ['hold-scale-down', 'Hold scale-down 1 h'],
  ['run-remedy', 'Run the fitting remedy'],
  ['add-diagnostics', 'Add diagnostics'],
];
const tones: Record<string, string> = { triggered: 'bad', acknowledged: 'warn', resolved: 'good' };
let drawn = '';
let isBusy = false;

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
              ...notesOf(incident),
              ...(isOpen(incident.status) ? [buttonsOf(incident)] : []),
            ),
          )),
  );
}

function notesOf(incident: Incident): HTMLElement[] {
  const notes = (incident.notes ?? []).slice(-shownNotes);
  if (notes.length === 0) return [];
  const lines = notes.map(({ by, text, at: when }) =>
    h('li', {}, h('span', { class: 'muted' }, `${clockTime(when)} ${by}: `), text),
  );
  return [h('ul', { class: 'incident-notes', 'aria-label': `Notes of ${incident.summary}` }, ...lines)];
}

function buttonsOf(incident: Incident): HTMLElement {
  const offered = acts.filter(([act]) => act !== 'acknowledge' || incident.status === 'triggered');
  const buttons = offered.map(([act, label]) =>
    h(
      'button',
      {
        type: 'button',
        class: 'quiet',
        'aria-label': `${label}: ${incident.summary}`,
        click: () => void attempt(incident.id, act),
      },
      label,
    ),
  );
  return h('div', { class: 'incident-acts' }, ...buttons);
}

async function attempt(id: string, act: string): Promise<void> {
  if (isBusy) return;
  isBusy = true;
  try {
    await api.onIncident(id, act);
  } catch (error) {
    tell((error as Error).message);
  } finally {
    isBusy = false;
  }
}
