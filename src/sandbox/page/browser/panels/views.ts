/** Modals and the home tab: views that a bot opened for the person who is looking. */
import * as api from '../app/api.js';
import { at, h } from '../app/dom.js';
import type { View } from '../app/shapes.js';
import { store } from '../app/store.js';
import { blocksToNodes } from '../kit/blocks.js';
import { keepTyped, valuesIn } from '../kit/inputs.js';
import { tell } from './notice.js';

let shownModal = '';
/** Modals that were open before this page was: somebody else's doing, or another tab's. */
let oldRev = -1;
let shownHome = '';
let refresh: () => Promise<void> = async () => {};

export function watchViews(afterwards: () => Promise<void>): void {
  refresh = afterwards;
  at('modal').addEventListener('cancel', (event) => {
    event.preventDefault();
    const top = topModal();
    if (top !== undefined) void dismiss(top);
  });
}

export function forgetOldModals(): void {
  oldRev = store.latest?.rev ?? -1;
}

export function drawViews(): void {
  drawModal();
  drawHome();
}

function topModal(): View | undefined {
  return store.views
    .filter((view) => view.type === 'modal' && view.user === store.user && view.rev > oldRev)
    .at(-1);
}

function drawModal(): void {
  const dialog = at<HTMLDialogElement>('modal');
  const view = topModal();
  const state = view === undefined ? '' : `${view.id} ${view.hash} ${view.rev}`;
  if (state === shownModal) return;
  const isSameView = view !== undefined && shownModal.startsWith(`${view.id} ${view.hash} `);
  shownModal = state;
  if (view === undefined) {
    dialog.close();
    return;
  }
  // A refused submission keeps what was typed and only shows the reasons.
  if (!isSameView) replace(dialog, view);
  for (const place of dialog.querySelectorAll<HTMLElement>('[data-error-for]')) {
    const reason = view.errors[place.dataset.errorFor ?? ''] ?? '';
    place.textContent = reason;
    place.hidden = reason === '';
  }
  if (!dialog.open) dialog.showModal();
}

/** A newer version of the same view keeps what was typed, and the caret where it was. */
function replace(dialog: HTMLDialogElement, view: View): void {
  const box = form(view);
  const before = dialog.querySelector<HTMLElement>(`form[data-view="${view.id}"]`);
  const caret = (document.activeElement as HTMLInputElement | null)?.selectionStart ?? null;
  if (before !== null) keepTyped(before, box);
  dialog.replaceChildren(box);
  const focused = box.querySelector<HTMLInputElement>('[data-was-focused]');
  focused?.focus();
  // A number's field has no caret that could be set.
  if (focused != null && caret !== null && focused.type !== 'number')
    focused.setSelectionRange?.(caret, caret);
}

function form(view: View): HTMLElement {
  const box = h('form', {
    'aria-labelledby': 'modal-title',
    'data-view': view.id,
    submit: (event) => {
      event.preventDefault();
      void submit(view, box);
    },
  });
  const acting = {
    act: async (action: { blockId: string | undefined; actionId: string; value?: string | undefined }) => {
      await tried(() => api.act({ kind: 'click', viewId: view.id, ...action, values: valuesIn(box) }));
    },
  };
  const submitWords = view.submit?.text;
  box.append(
    h('h2', { id: 'modal-title' }, view.title?.text ?? ''),
    h('div', { class: 'modal-blocks' }, ...blocksToNodes(view.blocks, acting)),
    h(
      'div',
      { class: 'dialog-buttons' },
      h(
        'button',
        { type: 'button', class: 'button plain', click: () => void dismiss(view) },
        view.close?.text ?? 'Cancel',
      ),
      submitWords === undefined
        ? null
        : h('button', { type: 'submit', class: 'button primary' }, submitWords),
    ),
  );
  return box;
}

async function submit(view: View, box: HTMLElement): Promise<void> {
  box.setAttribute('aria-busy', 'true');
  const soon = window.setTimeout(() => void refresh(), 250);
  await tried(() => api.submit(view.id, valuesIn(box)));
  window.clearTimeout(soon);
  box.removeAttribute('aria-busy');
}

async function dismiss(view: View): Promise<void> {
  await tried(() => api.act({ kind: 'dismiss', viewId: view.id }));
}

async function tried(what: () => Promise<unknown>): Promise<void> {
  try {
    await what();
  } catch (error) {
    tell((error as Error).message);
  }
  await refresh();
}

function drawHome(): void {
  const view = store.views.filter((each) => each.type === 'home' && each.user === store.user).at(-1);
  const state = view === undefined ? `${store.user} none` : `${view.id} ${view.hash}`;
  if (state === shownHome) return;
  shownHome = state;
  const box = at('home-blocks');
  if (view === undefined) {
    box.replaceChildren(h('p', { class: 'muted' }, 'The bot has published no home tab for this person.'));
    return;
  }
  box.replaceChildren(
    ...blocksToNodes(view.blocks, {
      act: (action) => tried(() => api.act({ kind: 'click', viewId: view.id, ...action })),
    }),
  );
}
