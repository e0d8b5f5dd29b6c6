/** The box to type commands into, with examples that fill it and the last ones by the arrow keys. */
import * as api from '../app/api.js';
import { at, h } from '../app/dom.js';
import { refreshSoon } from '../app/poll.js';
import { store } from '../app/store.js';
import { toEnd } from './messages.js';
import { tell } from './notice.js';

const examples = [
  { words: 'help', says: 'help' },
  { words: 'status', says: 'status' },
  { words: 'why', says: 'why face-match' },
  { words: 'override', says: 'override face-match floor 20 for 2h because a campaign starts' },
  { words: 'freeze', says: 'freeze liveness for 30m because we look at a fault' },
  { words: 'history', says: 'history face-match' },
  { words: 'dry run', says: 'run ocr --dry-run' },
];

const said: string[] = [];
let position = 0;

export function watchComposer(afterwards: () => Promise<void>): void {
  const box = at<HTMLInputElement>('say');
  at('composer').addEventListener('submit', (event) => {
    event.preventDefault();
    void send(afterwards);
  });
  box.addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return;
    if (said.length === 0) return;
    position = Math.min(said.length, Math.max(0, position + (event.key === 'ArrowUp' ? -1 : 1)));
    box.value = said[position] ?? '';
    event.preventDefault();
  });
}

export function drawExamples(): void {
  at('examples').replaceChildren(
    ...examples.map(({ words, says }) =>
      h(
        'button',
        {
          type: 'button',
          class: 'example',
          title: `${store.command} ${says}`,
          click: () => {
            const box = at<HTMLInputElement>('say');
            box.value = `${store.command} ${says}`;
            box.focus();
          },
        },
        words,
      ),
    ),
  );
}

async function send(afterwards: () => Promise<void>): Promise<void> {
  const box = at<HTMLInputElement>('say');
  const button = at<HTMLButtonElement>('send');
  const text = box.value.trim();
  if (text === '') return;
  said.push(text);
  position = said.length;
  button.setAttribute('aria-busy', 'true');
  box.value = '';
  try {
    // The answer is on the page before the sandbox has made sure that no further one comes.
    const answered = api.command(text);
    refreshSoon();
    const outcome = await answered;
    const slow = outcome.ok ? '' : ', but the bot did not take it';
    at('acknowledged').textContent = `Acknowledged in ${Math.round(outcome.ackMs)} ms${slow}`;
  } catch (error) {
    tell((error as Error).message);
    if (box.value === '') box.value = text;
  } finally {
    button.removeAttribute('aria-busy');
    await afterwards();
    toEnd();
  }
}
