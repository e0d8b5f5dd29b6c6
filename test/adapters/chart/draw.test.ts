import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawChart } from '../../../src/adapters/chart/draw.js';

const option = (text: string) => ({
  animation: false,
  title: { text, textStyle: { fontFamily: 'Inter' } },
  series: [],
});

test('words are drawn with the shipped fonts alone', async () => {
  const words = await drawChart(option('Demand, forecast and workers of face-match'), {
    width: 600,
    height: 300,
  });
  const none = await drawChart(option(''), { width: 600, height: 300 });
  assert.ok(words.length > none.length + 1_500, `${words.length} against ${none.length}`);
});
