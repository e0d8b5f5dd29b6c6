/** What Slack sends a bot when somebody types, clicks or submits: built from stored messages and views. */
import { OperatorError } from '../../errors.js';
import { appId, botId, botUserId, teamId } from './directory.js';
import { wireMessage } from './method.js';
import { wireView } from './methods-views.js';
import {
  type Block,
  type Fields,
  isFields,
  type StoredMessage,
  type StoredView,
  type WorkspaceUser,
} from './shapes.js';
import type { Workspace } from './workspace.js';

/** The legacy token field; Bolt ignores it, the signature counts. */
const token = 'sandbox-verification';

export function common(user: WorkspaceUser): Fields {
  return {
    user: { id: user.id, username: user.name, name: user.name, team_id: teamId },
    api_app_id: appId,
    token,
    team: { id: teamId, domain: 'muster-sandbox' },
    enterprise: null,
    is_enterprise_install: false,
  };
}

export function commandForm(
  said: { user: WorkspaceUser; channel: { id: string; name: string }; command: string; text: string },
  tickets: { responseUrl: string; triggerId: string },
): string {
  return new URLSearchParams({
    token,
    team_id: teamId,
    team_domain: 'muster-sandbox',
    channel_id: said.channel.id,
    channel_name: said.channel.name,
    user_id: said.user.id,
    user_name: said.user.name,
    command: said.command,
    text: said.text,
    api_app_id: appId,
    is_enterprise_install: 'false',
    response_url: tickets.responseUrl,
    trigger_id: tickets.triggerId,
  }).toString();
}

/** Text as Slack hands it on: &, < and > escaped, people and channels as ids (the manifest asks for should_escape). */
export function escapeTyped(text: string, workspace: Workspace): string {
  return text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/@([a-z0-9._-]+)/gi, (whole, name: string) => {
      const user = workspace.user(name);
      const group = workspace.groups.find((each) => each.handle === name);
      if (user !== null) return `<@${user.id}|${user.name}>`;
      return group === undefined ? whole : `<!subteam^${group.id}|@${group.handle}>`;
    })
    .replace(/#([a-z0-9._-]+)/gi, (whole, name: string) => {
      const channel = workspace.channel(name);
      return channel === null ? whole : `<#${channel.id}|${channel.name}>`;
    });
}

export function messageContainer(message: StoredMessage, workspace: Workspace): Fields {
  const channel = workspace.channel(message.channel)!;
  return {
    container: {
      type: 'message',
      message_ts: message.ts,
      channel_id: channel.id,
      is_ephemeral: message.onlyFor !== null,
      ...(message.threadTs === null ? {} : { thread_ts: message.threadTs }),
    },
    channel: { id: channel.id, name: channel.name },
    // Slack does not send what only one person saw.
    ...(message.onlyFor === null
      ? {
          message: {
            ...wireMessage(message, { userId: botUserId, botId, appId }),
            ...(message.metadata === null ? {} : { metadata: message.metadata }),
          },
        }
      : {}),
  };
}

export function viewContainer(view: StoredView, values: Fields): Fields {
  return {
    container: { type: 'view', view_id: view.id },
    view: { ...wireView(view), state: { values: stateOf(view.view.blocks, values) } },
  };
}

interface Clicked {
  block: Block;
  element: Fields;
}

/** The element that a click means. Throws OperatorError when there is no such thing, or when it is not the only one. */
export function findElement(
  blocks: Block[],
  wanted: { blockId?: string | undefined; actionId: string; value?: string | undefined },
): Clicked {
  const found = blocks
    .flatMap((block) => elementsOf(block).map((element) => ({ block, element })))
    .filter(
      ({ block, element }) =>
        element.action_id === wanted.actionId && (wanted.blockId ?? block.block_id) === block.block_id,
    );
  const exact = found.find(({ element }) => wanted.value !== undefined && element.value === wanted.value);
  const hit = exact ?? found[0];
  if (hit === undefined)
    throw new OperatorError('not-found', `There is nothing with the action ${wanted.actionId} there.`);
  return hit;
}

export function elementsOf(block: Block): Fields[] {
  const inside = Array.isArray(block.elements) ? block.elements : [block.accessory, block.element];
  return inside.filter(isFields);
}

/** The action of a block_actions payload, by the element's type. */
export function actionOf({ block, element }: Clicked, value: string | undefined, ts: string): Fields {
  const base = { action_id: element.action_id, block_id: block.block_id, type: element.type, action_ts: ts };
  if (element.type === 'button')
    return {
      ...base,
      text: element.text,
      ...(element.value === undefined ? {} : { value: element.value }),
      ...(element.style === undefined ? {} : { style: element.style }),
    };
  return { ...base, ...chosen(element, value ?? null) };
}

/** The state of a view's inputs: what was typed or chosen, else what the view started with. */
export function stateOf(blocks: Block[], values: Fields): Fields {
  const state: Record<string, Fields> = {};
  for (const block of blocks) {
    for (const element of elementsOf(block)) {
      if (element.type === 'button' || element.type === 'image' || element.type === 'overflow') continue;
      if (typeof element.action_id !== 'string' || block.block_id === undefined) continue;
      const inBlock = values[block.block_id];
      const given = isFields(inBlock) ? inBlock[element.action_id] : (inBlock ?? values[element.action_id]);
      state[block.block_id] = {
        ...state[block.block_id],
        [element.action_id]: {
          type: element.type,
          ...chosen(element, given === undefined ? initial(element) : bare(given)),
        },
      };
    }
  }
  return state;
}

/** What stands in an input, where it is given as Slack itself writes a view's state. */
function bare(given: unknown): unknown {
  if (!isFields(given)) return given;
  if (isFields(given.selected_option)) return given.selected_option.value;
  if (Array.isArray(given.selected_options))
    return given.selected_options.filter(isFields).map((each) => each.value);
  return STATE_KEYS.map((key) => given[key]).find((value) => value != null) ?? null;
}

const STATE_KEYS = [
  'value',
  'selected_date',
  'selected_time',
  'selected_date_time',
  'selected_user',
  'selected_channel',
  'selected_conversation',
];

function initial(element: Fields): unknown {
  const option = element.initial_option;
  if (isFields(option)) return option.value;
  if (Array.isArray(element.initial_options))
    return element.initial_options.filter(isFields).map((each) => each.value);
  return (
    element.initial_value ??
    element.initial_date ??
    element.initial_time ??
    element.initial_date_time ??
    element.initial_user ??
    element.initial_channel ??
    element.initial_conversation ??
    null
  );
}

function chosen(element: Fields, value: unknown): Fields {
  const type = String(element.type);
  const options = [
    ...(Array.isArray(element.options) ? element.options : []),
    ...(Array.isArray(element.option_groups) ? element.option_groups : [])
      .filter(isFields)
      .flatMap((group) => (Array.isArray(group.options) ? group.options : [])),
  ].filter(isFields);
  const option = (wanted: unknown): Fields | null => {
    if (wanted === null || wanted === '') return null;
    const hit = options.find((each) => each.value === wanted);
    if (hit === undefined)
      throw new OperatorError('bad-input', `"${String(wanted)}" is not among the options.`);
    return hit;
  };
  if (type === 'static_select' || type === 'radio_buttons' || type === 'overflow')
    return { selected_option: option(value) };
  if (type === 'checkboxes' || type === 'multi_static_select')
    return { selected_options: (Array.isArray(value) ? value : value === null ? [] : [value]).map(option) };
  if (type === 'datepicker') return { selected_date: value };
  if (type === 'timepicker') return { selected_time: value };
  if (type === 'datetimepicker') return { selected_date_time: value === null ? null : Number(value) };
  if (type === 'users_select') return { selected_user: value };
  if (type === 'channels_select') return { selected_channel: value };
  if (type === 'conversations_select') return { selected_conversation: value };
  return { value: value === null || value === '' ? null : String(value) };
}
