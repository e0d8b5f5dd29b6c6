/**
 * Modals: a form opens at a bare verb or a button, shows its effect while it is filled in, and is said by the same road as
 * typed words. Everything but `submit` runs after the acknowledgement.
 */
import { randomBytes } from 'node:crypto';
import type { ModalView } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import type { Filled, Form, Forms, FormValues } from '../../core/form.js';
import type { Message, Part } from '../../core/message.js';
import type { Person } from '../../core/model.js';
import type { Log } from '../../ports.js';
import type { ButtonSigner } from './buttons.js';
import { outsideError } from './client.js';
import { lintView } from './lint.js';
import { answerView, errorsByBlock, formView, loadingView, valuesOf } from './views.js';

/** Where a form was opened, which is where its answer goes. */
export interface Origin {
  channel: string;
  channelName?: string;
  /** Takes answers for half an hour; absent where there is none, as in the home tab. */
  responseUrl?: string;
  /** Machine clock: when it was handed out. */
  at: number;
}

interface Metadata extends Origin {
  v: 1;
  verb: string;
}

/** What is read of a view that was acted in. */
export interface ViewActed {
  id: string;
  hash?: string;
  private_metadata?: string;
  state?: unknown;
}

export interface Submitted {
  filled: Filled;
  origin: Origin;
}

export interface Modals {
  /** A view at once, to be filled by `show`; null when Slack did not take it (too late, say). */
  open(triggerId: string, view: ModalView): Promise<ShownView | null>;
  openForm(triggerId: string, form: Form, origin: Origin, by: Person): Promise<boolean>;
  showForm(view: ShownView, form: Form, origin: Origin, by: Person): Promise<boolean>;
  showMessage(view: ShownView, message: Message): Promise<boolean>;
  loading: ModalView;
  answer(message: Message): ModalView;
  /** Something was typed or chosen: the effect is shown anew. */
  changed(view: ViewActed, by: Person): Promise<void>;
  /** Errors by block, or what to say. null: a form that this version does not know. No I/O. */
  submitted(view: ViewActed, by: Person): Submitted | { errors: Record<string, string> } | null;
}

export interface ShownView {
  id: string;
  hash?: string;
}

export function createModals(options: {
  client: WebClient;
  forms: Forms;
  signer: ButtonSigner;
  log: Log;
}): Modals {
  const { client, forms, signer, log } = options;
  /** Of each form that is being filled in: how many inputs were seen, and the hash that Slack gave last. */
  const filling = new Map<string, { seen: number; hash: string | undefined }>();

  const drawing = () => {
    const id = randomBytes(9).toString('base64url');
    return {
      sign: (button: Parameters<ButtonSigner['sign']>[0], n: number) => signer.sign(button, id, n),
      blockId: `view-${id}`,
    };
  };

  function drawn(form: Form, values: FormValues, preview: Part[] | null, metadata: Metadata): ModalView {
    return formView(form, { values, preview, metadata: JSON.stringify(metadata), drawing: drawing() });
  }

  async function open(triggerId: string, view: ModalView): Promise<ShownView | null> {
    try {
      const answer = await client.views.open({ trigger_id: triggerId, view: checked(view) });
      return {
        id: answer.view?.id ?? '',
        ...(answer.view?.hash === undefined ? {} : { hash: answer.view.hash }),
      };
    } catch (error) {
      log.warn({ peer: 'slack' }, outsideError(error, 'views.open').message);
      return null;
    }
  }

  /** The new hash; null when Slack did not take it. A conflict means that somebody has shown something newer. */
  async function update(view: ShownView, to: ModalView): Promise<ShownView | null> {
    try {
      const { id, hash } = view;
      const answer = await client.views.update({
        view_id: id,
        ...(hash === undefined ? {} : { hash }),
        view: checked(to),
      });
      return { id, ...(answer.view?.hash === undefined ? {} : { hash: answer.view.hash }) };
    } catch (error) {
      log.debug({ peer: 'slack' }, outsideError(error, 'views.update').message);
      return null;
    }
  }

  function checked(view: ModalView): ModalView {
    const problems = lintView(view as unknown as Record<string, unknown>);
    if (problems.length > 0)
      log.error({ peer: 'slack', problems: problems.slice(0, 5) }, 'a view breaks a limit of Slack');
    return view;
  }

  async function preview(shown: ShownView, form: Form, values: FormValues, metadata: Metadata, by: Person) {
    if (!form.hasPreview) return;
    if (filling.size >= 500) filling.clear();
    const known = filling.get(shown.id) ?? { seen: 0, hash: shown.hash };
    known.seen += 1;
    const mine = known.seen;
    filling.set(shown.id, known);
    const parts = await forms.preview(metadata.verb, values, by);
    // Something newer is being worked out already: what belongs to older values is not shown.
    if (known.seen !== mine) return;
    const hash = known.hash ?? shown.hash;
    const after = await update(
      { id: shown.id, ...(hash === undefined ? {} : { hash }) },
      drawn(form, values, parts, metadata),
    );
    if (after !== null) known.hash = after.hash;
  }

  function initialOf(form: Form): FormValues {
    return Object.fromEntries(
      form.fields.flatMap(({ name, initial }) => (initial === undefined ? [] : [[name, initial]])),
    );
  }

  async function begin(shown: ShownView, form: Form, metadata: Metadata, by: Person): Promise<void> {
    await preview(shown, form, initialOf(form), metadata, by);
  }

  return {
    open,
    loading: loadingView('Muster'),
    answer: (message) => checked(answerView(message, drawing())),
    async openForm(triggerId, form, origin, by) {
      const metadata: Metadata = { v: 1, verb: form.verb, ...origin };
      const shown = await open(triggerId, drawn(form, {}, null, metadata));
      if (shown !== null) await begin(shown, form, metadata, by);
      return shown !== null;
    },
    async showForm(view, form, origin, by) {
      const metadata: Metadata = { v: 1, verb: form.verb, ...origin };
      const shown = await update(view, drawn(form, {}, null, metadata));
      if (shown !== null) await begin(shown, form, metadata, by);
      return shown !== null;
    },
    showMessage: async (view, message) => (await update(view, answerView(message, drawing()))) !== null,
    async changed(view, by) {
      const metadata = metadataOf(view);
      const values = valuesOf(view.state);
      const filled = metadata === null ? null : forms.fill(metadata.verb, values, by);
      if (metadata === null || filled === null) return;
      const known = filling.get(view.id);
      // What the person sees is at least as new as what was shown last from here.
      if (known !== undefined && known.hash === undefined) known.hash = view.hash;
      await preview(
        { id: view.id, ...(view.hash === undefined ? {} : { hash: view.hash }) },
        filled.form,
        values,
        metadata,
        by,
      );
    },
    submitted(view, by) {
      const metadata = metadataOf(view);
      const filled = metadata === null ? null : forms.fill(metadata.verb, valuesOf(view.state), by);
      if (metadata === null || filled === null) return null;
      if (Object.keys(filled.errors).length > 0) return { errors: errorsByBlock(filled.errors) };
      const { v: _v, verb: _verb, ...origin } = metadata;
      return { filled, origin };
    },
  };
}

function metadataOf(view: ViewActed): Metadata | null {
  try {
    const parsed: unknown = JSON.parse(view.private_metadata ?? '');
    if (typeof parsed !== 'object' || parsed === null) return null;
    const { v, verb, channel, at } = parsed as Partial<Metadata>;
    const known =
      v === 1 && typeof verb === 'string' && typeof channel === 'string' && typeof at === 'number';
    return known ? (parsed as Metadata) : null;
  } catch {
    return null;
  }
}
