/** Durations as people write them ('2h', '1h30m', '90 minutes', '1 h 20 m') and as Muster shows them. */

const UNIT_SECONDS: Record<string, number> = {
  d: 86_400,
  day: 86_400,
  days: 86_400,
  h: 3_600,
  hr: 3_600,
  hrs: 3_600,
  hour: 3_600,
  hours: 3_600,
  m: 60,
  min: 60,
  mins: 60,
  minute: 60,
  minutes: 60,
  s: 1,
  sec: 1,
  secs: 1,
  second: 1,
  seconds: 1,
};

/** Whole seconds; null when the text is no duration. '0h' is 0: the caller says what is wrong with that. */
export function parseDuration(text: string): number | null {
  const compact = text
    .trim()
    .toLowerCase()
    .replace(/\ban?\s+(?=[a-z])/g, '1')
    .replace(/\s+|,|\band\b/g, '');
  if (!/^(\d{1,9}(\.\d{1,3})?[a-z]+)+$/.test(compact)) return null;
  let seconds = 0;
  for (const [, amount, unit] of compact.matchAll(/(\d+(?:\.\d+)?)([a-z]+)/g)) {
    const factor = UNIT_SECONDS[unit ?? ''];
    if (factor === undefined) return null;
    seconds += Number(amount) * factor;
  }
  return Math.round(seconds);
}

/** '45 s', '20 m', '1 h 20 m', '2 d 3 h': the two largest units, the smaller one rounded down. */
export function showDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const sizes: [number, string][] = [
    [86_400, 'd'],
    [3_600, 'h'],
    [60, 'm'],
    [1, 's'],
  ];
  const first = sizes.findIndex(([size]) => whole >= size);
  if (first === -1) return '0 s';
  const [size, unit] = sizes[first]!;
  const next = sizes[first + 1];
  const rest = next === undefined ? 0 : Math.floor((whole % size) / next[0]);
  const head = `${Math.floor(whole / size)} ${unit}`;
  return next === undefined || rest === 0 ? head : `${head} ${rest} ${next[1]}`;
}
