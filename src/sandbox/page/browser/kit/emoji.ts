import { h } from '../app/dom.js';

/** The shortcodes that operations bots use; another one stays as it was typed. */
const signs: Record<string, string> = {
  white_check_mark: '✅',
  heavy_check_mark: '✔️',
  warning: '⚠️',
  rotating_light: '🚨',
  x: '❌',
  no_entry: '⛔',
  hourglass: '⌛',
  hourglass_flowing_sand: '⏳',
  information_source: 'ℹ️',
  large_green_circle: '🟢',
  large_yellow_circle: '🟡',
  large_orange_circle: '🟠',
  red_circle: '🔴',
  large_blue_circle: '🔵',
  white_circle: '⚪',
  arrow_up: '⬆️',
  arrow_down: '⬇️',
  arrow_right: '➡️',
  snowflake: '❄️',
  bell: '🔔',
  mag: '🔍',
  chart_with_upwards_trend: '📈',
  chart_with_downwards_trend: '📉',
  bar_chart: '📊',
  moneybag: '💰',
  lock: '🔒',
  unlock: '🔓',
  pushpin: '📌',
  wrench: '🔧',
  rocket: '🚀',
  eyes: '👀',
  fire: '🔥',
  zap: '⚡',
  clock3: '🕒',
  alarm_clock: '⏰',
  stopwatch: '⏱️',
  pause_button: '⏸️',
  double_vertical_bar: '⏸️',
  arrow_forward: '▶️',
  robot_face: '🤖',
  bulb: '💡',
  tada: '🎉',
};

/** Signs that are drawn, because not every machine has a font with pictures: what is shown, and in which tone. */
const drawn: Record<string, [string, string, string]> = {
  '✅': ['✓', 'good', 'good'],
  '✔️': ['✓', 'good', 'good'],
  '⚠️': ['!', 'warn', 'warning'],
  '🚨': ['!', 'bad', 'alarm'],
  '❌': ['×', 'bad', 'failed'],
  '⛔': ['–', 'bad', 'stopped'],
  '⌛': ['…', 'info', 'waiting'],
  '⏳': ['…', 'info', 'waiting'],
  ℹ️: ['i', 'info', 'note'],
  '🟢': ['', 'good', 'green'],
  '🟡': ['', 'warn', 'yellow'],
  '🟠': ['', 'warn', 'orange'],
  '🔴': ['', 'bad', 'red'],
  '🔵': ['', 'info', 'blue'],
};
const drawnPattern = new RegExp(`(${Object.keys(drawn).join('|')})`);

export function emojiNodes(text: string): Node[] {
  return withEmoji(text)
    .split(drawnPattern)
    .filter((part) => part !== '')
    .map((part) => {
      const sign = drawn[part];
      if (sign === undefined) return document.createTextNode(part);
      return h('span', { class: `sign ${sign[1]}`, role: 'img', 'aria-label': sign[2] }, sign[0]);
    });
}

export function withEmoji(text: string): string {
  return text.replace(/:([a-z0-9_+-]+):/g, (whole, name: string) => signs[name] ?? whole);
}

export const emojiOf = (name: string): string => signs[name] ?? `:${name}:`;
