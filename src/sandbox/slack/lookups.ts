/** Whom and what an act means. Each throws OperatorError for a person, view or message that is not there to be seen. */
import { OperatorError } from '../../errors.js';
import type { StoredMessage, StoredView, WorkspaceUser } from './shapes.js';
import type { Workspace } from './workspace.js';

export function personOf(workspace: Workspace, name: string): WorkspaceUser {
  const user = workspace.user(name);
  if (user === null || user.kind === 'bot') {
    const names = workspace.users.filter(({ kind }) => kind !== 'bot').map((one) => one.name);
    throw new OperatorError('not-found', `There is no user ${name}. There are: ${names.join(', ')}.`);
  }
  return user;
}

export function viewFor(workspace: Workspace, user: WorkspaceUser, id: string): StoredView {
  const view = workspace.views.get(id);
  if (view === undefined || view.user !== user.id)
    throw new OperatorError('not-found', `${user.name} has no open view ${id}.`);
  return view;
}

export function messageFor(workspace: Workspace, user: WorkspaceUser, ts: string): StoredMessage {
  for (const channel of workspace.channels) {
    const message = workspace.message(channel.id, ts);
    if (message !== null && (message.onlyFor === null || message.onlyFor === user.id)) return message;
  }
  throw new OperatorError('not-found', `${user.name} sees no message ${ts}.`);
}
