/** People's words on their way to PagerDuty: names and reasons are as somebody typed them in Slack. */

/** Half of a character, left by a cut, is no UTF-8: a peer may refuse the whole page for it. */
export const whole = (text: string): string => text.replace(/\p{Cs}/gu, '\ufffd');

/** Controls, line breaks, and marks that turn the text around them; not the joiner that emoji need. */
const UNPRINTED = /[\p{Cc}\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\s]+/gu;

/** A title: lists, SMS and the voice on the phone have one line for it. At most `most` characters. */
export function line(text: string, most: number): string {
  const flat = text.replace(UNPRINTED, ' ').trim();
  return whole(flat.length <= most ? flat : `${flat.slice(0, most - 1)}…`);
}
