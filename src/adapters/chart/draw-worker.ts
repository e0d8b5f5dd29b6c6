/** The thread in which charts are drawn: echarts' 100 MB and half seconds of computing stay out of the bot's own. */
import { parentPort } from 'node:worker_threads';
import type { ChartSpec } from '../../core/chart.js';
import { drawChart } from './draw.js';
import { fleetChartOption, HEIGHT, SCALE, WIDTH } from './fleet-chart.js';

export interface Asked {
  id: number;
  chart: ChartSpec;
}

export type Drawn = { id: number; png: Uint8Array } | { id: number; problem: string };

parentPort?.on('message', async ({ id, chart }: Asked) => {
  parentPort?.postMessage(await drawn(id, chart));
});

async function drawn(id: number, chart: ChartSpec): Promise<Drawn> {
  try {
    const png = await drawChart(fleetChartOption(chart), { width: WIDTH, height: HEIGHT, scale: SCALE });
    return { id, png: new Uint8Array(png) };
  } catch (error) {
    return { id, problem: (error as Error).message };
  }
}
