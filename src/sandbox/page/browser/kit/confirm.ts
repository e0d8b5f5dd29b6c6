/** The confirm dialog of a button: title, words, and two buttons that say what they do. */
import { h } from '../app/dom.js';
import { isFields, wordsOf } from '../app/shapes.js';
import { textNodes } from './blocks.js';

/** True at once where nothing is to be confirmed. */
export function confirmed(about: unknown): Promise<boolean> {
  if (!isFields(about)) return Promise.resolve(true);
  return new Promise((resolve) => {
    const close = (answer: boolean) => () => {
      dialog.close();
      resolve(answer);
    };
    const yes = about.style === 'danger' ? 'danger' : 'primary';
    const dialog = h(
      'dialog',
      { class: 'dialog small', 'aria-labelledby': 'confirm-title', cancel: () => resolve(false) },
      h('h2', { id: 'confirm-title' }, wordsOf(about.title)),
      h('p', {}, ...textNodes(about.text)),
      h(
        'div',
        { class: 'dialog-buttons' },
        h(
          'button',
          { type: 'button', class: 'button plain', click: close(false) },
          wordsOf(about.deny) || 'Cancel',
        ),
        h(
          'button',
          { type: 'button', class: `button ${yes}`, click: close(true) },
          wordsOf(about.confirm) || 'Yes',
        ),
      ),
    );
    dialog.addEventListener('close', () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  });
}
