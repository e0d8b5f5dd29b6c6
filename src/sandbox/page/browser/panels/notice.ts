/** One line for what went wrong with the last thing somebody did; it goes away by itself. */
import { at } from '../app/dom.js';

let timer = 0;

export function tell(sentence: string): void {
  const box = at('notice');
  box.textContent = sentence;
  box.hidden = false;
  window.clearTimeout(timer);
  timer = window.setTimeout(() => {
    box.hidden = true;
  }, 8000);
}
