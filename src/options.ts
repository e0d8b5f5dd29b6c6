/**
 * '--seed -1' as '--seed=-1': parseArgs takes what begins with a dash for another option, and nobody would say what the
 * number must be.
 */
export function withNegatives(argv: string[]): string[] {
  const joined: string[] = [];
  for (const word of argv) {
    const option = joined.at(-1);
    if (option !== undefined && /^--[a-z-]+$/.test(option) && /^-[\d.]/.test(word))
      joined[joined.length - 1] = `${option}=${word}`;
    else joined.push(word);
  }
  return joined;
}
