/** The verbs as a table of Markdown, for docs/SLACK.md: written once, here, from the verbs themselves. */
import type { Verb } from './command.js';

export function verbTable(verbs: readonly Verb[], command: string): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  const code = (text: string): string => `\`${cell(text)}\``;
  const rows = verbs.map((verb) => {
    const usage = `${command} ${verb.name} ${verb.usage}`.trim();
    const examples = verb.examples.map((example) => code(`${command} ${example}`)).join('<br>');
    return `| ${code(usage)} | ${cell(verb.summary)} | ${roleOf(verb)} | ${examples} |`;
  });
  return ['| Say | What it does | Role | Examples |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

const roleOf = ({ role, changes }: Verb): string => role ?? (changes ? 'operator' : 'viewer');
