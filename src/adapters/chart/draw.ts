/**
 * An echarts option -> PNG, the same on every machine: rendered without a browser, with the fonts of assets/fonts and no
 * others. echarts is loaded at the first chart only, because it takes most of a second and 100 MB.
 */
import { fileURLToPath } from 'node:url';
import { OutsideError } from '../../errors.js';

export interface DrawOptions {
  width?: number;
  height?: number;
  /** Pixels for each unit of width; 2 for a sharp picture on a phone. */
  scale?: number;
}

const FONTS = ['Inter-Regular.ttf', 'Inter-SemiBold.ttf'].map((name) =>
  // Compiled to dist/src/adapters/chart: four folders below the root.
  fileURLToPath(new URL(`../../../../assets/fonts/${name}`, import.meta.url)),
);

/** Throws OutsideError('chart') when the picture cannot be made. */
export async function drawChart(option: Record<string, unknown>, options: DrawOptions = {}): Promise<Buffer> {
  const { width = 1_200, height = 640, scale = 1.5 } = options;
  try {
    const echarts = await import('echarts');
    const { Resvg } = await import('@resvg/resvg-js');
    const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
    chart.setOption(option);
    const svg = chart.renderToSVGString();
    chart.dispose();
    const picture = new Resvg(svg, {
      fitTo: { mode: 'width', value: Math.round(width * scale) },
      font: { fontFiles: FONTS, loadSystemFonts: false, defaultFontFamily: 'Inter' },
    });
    return picture.render().asPng();
  } catch (error) {
    throw new OutsideError('chart', 'draw a chart', (error as Error).message, {
      class: 'human',
      why: 'error',
      cause: error,
    });
  }
}
