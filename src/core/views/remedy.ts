/** Remedies: what there is, what one would do, and how a run goes. */
import type { Role } from '../access.js';
import type { Button, Message, Part } from '../message.js';
import { type Fit, saidAs } from '../remedies/index.js';
import type { Remedy } from '../remedies/remedy.js';
import type { RemedyRun } from '../remedies/run.js';
import { who } from './words.js';

export function remedyList(fleet: string, all: readonly Remedy[], fits: Fit[], command: string): Message {
  const parts: Part[] = [];
  if (fits.length > 0) {
    parts.push(
      { kind: 'text', text: [{ bold: 'Fitting now' }] },
      { kind: 'list', items: fits.map(({ remedy, why }) => [{ code: remedy.name }, `: ${why}.`]) },
      { kind: 'buttons', buttons: fits.map((fit) => remedyButton(fleet, fit)) },
    );
  }
  parts.push(
    { kind: 'text', text: [{ bold: 'All remedies' }] },
    {
      kind: 'list',
      items: all.map(({ name, usage, summary, blast }) => [
        { code: `${command} remedy ${fleet} ${name}${usage === '' ? '' : ` ${usage}`}` },
        ` ${summary} Touches ${blast}.`,
      ]),
    },
    { kind: 'context', text: ['Add ', { code: '--dry-run' }, ' to see what one would do now.'] },
  );
  const [first] = fits;
  return {
    summary:
      first === undefined
        ? `No remedy fits what is seen of ${fleet} now.`
        : `Fitting ${fleet} now: ${first.remedy.name}, because ${first.why}.`,
    title: `Remedies for ${fleet}`,
    tone: 'info',
    parts,
  };
}

export function remedyButton(fleet: string, fit: Pick<Fit, 'remedy' | 'words'>): Button {
  const { remedy } = fit;
  return {
    label: remedy.label,
    command: saidAs(fleet, fit),
    confirm: {
      title: `${remedy.label}?`.slice(0, 100),
      text: `It touches ${remedy.blast}.`.slice(0, 300),
      yes: 'Do it',
      no: 'Leave it',
    },
  };
}

/** Who does what was not done yet, and where. */
export const approvalWords = (role: Role, channel: string): string =>
  `Somebody else with the role ${role} approves it within five minutes, by its button in ${channel}.`;

/** The same message from the start of a run to its end. */
export function remedyMessage(run: RemedyRun): Message {
  const { fleet, name, status, lines, outcome, auto, by } = run;
  const state = {
    running: 'is under way',
    done: 'is done',
    failed: 'failed',
    waits: 'waits for an approval',
  }[status];
  return {
    summary: `The remedy ${name} for ${fleet} ${state}: ${(outcome.at(-1) ?? lines[0] ?? '').slice(0, 200)}`,
    title: `Remedy for ${fleet}: ${name} ${state}`,
    tone: ({ running: 'info', done: 'good', failed: 'bad', waits: 'warn' } as const)[status],
    parts: [
      {
        kind: 'text',
        text: auto
          ? 'Muster runs it by itself, as the configuration allows.'
          : ['Asked for by ', who(by), '.'],
      },
      { kind: 'list', items: lines },
      ...(outcome.length === 0 ? [] : [{ kind: 'text' as const, text: outcome.join(' ') }]),
    ],
  };
}
