/** `help`: what can be said, with examples that run as they stand. */
import type { Role, Standing } from '../access.js';
import type { Message } from '../message.js';

export interface VerbHelp {
  name: string;
  usage: string;
  summary: string;
  examples: string[];
  changes: boolean;
  role?: Role;
}

export function helpMessage(
  verbs: readonly VerbHelp[],
  command: string,
  standing: Pick<Standing, 'role' | 'because'> | null = null,
): Message {
  return {
    summary: `Muster keeps enough workers ready before the traffic arrives. You can say: ${verbs.map((verb) => verb.name).join(', ')}.`,
    title: 'What you can say',
    tone: 'info',
    parts: [
      {
        kind: 'text',
        text: 'Muster forecasts the load of each fleet, keeps enough workers ready before it arrives, and says what it did and why.',
      },
      {
        kind: 'list',
        items: verbs.map((verb) => [
          { code: `${command} ${verb.name}${verb.usage === '' ? '' : ` ${verb.usage}`}` },
          ` ${verb.summary}`,
        ]),
      },
      {
        kind: 'context',
        text: [
          'More about one of them, with examples: ',
          { code: `${command} help override` },
          '. First time here: ',
          { code: `${command} doctor` },
          ' says what is missing, and how to get it.',
        ],
      },
      ...(standing === null
        ? []
        : [{ kind: 'context' as const, text: `Your role is ${standing.role} (${standing.because}).` }]),
      {
        kind: 'buttons',
        buttons: [
          { label: 'Status now', command: 'status' },
          { label: 'What is missing?', command: 'doctor' },
        ],
      },
    ],
  };
}

export function verbHelpMessage(verb: VerbHelp, command: string): Message {
  const usage = `${command} ${verb.name}${verb.usage === '' ? '' : ` ${verb.usage}`}`;
  return {
    summary: `${verb.name}: ${verb.summary} Usage: ${usage}`,
    title: verb.name,
    tone: 'info',
    parts: [
      { kind: 'text', text: verb.summary },
      { kind: 'text', text: ['Usage: ', { code: usage }] },
      { kind: 'list', items: verb.examples.map((example) => [{ code: `${command} ${example}` }]) },
      {
        kind: 'context',
        text: verb.changes
          ? `It changes something: it takes the role ${verb.role ?? 'operator'}, the team sees it, and it is kept in the audit trail.`
          : 'It changes nothing; only you see the answer.',
      },
    ],
  };
}
