/** views.*: modals as a stack of at most three, home tabs, and the hash that refuses a stale update. */

import { appId, botId, teamId } from './directory.js';
import { brokenView } from './limits.js';
import type { Method, MethodContext } from './method.js';
import {
  type Answer,
  type Block,
  type Fields,
  isFields,
  SlackError,
  type StoredView,
  textOf,
} from './shapes.js';

const deepest = 3;

export const viewMethods: Record<string, Method> = {
  'views.open': (args, context) => {
    const view = viewOf(args.view);
    const trigger = context.tickets.useTrigger(textOf(args.trigger_id));
    const stored = context.workspace.openView(trigger.user, view, null);
    context.answers.to(trigger.delivery, viewAnswer(stored));
    return { view: wireView(stored) };
  },

  'views.push': (args, context) => {
    const view = viewOf(args.view);
    const trigger = context.tickets.useTrigger(textOf(args.trigger_id));
    const top = topView(trigger.user, context);
    if (top === null) throw new SlackError('view_not_found');
    if (depth(top, context) >= deepest) throw new SlackError('push_limit_reached');
    const stored = context.workspace.openView(trigger.user, view, top);
    context.answers.to(trigger.delivery, viewAnswer(stored));
    return { view: wireView(stored) };
  },

  'views.update': (args, context) => {
    const view = viewOf(args.view);
    const stored = context.workspace.views.get(textOf(args.view_id));
    if (stored === undefined) throw new SlackError('not_found');
    const hash = textOf(args.hash);
    if (hash !== '' && hash !== stored.hash) throw new SlackError('hash_conflict');
    context.workspace.changeView(stored, view);
    context.answers.elsewhere(viewAnswer(stored), { user: stored.user });
    return { view: wireView(stored) };
  },

  'views.publish': (args, context) => {
    const view = viewOf(args.view);
    const user = context.workspace.user(textOf(args.user_id));
    if (user === null) throw new SlackError('user_not_found');
    const old = context.workspace.homes.get(user.id);
    const hash = textOf(args.hash);
    if (hash !== '' && old !== undefined && hash !== old.hash) throw new SlackError('hash_conflict');
    if (old !== undefined) {
      context.workspace.changeView(old, view);
      return { view: wireView(old) };
    }
    return { view: wireView(context.workspace.openView(user.id, view, null)) };
  },
};

/** A view as it was given, refused where the Web API refuses it. */
export function viewOf(value: unknown): Fields & { blocks: Block[] } {
  if (!isFields(value)) throw new SlackError('invalid_arguments', ['[ERROR] missing required field: view']);
  const problems = brokenView(value);
  if (problems.length > 0)
    throw new SlackError(
      'invalid_arguments',
      problems.map((problem) => `[ERROR] ${problem}`),
    );
  return value as Fields & { blocks: Block[] };
}

export function wireView(stored: StoredView): Fields {
  return {
    private_metadata: '',
    callback_id: '',
    clear_on_close: false,
    notify_on_close: false,
    external_id: '',
    ...stored.view,
    id: stored.id,
    team_id: teamId,
    app_id: appId,
    app_installed_team_id: teamId,
    bot_id: botId,
    hash: stored.hash,
    root_view_id: stored.root,
    previous_view_id: stored.previous,
    state: { values: {} },
  };
}

export function viewAnswer(stored: StoredView): Answer {
  const errors = Object.keys(stored.errors).length > 0 ? { errors: stored.errors } : {};
  return {
    kind: 'modal',
    ts: null,
    text: null,
    blocks: stored.view.blocks,
    view: { ...wireView(stored), ...errors },
  };
}

/** The modal on top of a person's newest stack. */
export function topView(user: string, context: Pick<MethodContext, 'workspace'>): StoredView | null {
  const theirs = [...context.workspace.views.values()].filter(
    (view) => view.user === user && view.type === 'modal',
  );
  return theirs.at(-1) ?? null;
}

function depth(view: StoredView, context: MethodContext): number {
  const previous = view.previous === null ? undefined : context.workspace.views.get(view.previous);
  return previous === undefined ? 1 : 1 + depth(previous, context);
}
