/** PagerDuty's incidents, newest first, open ones above: their notes, and what one can do to them there. */
import * as api from '../app/api.js';
import { at, h } from '../app/dom.js';
import { refresh } from '../app/poll.js';
import type { Incident } from '../app/shapes.js';
import { store } from '../app/store.js';
import { clockTime } from '../kit/dates.js';
import { tell } from './notice.js';

const shownIncidents = 6;
const shownNotes = 6;
const acts: [string, string][] = [
  ['acknowledge', 'Acknowledge'],
  ['resolve', 'Resolve'],
  ['hold-scale-down', 'Hold scale-down 1 h'],
  ['run-remedy', 'Run the fitting remedy'],
  ['add-diagnostics', 'Add diagnostics'],
];
const tones: Record<string, string> = { triggered: 'bad', acknowledged: 'warn', resolved: 'good' };
/** A line keeps its elements while only notes come: a button must not be exchanged under a finger. */
interface Line {
  item: HTMLElement;
  notes: HTMLElement;
  /** What it was drawn from. */
  about: string;
  said: string;
}
const lines = new Map<string, Line>();
let isBusy = false;

export function drawIncidents(): void {
  const incidents = [...(store.latest?.incidents ?? [])].reverse();
  const isOpen = ({ status }: Incident): boolean => status !== 'resolved';
  const shown = [...incidents.filter(isOpen), ...incidents.filter((each) => !isOpen(each))];
  const items = shown.slice(0, shownIncidents).map((incident) => lineOf(incident).item);
  const wanted = items.length > 0 ? items : [none];
  const list = at('incidents');
  const isMoved =
    wanted.length !== list.children.length || wanted.some((item, index) => list.children[index] !== item);
  if (isMoved) list.replaceChildren(...wanted);
  for (const incident of incidents) drawNotes(incident, isMoved);
}

const none = h('li', { class: 'muted' }, 'No incident so far.');

function lineOf(incident: Incident): Line {
  const { notes: _, ...rest } = incident;
  const about = JSON.stringify(rest);
  const known = lines.get(incident.id);
  if (known?.about === about) return known;
  const label = `Notes of ${incident.summary}`;
  const notes = h('ul', { class: 'incident-notes', 'aria-label': label, tabindex: 0, hidden: true });
  const item = h(
    'li',
    {},
    h('span', { class: `pill ${tones[incident.status] ?? 'info'}` }, incident.status),
    h('span', { class: 'muted' }, whoAndWhen(incident)),
    h('span', { class: 'incident-words' }, incident.summary),
    notes,
    incident.status === 'resolved' ? null : buttonsOf(incident),
  );
  const line = { item, notes, about, said: '' };
  lines.set(incident.id, line);
  return line;
}

function drawNotes({ id, notes = [] }: Incident, isMoved: boolean): void {
  const line = lines.get(id);
  if (line === undefined) return;
  const said = JSON.stringify(notes);
  if (line.said === said) {
    // Elements that were moved have forgotten where they stood.
    if (isMoved) line.notes.scrollTop = line.notes.scrollHeight;
    return;
  }
  line.said = said;
  line.notes.hidden = notes.length === 0;
  line.notes.replaceChildren(
    ...notes
      .slice(-shownNotes)
      .map(({ by, text, at: when }) =>
        h('li', {}, h('span', { class: 'muted' }, `${clockTime(when)} ${by}`), h('p', {}, text)),
      ),
  );
  // The newest note is what somebody waits for.
  line.notes.scrollTop = line.notes.scrollHeight;
}

function whoAndWhen({ by, at: opened }: Incident): string {
  return `${by == null ? '' : `by ${by}, `}opened ${clockTime(opened)}`;
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
        click: () => void attempt(incident.id, act, label),
      },
      label,
    ),
  );
  return h('div', { class: 'incident-acts' }, ...buttons);
}

async function attempt(id: string, act: string, label: string): Promise<void> {
  if (isBusy) return;
  isBusy = true;
  try {
    const { status } = await api.onIncident(id, act);
    at('incidents-said').textContent =
      status === null
        ? `“${label}” is done in PagerDuty; Slack follows.`
        : status === 202
          ? `Muster took “${label}” at once; what comes of it will be a note.`
          : `Muster refused “${label}” (${status === 0 ? 'no answer' : status}).`;
  } catch (error) {
    tell((error as Error).message);
  } finally {
    isBusy = false;
  }
  await refresh();
}
