/** Slack parses & < > in its texts: whatever a person wrote must not become a mention, a link or a date. */

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Slash commands arrive with & < > as entities, and with people, channels and links as tokens: back to what was typed. */
export function unescaped(text: string): string {
  return text
    .replace(/<([@#!])([^>|]*)(?:\|([^>]*))?>/g, (_whole, sign: string, id: string, name?: string) => {
      if (name !== undefined && name !== '')
        return name.startsWith('@') ? name : `${sign === '#' ? '#' : '@'}${name}`;
      return `${sign === '#' ? '#' : '@'}${id}`;
    })
    .replace(/<((?:https?|mailto):[^>|]*)(?:\|[^>]*)?>/g, '$1')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

/** For plain_text and raw_text, which are not parsed: look-alikes, so that a copy elsewhere stays harmless too. */
export function plain(text: string): string {
  return text.replaceAll('<', '‹').replaceAll('>', '›');
}

/** At most `max` characters, the last one an ellipsis when something was cut; never half a surrogate pair. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const kept = text.slice(0, max - 1);
  return `${/[\ud800-\udbff]$/.test(kept) ? kept.slice(0, -1) : kept}…`;
}
