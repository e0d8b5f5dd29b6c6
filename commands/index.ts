/** The list of verbs, and the one way from what somebody typed to a verb's answer. */
import { nearest } from '../src/core/nearest.js';
import { OperatorError } from '../src/errors.js';
import { act } from './act.js';
import { short } from './arguments.js';
import { audit } from './audit.js';
import type { CommandContext, Reply, Verb } from './command.js';
import { confirmOf, declineOf } from './confirm.js';
import { deploy } from './deploy.js';
import { doctor } from './doctor.js';
import { forecast } from './forecast.js';
import { formInstead } from './forms.js';
import { freeze } from './freeze.js';
import { helpOf } from './help.js';
import { history } from './history.js';
import { migrate } from './migrate.js';
import { oncall } from './oncall.js';
import { override } from './override.js';
import { page } from './page.js';
import { remedy } from './remedy.js';
import { run } from './run.js';
import { status } from './status.js';
import { unfreeze } from './unfreeze.js';
import { why } from './why.js';

/** A confirmed proposal is heard again by the same road. */
const again = (said: string, context: CommandContext): Promise<Reply> => hear(said, context);

const spoken: Verb[] = [
  status,
  why,
  forecast,
  override,
  freeze,
  unfreeze,
  deploy,
  migrate,
  run,
  history,
  audit,
  doctor,
  oncall,
  page,
  remedy,
  confirmOf(again),
  declineOf(),
];

export const verbs: readonly Verb[] = [...spoken, helpOf(spoken)];

export function findVerb(word: string): Verb | undefined {
  const name = word.toLowerCase();
  return verbs.find((verb) => verb.name === (name === '?' || name === '--help' ? 'help' : name));
}

export function nearestVerb(word: string): string | undefined {
  const names = verbs.map((verb) => verb.name);
  return nearest(word, names) ?? undefined;
}

/**
 * Finds the verb, parses its words and runs it. Throws OperatorError for a slip of the person (its sentence is meant to
 * be shown) and OutsideError for a peer's failure; both are answered in one place, the app.
 */
export async function hear(said: string, context: CommandContext): Promise<Reply> {
  const [first = 'help', ...words] = wordsOf(said);
  const verb = findVerb(first);
  if (verb === undefined) {
    const near = nearestVerb(first);
    const hint = near === undefined ? 'Type help to see what there is.' : `Did you mean “${near}”?`;
    throw new OperatorError('unknown-verb', `There is no “${short(first)}”. ${hint}`, near ?? 'help');
  }
  const asksHelp = words.length === 1 && /^(help|--help|—help|\?)$/i.test(words[0]!);
  if (asksHelp && verb.name !== 'help') return hear(`help ${verb.name}`, context);
  return (await formInstead(verb, words, context)) ?? act(verb, words, context);
}

/** Typed text to words: quotes and dashes as phones write them, a leading /muster tolerated. */
export function wordsOf(said: string): string[] {
  const words = said
    .slice(0, 2_000)
    .replace(/[“”„]/g, '"')
    .replace(/[\u2018\u2019]/g, "'")
    .replace(/[\p{Cc}\u200b\u2060\ufeff]/gu, ' ')
    .split(/\s+/u)
    .filter((word) => word !== '');
  return words[0]?.toLowerCase() === '/muster' || words[0]?.toLowerCase() === 'muster'
    ? words.slice(1)
    : words;
}
