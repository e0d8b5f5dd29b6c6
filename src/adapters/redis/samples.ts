import type { Sample } from '../../core/model.js';
import { RETENTION } from '../../core/retention.js';
import type { Committed, Store } from '../../ports.js';
import { defineScript, type Link } from './connection.js';
import { type LineLog, linesSince, packLines } from './log.js';
import { keepSampleLua } from './lua/decisions.js';

/** Minute samples of three days, as lines of plain numbers. */
const samplesOf = (fleet: string): LineLog => ({ name: `fleet:${fleet}:samples`, pack: 120, longest: 360 });

const keep = defineScript('keep-sample', keepSampleLua);

export function createSamples(link: Link): Pick<Store, 'samples' | 'keepSample'> {
  return {
    async samples(fleet, from, to) {
      const lines = await linesSince(link, samplesOf(fleet), from, `read samples of ${fleet}`);
      return lines.map(fromLine).filter(({ at }) => at >= from && at <= to);
    },
    async keepSample(fleet, sample, memory, expectRev) {
      const tried = `keep a sample of ${fleet}`;
      const given = [sample.at, expectRev, memory.rev, JSON.stringify(memory), toLine(sample)];
      const [outcome, length] = (await link.run(keep, tried, fleet, ...given)) as [Committed, number?];
      await pack(link, fleet, length ?? 0);
      return outcome;
    },
  };
}

/** The sample is stored already: what goes wrong here is told and tried again with the next one. */
async function pack(link: Link, fleet: string, length: number): Promise<void> {
  try {
    await packLines(link, samplesOf(fleet), length, async (lines) => {
      const { at } = fromLine(lines.at(-1) as string);
      return { lines, score: at, forget: at - RETENTION.samplesMs };
    });
  } catch (error) {
    link.log.warn(
      { peer: 'redis', fleet, error: String(error) },
      'Could not pack samples; trying again later',
    );
  }
}

const FIELDS = [
  'at',
  'requestsPerSecond',
  'backlog',
  'oldestAgeSeconds',
  'p95Seconds',
  'ready',
  'starting',
  'saturation',
  'serviceSeconds',
] as const satisfies (keyof Sample)[];

/** '[at,requestsPerSecond,…]': null is unknown, an empty array is a field that the sample does not have. */
function toLine(sample: Sample): string {
  const values = FIELDS.map((field) => (sample[field] === undefined ? [] : sample[field]));
  while (Array.isArray(values.at(-1))) values.pop();
  return JSON.stringify(values);
}

function fromLine(line: string): Sample {
  const values = JSON.parse(line) as unknown[];
  const known = FIELDS.map((field, index) => [field, values[index]] as const).filter(
    ([, value]) => value !== undefined && !Array.isArray(value),
  );
  return Object.fromEntries(known) as unknown as Sample;
}
