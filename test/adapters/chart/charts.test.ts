import { deepEqual, notDeepEqual, ok, rejects } from 'node:assert/strict';
import { after, test } from 'node:test';
import { inflateSync } from 'node:zlib';
import { createCharts } from '../../../src/adapters/chart/charts.js';
import { HEIGHT, SCALE, WIDTH } from '../../../src/adapters/chart/fleet-chart.js';
import type { ChartSpec } from '../../../src/core/chart.js';
import { fleetChart } from '../../../src/core/views/fleet-chart.js';
import { OutsideError } from '../../../src/errors.js';
import { aMemory, aPolicy, aSample, NOON } from '../../support/fleet.js';

const charts = createCharts();
after(() => charts.close());

const spec = (fleet = 'ocr', timeZone = 'UTC'): ChartSpec => ({
  chart: 'fleet',
  timeZone,
  data: fleetChart({
    fleet,
    moment: { at: NOON, label: 'now' },
    hours: 2,
    samples: Array.from({ length: 120 }, (_, n) => aSample(NOON - (119 - n) * 60_000)),
    decisions: [],
    memory: aMemory(),
    policy: aPolicy(),
  }),
});

const sizeOf = (png: Uint8Array): number[] => {
  const view = Buffer.from(png);
  return [view.readUInt32BE(16), view.readUInt32BE(20)];
};

/** How much there is to see in rows [from, to): bytes of the filtered lines that are neither a white pixel's nor unchanged. */
function marks(png: Uint8Array, from: number, to: number): number {
  const file = Buffer.from(png);
  const chunks: Buffer[] = [];
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at);
    if (file.toString('latin1', at + 4, at + 8) === 'IDAT')
      chunks.push(file.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  const lines = inflateSync(Buffer.concat(chunks));
  const width = WIDTH * SCALE * 4 + 1;
  return lines.subarray(from * width, to * width).filter((byte) => byte !== 0 && byte !== 255).length;
}

test('a chart is a PNG of the promised size, and the same whenever it is drawn', async () => {
  const png = await charts.png(spec());
  deepEqual([...png.subarray(1, 4)], [...Buffer.from('PNG')]);
  deepEqual(sizeOf(png), [WIDTH * SCALE, HEIGHT * SCALE]);
  deepEqual(Buffer.from(await charts.png(spec())), Buffer.from(png));
});

test('its letters are drawn with the fonts that come along, not with those of the machine', async () => {
  const named = await charts.png(spec('ocr'));
  const blank = await charts.png(spec(' '));
  const title = 90;
  ok(marks(named, 0, title) > marks(blank, 0, title) + 500, 'the fleet’s name left no mark on the picture');
});

test('the hours below the chart are those of the reader', async () => {
  const inLondon = await charts.png(spec('ocr', 'Europe/London'));
  notDeepEqual(Buffer.from(await charts.png(spec('ocr', 'Asia/Kolkata'))), Buffer.from(inLondon));
});

test('drawing keeps to its thread: the bot’s own goes on meanwhile', async () => {
  const fresh = createCharts();
  let turns = 0;
  const turning = setInterval(() => {
    turns += 1;
  }, 5);
  try {
    await fresh.png(spec());
    ok(turns > 1, `only ${turns} turns`);
  } finally {
    clearInterval(turning);
    await fresh.close();
  }
});

test('a chart that takes too long is given up, and the next one is drawn', async () => {
  const hasty = createCharts({ timeoutMs: 1 });
  try {
    await rejects(hasty.png(spec()), (error: unknown) => {
      ok(error instanceof OutsideError);
      return error.peer === 'chart' && /too long/.test(error.message);
    });
  } finally {
    await hasty.close();
  }
  ok((await charts.png(spec())).length > 0);
});

test('more charts at once than anybody looks at are refused', async () => {
  const many = await Promise.allSettled(Array.from({ length: 12 }, () => charts.png(spec())));
  const refused = many.filter(({ status }) => status === 'rejected');
  deepEqual([refused.length, many.length - refused.length], [4, 8]);
});
