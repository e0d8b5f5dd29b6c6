/**
 * What a person does in the workspace: type a command, click, submit, open the home tab, use a shortcut. Each is delivered
 * signed to one bot, and what the bot answers is collected. Answers null when no bot is there to take it.
 */
import { OperatorError } from '../../errors.js';
import type { Collector } from './answers.js';
import { type Deliver, type Delivered, deliverEvent, form, isTaken } from './deliver.js';
import { appId, teamId } from './directory.js';
import { messageFor, personOf, viewFor } from './lookups.js';
import type { MethodContext } from './method.js';
import { viewAnswer, viewOf, wireView } from './methods-views.js';
import * as payloads from './payloads.js';
import {
  type Answer,
  type Fields,
  isFields,
  SlackError,
  type StoredView,
  type WorkspaceUser,
} from './shapes.js';
import type { ResponseTicket } from './tickets.js';
import { applyResponse } from './web-api.js';

export interface Outcome {
  /** False: the bot did not acknowledge in 3 s, or refused. */
  ok: boolean;
  ackMs: number;
  responses: Answer[];
}

/** null: no bot is there to take it. */
export type Reply = Promise<Outcome | null>;

export interface Click {
  user: string;
  messageTs?: string | undefined;
  /** For an element of a modal or home tab, instead of messageTs. */
  viewId?: string | undefined;
  blockId?: string | undefined;
  actionId: string;
  value?: string | undefined;
  /** What stands in the view's inputs at that moment. */
  values?: Fields | undefined;
}

export type Control = ReturnType<typeof createControl>;

export function createControl(options: { context: MethodContext; deliver: Deliver; command: string }) {
  const { context, deliver } = options;
  const { workspace, tickets, answers } = context;
  let deliveries = 0;

  return {
    /** Throws OperatorError for a person or channel that is not there. */
    async command(said: { user: string; channel: string; text: string }): Reply {
      const user = personOf(workspace, said.user);
      const channel = workspace.channel(said.channel);
      if (channel === null) throw new OperatorError('not-found', `There is no channel ${said.channel}.`);
      const typed = /^\/(\S+)\s*/.exec(said.text.trim());
      const command = typed === null ? options.command : `/${typed[1]}`;
      const text = said.text.trim().slice(typed?.[0].length ?? 0);
      const { id, collector, ticket } = open(user, channel.id, null);
      if (command !== options.command) return finish(id, collector, notACommand(command, ticket));
      const body = payloads.commandForm(
        { user, channel, command, text: payloads.escapeTyped(text, workspace) },
        { responseUrl: responseUrl(ticket), triggerId: tickets.trigger(user.id, id) },
      );
      return finish(id, collector, take(await deliver(body, form), ticket));
    },

    /** A click on a button, a choice in a menu. Throws OperatorError when the person sees no such thing. */
    async click(click: Click): Reply {
      const user = personOf(workspace, click.user);
      const view = click.viewId === undefined ? null : viewFor(workspace, user, click.viewId);
      const message = view === null ? messageFor(workspace, user, click.messageTs ?? '') : null;
      const clicked = payloads.findElement(view?.view.blocks ?? message!.blocks, click);
      const { id, collector, ticket } = open(user, message?.channel ?? null, message?.ts ?? null);
      const about =
        view === null
          ? {
              ...payloads.messageContainer(message!, workspace),
              state: { values: {} },
              response_url: responseUrl(ticket),
            }
          : payloads.viewContainer(view, click.values ?? {});
      const payload = {
        type: 'block_actions',
        ...payloads.common(user),
        ...about,
        trigger_id: tickets.trigger(user.id, id),
        actions: [payloads.actionOf(clicked, click.value, String(context.clock.now() / 1000))],
      };
      collector.view = view?.id ?? null;
      return finish(id, collector, take(await interaction(payload), ticket));
    },

    /** A modal's submission. `values` by block id (and action id), or by action id alone. */
    async submit(given: { user: string; viewId: string; values?: Fields | undefined }): Reply {
      const user = personOf(workspace, given.user);
      const view = viewFor(workspace, user, given.viewId);
      const { id, collector } = open(user, null, null);
      const payload = {
        type: 'view_submission',
        ...payloads.common(user),
        ...payloads.viewContainer(view, given.values ?? {}),
        trigger_id: tickets.trigger(user.id, id),
        response_urls: [],
      };
      const delivered = await interaction(payload);
      if (delivered?.status === 200) closeOrChange(view, delivered.body, collector);
      return finish(id, collector, delivered, false);
    },

    /** Closes a modal without submitting. */
    async dismiss(given: { user: string; viewId: string }): Reply {
      const user = personOf(workspace, given.user);
      const view = viewFor(workspace, user, given.viewId);
      const { id, collector } = open(user, null, null);
      workspace.closeView(view);
      answers.close(id);
      if (view.view.notify_on_close !== true) return { ok: true, ackMs: 0, responses: [] };
      const payload = {
        type: 'view_closed',
        ...payloads.common(user),
        view: wireView(view),
        is_cleared: false,
      };
      const delivered = await interaction(payload);
      return delivered === null ? null : outcome(delivered, collector);
    },

    /** Opens the bot's home tab: the bot publishes it after this event. */
    async home(given: { user: string }): Reply {
      const user = personOf(workspace, given.user);
      const { id, collector } = open(user, null, null);
      const known = workspace.homes.get(user.id);
      const event = {
        type: 'app_home_opened',
        user: user.id,
        channel: `D0${user.id.slice(2)}`,
        tab: 'home',
        event_ts: String(context.clock.now() / 1000),
        ...(known === undefined ? {} : { view: wireView(known) }),
      };
      const delivered = await deliverEvent(deliver, {
        type: 'event_callback',
        team_id: teamId,
        api_app_id: appId,
        event,
        event_id: workspace.newId('Ev'),
        event_time: Math.floor(context.clock.now() / 1000),
        authorizations: [{ team_id: teamId, user_id: user.id, is_bot: false }],
      });
      answers.close(id);
      return delivered === null ? null : outcome(delivered, collector);
    },

    /** A message shortcut: 'explain_decision' on a message, say. */
    async shortcut(given: { user: string; messageTs: string; callbackId: string }): Reply {
      const user = personOf(workspace, given.user);
      const message = messageFor(workspace, user, given.messageTs);
      const { id, collector, ticket } = open(user, message.channel, null);
      const payload = {
        type: 'message_action',
        ...payloads.common(user),
        ...payloads.messageContainer(message, workspace),
        callback_id: given.callbackId,
        message_ts: message.ts,
        action_ts: String(context.clock.now() / 1000),
        trigger_id: tickets.trigger(user.id, id),
        response_url: responseUrl(ticket),
      };
      return finish(id, collector, take(await interaction(payload), ticket));
    },
  };

  function open(user: WorkspaceUser, channel: string | null, original: string | null) {
    const id = `d${++deliveries}`;
    const collector = answers.open(id, user.id, channel, original);
    // What is clicked in a modal has no channel of its own; the ticket's is never used then.
    const ticket = tickets.response(user.id, channel ?? workspace.channels[0]!.id, original, id);
    return { id, collector, ticket };
  }

  function responseUrl(ticket: ResponseTicket): string {
    return `${context.url()}/response/${ticket.secret}`;
  }

  function interaction(payload: Fields): Promise<Delivered | null> {
    return deliver(new URLSearchParams({ payload: JSON.stringify(payload) }).toString(), form);
  }

  /** An acknowledgement's body is an answer of its own, when it has one. */
  function take(delivered: Delivered | null, ticket: ResponseTicket): Delivered | null {
    if (delivered === null) return null;
    const failure = failureOf(delivered);
    if (failure !== null) say(ticket, `${options.command} failed with the error ${failure}.`);
    else if (delivered.body.trim() !== '') {
      try {
        applyResponse(answerOf(delivered.body), ticket, context);
      } catch (error) {
        if (!(error instanceof SlackError)) throw error;
        say(ticket, `${options.command} failed with the error "${error.code}".`);
      }
    }
    return delivered;
  }

  function say(ticket: ResponseTicket, text: string): void {
    applyResponse({ text, response_type: 'ephemeral' }, ticket, context);
  }

  function notACommand(command: string, ticket: ResponseTicket): Delivered {
    say(ticket, `${command} is not a valid command. Here it is ${options.command}.`);
    return { status: 404, body: '', contentType: '', ackMs: 0 };
  }

  async function finish(
    id: string,
    collector: Collector,
    delivered: Delivered | null,
    expects = true,
  ): Reply {
    if (delivered !== null) await answers.settled(collector, expects);
    answers.close(id);
    return delivered === null ? null : outcome(delivered, collector);
  }

  function outcome(delivered: Delivered, collector: Collector): Outcome {
    return {
      ok: isTaken(delivered),
      ackMs: Math.round(delivered.ackMs * 10) / 10,
      responses: structuredClone(collector.answers),
    };
  }

  /** response_action: errors keeps the modal, update and push change it, clear and nothing close it. */
  function closeOrChange(view: StoredView, body: string, collector: Collector): void {
    const given = body.trim() === '' ? {} : answerOf(body);
    const action = given.response_action;
    if (action === 'errors' && isFields(given.errors)) {
      workspace.refuseView(view, given.errors as Record<string, string>);
      answersTo(collector, view);
      return;
    }
    if (action === 'update') {
      workspace.changeView(view, viewOf(given.view));
      answersTo(collector, view);
      return;
    }
    if (action === 'push') {
      answersTo(collector, workspace.openView(view.user, viewOf(given.view), view));
      return;
    }
    const gone = [...workspace.views.values()].filter((each) =>
      action === 'clear' ? each.root === view.root : each.id === view.id,
    );
    for (const each of gone) workspace.closeView(each);
  }

  function answersTo(collector: Collector, view: StoredView): void {
    collector.answers.push(viewAnswer(view));
  }
}

function failureOf({ status }: Delivered): string | null {
  if (status === 200) return null;
  if (status === 'late') return '"operation_timeout": the bot did not answer within 3 s';
  return `"dispatch_failed" (${status === 'broken' ? 'the connection broke' : `status ${status}`})`;
}

function answerOf(body: string): Fields {
  try {
    const parsed: unknown = JSON.parse(body);
    if (isFields(parsed)) return parsed;
  } catch {
    // A plain text body is an answer too.
  }
  return { text: body, response_type: 'ephemeral' };
}
