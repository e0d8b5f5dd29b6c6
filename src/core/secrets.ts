/** What looks like a credential is hidden before anybody's words are kept or shown: people paste tokens into commands. */
const SHAPES = [
  // Slack tokens and webhook paths.
  /\bx(?:ox[a-z]|app)-[\w-]{8,}/gi,
  /\bhooks\.slack\.com\/\S+/gi,
  /\b(?:bearer|basic)\s+[\w.~+/=-]{12,}/gi,
  // name=value and name: value, where the name says that it is secret.
  /\b((?:api[_-]?key|token|secret|passw(?:or)?d|pwd|routing[_-]?key)\s*[=:]\s*)\S+/gi,
  // JSON Web Tokens, cloud keys, private keys.
  /\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*/g,
  /\bAKIA[0-9A-Z]{16}\b/g,
  /\bAIza[\w-]{30,}/g,
  /\bgh[opsu]_\w{20,}/g,
];

export const HIDDEN = '[hidden]';

export function withoutSecrets(text: string): string {
  return SHAPES.reduce(
    (rest, shape) =>
      rest.replace(shape, (whole: string, name: unknown) =>
        typeof name === 'string' && whole.startsWith(name) ? `${name}${HIDDEN}` : HIDDEN,
      ),
    text,
  );
}
