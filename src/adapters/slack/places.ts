/** Where an answer is shown: in the channel by its response_url, or in a modal where there is none or a form is asked for. */
import type { Form } from '../../core/form.js';
import type { Message } from '../../core/message.js';
import type { Person } from '../../core/model.js';
import type { Modals, Origin, ShownView } from './modals.js';

export interface Shown {
  message: Message;
  modal?: Form;
}

export interface Place {
  /** Takes words; null where only a modal can show them. */
  say: (() => Promise<void>) | null;
  triggerId: string | undefined;
  /** The modal that was acted in, which the answer replaces. */
  view: ShownView | null;
  origin: Origin;
  /** True when the words are known to open a form. */
  opensForm: boolean;
}

/** A trigger lives three seconds: what takes longer than this gets a view to wait in. */
const PATIENCE_MS = 700;

/** Resolves when the answer is shown. `place.say` is called after `answering` has resolved. */
export async function showIn(
  place: Place,
  answering: Promise<Shown>,
  by: Person,
  modals: Modals | null,
): Promise<void> {
  const { say, triggerId, origin } = place;
  const needsModal = say === null || place.opensForm;
  if (modals === null || !needsModal) {
    const { modal } = await answering;
    const opened =
      modal !== undefined &&
      modals !== null &&
      triggerId !== undefined &&
      (await modals.openForm(triggerId, modal, origin, by));
    if (!opened) await say?.();
    return;
  }
  const quick = await Promise.race([answering, later(PATIENCE_MS)]);
  if (place.view === null && quick !== null && triggerId !== undefined) {
    const done =
      quick.modal !== undefined
        ? await modals.openForm(triggerId, quick.modal, origin, by)
        : say === null && (await modals.open(triggerId, modals.answer(quick.message))) !== null;
    if (!done) await say?.();
    return;
  }
  const view = place.view ?? (triggerId === undefined ? null : await modals.open(triggerId, modals.loading));
  const { message, modal } = await answering;
  const shown =
    view !== null &&
    (await (modal === undefined
      ? modals.showMessage(view, message)
      : modals.showForm(view, modal, origin, by)));
  if (!shown) await say?.();
}

const later = (ms: number): Promise<null> =>
  new Promise((resolve) => {
    setTimeout(() => resolve(null), ms).unref();
  });
