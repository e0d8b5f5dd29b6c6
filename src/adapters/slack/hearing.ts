/** From a command or a click to its answer. Everything here runs after the acknowledgement, and never throws. */
import { randomBytes } from 'node:crypto';
import { showTime } from '../../core/local-time.js';
import type { Message } from '../../core/message.js';
import { failure, refusal } from '../../core/views/problem.js';
import { OperatorError, OutsideError } from '../../errors.js';
import type { ButtonSigner, ButtonValue } from './buttons.js';
import type { Channels } from './channels.js';
import { escaped, unescaped } from './escape.js';
import type { Answer, Heard, SlackOptions } from './index.js';
import { lintMessage } from './lint.js';
import type { People } from './people.js';
import type { Pictures } from './pictures.js';
import { type Rendered, render } from './render.js';
import type { Respond, Responded } from './respond.js';

export interface TypedCommand {
  text: string;
  user_id: string;
  user_name: string;
  team_id?: string;
  channel_id: string;
  channel_name: string;
  response_url: string;
}

/** What is read of a block_actions payload. */
export interface Click {
  user: { id: string; username?: string; name?: string; team_id?: string };
  team?: { id?: string } | null;
  channel?: { id: string; name?: string };
  response_url?: string;
  container?: { is_ephemeral?: boolean; [other: string]: unknown };
  message?: { text?: string; blocks?: { type: string; block_id?: string }[]; [other: string]: unknown };
  actions: { value?: string; action_id?: string; text?: { text?: string }; [other: string]: unknown }[];
}

interface HearingOptions
  extends Pick<SlackOptions, 'handle' | 'changes' | 'once' | 'undoOnce' | 'log' | 'command' | 'clock'> {
  signer: ButtonSigner;
  channels: Pick<Channels, 'nameOf'>;
  people: People;
  respond: Respond;
  /** null: nothing can be drawn, and charts are told in words. */
  pictures: Pictures | null;
}

export interface Hearing {
  command(command: TypedCommand): void;
  click(body: unknown): void;
  /** Resolves when no answer is under way. */
  quiet(): Promise<void>;
}

/** A hasty second click of the same person, and anybody's second click on what changes something. */
const DOUBLE_CLICK_MS = 3_000;
const CLAIMED_MS = 60_000;
/** An address takes five answers: the words, and two attempts of two each. */
const PICTURE_PAUSES_MS = [0, 1_500];
const ALTERED =
  'That button does not come from this Muster or was altered, so nothing was done. Type the command instead.';

export function createHearing(options: HearingOptions): Hearing {
  const {
    handle,
    changes,
    once,
    log,
    clock = { now: Date.now },
    signer,
    channels,
    people,
    respond,
    pictures,
  } = options;
  const underWay = new Set<Promise<void>>();
  /** Who clicked what lately, to name them to the second one; other replicas' clicks stay unnamed. */
  const clickers = new Map<string, string>();

  function track(work: Promise<void>): void {
    const safe = work.catch((error: unknown) => {
      log.error({ peer: 'slack', error: String(error) }, 'an answer was lost');
    });
    underWay.add(safe);
    void safe.finally(() => underWay.delete(safe));
  }

  async function say(url: string, answer: Answer): Promise<void> {
    const rendered = drawn(answer.message);
    const to: Responded = {
      response_type: answer.visibility === 'channel' ? 'in_channel' : 'ephemeral',
      replace_original: false,
    };
    if (await respond(url, { ...to, ...rendered })) await show(url, to, answer.message);
  }

  /** The words are there at once; their picture follows. Slack may still be looking at a file that was just uploaded. */
  async function show(url: string, to: Responded, message: Message): Promise<void> {
    const picture = await pictures?.of(message, `picture-${randomBytes(9).toString('base64url')}`);
    if (picture == null) return;
    for (const pauseMs of PICTURE_PAUSES_MS) {
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      if (await respond(url, { ...to, ...picture })) return;
    }
  }

  function drawn(message: Message): Partial<Rendered> & { text: string } {
    const id = randomBytes(9).toString('base64url');
    const rendered = render(message, {
      sign: (button, n) => signer.sign(button, id, n),
      blockId: `answer-${id}`,
    });
    const problems = lintMessage(rendered);
    if (problems.length === 0) return rendered;
    log.error({ peer: 'slack', problems: problems.slice(0, 5) }, 'an answer breaks a limit of Slack');
    return { text: rendered.text };
  }

  /** The verb's answer, or a kind one about why there is none. */
  async function answerTo(heard: Heard): Promise<Answer> {
    try {
      return await handle(heard);
    } catch (error) {
      return { visibility: 'caller', message: problemOf(error, heard) };
    }
  }

  function problemOf(error: unknown, heard: Heard): Message {
    if (error instanceof OperatorError) {
      return refusal(error.message, { command: options.command, usage: error.usage });
    }
    const errorId = randomBytes(4).toString('hex');
    log.error(
      { peer: 'slack', errorId, said: heard.text, by: heard.by.id, error: detailOf(error) },
      'a command failed',
    );
    return error instanceof OutsideError
      ? failure(`${error.peer} does not answer as it should (${error.why}).`, errorId)
      : failure('something went wrong inside Muster.', errorId);
  }

  async function onCommand(command: TypedCommand): Promise<void> {
    const { person, refused, ...facts } = await people.find(
      command.user_id,
      command.user_name,
      command.team_id,
    );
    const heard: Heard = {
      text: unescaped(command.text),
      by: person,
      email: facts.email,
      unknown: !facts.known,
      where: command.channel_id,
      ...nameOf(command.channel_id, command.channel_name),
    };
    const answer = refused === null ? await answerTo(heard) : toCaller(refused, 'warn');
    await say(command.response_url, answer);
  }

  async function onClick(body: Click): Promise<void> {
    const [action] = body.actions;
    const url = body.response_url;
    if (action === undefined || url === undefined) return;
    const value = signer.verify(action.value ?? '');
    if (value === null) {
      log.warn({ peer: 'slack', by: body.user.id }, 'refused a click: its value is not ours');
      return say(url, toCaller(ALTERED, 'warn'));
    }
    const called = body.user.username ?? body.user.name ?? '';
    const { person, refused, ...facts } = await people.find(body.user.id, called, body.team?.id);
    if (refused !== null) return say(url, toCaller(refused, 'warn'));
    const taken = await claim(value, body.user.id);
    if (taken !== null) return say(url, toCaller(taken, 'info'));
    const where = body.channel?.id ?? '';
    remember(value.id, person.name);
    const answer = await answerTo({
      text: value.command,
      by: person,
      email: facts.email,
      unknown: !facts.known,
      where,
      ...nameOf(where, body.channel?.name),
      ...(value.version === null ? {} : { expectVersion: value.version }),
    });
    // Whoever may not, or came too early, does not use the button up for those who may.
    if (answer.refused !== undefined) await options.undoOnce?.(`click-${value.id}`).catch(() => undefined);
    if (answer.visibility === 'channel') await closeButtons(body, url, person.name, action.text?.text ?? '');
    await say(url, answer);
  }

  /** null: this click may act. Otherwise a sentence about who was faster. Without its memory Muster changes nothing. */
  async function claim(value: ButtonValue, userId: string): Promise<string | null> {
    try {
      return await claimOnce(value, userId);
    } catch (error) {
      log.warn({ peer: 'slack', error: String(error) }, 'could not tell whether a click is the first');
      return changes(value.command)
        ? 'Muster cannot reach its memory just now, so nothing was done. Try again in a moment.'
        : null;
    }
  }

  async function claimOnce(value: ButtonValue, userId: string): Promise<string | null> {
    if (!(await once(`click-${value.id}-${userId}`, DOUBLE_CLICK_MS))) {
      return 'Your first click is being dealt with; nothing is done twice.';
    }
    if (!changes(value.command) || (await once(`click-${value.id}`, CLAIMED_MS))) return null;
    const who = clickers.get(value.id) ?? 'Somebody';
    return `${who} clicked this a moment ago; nothing is done twice.`;
  }

  function remember(id: string, name: string): void {
    if (clickers.size >= 1_000) clickers.clear();
    clickers.set(id, name);
  }

  /** After a click that changed something the buttons go, and a line says who and when. */
  async function closeButtons(body: Click, url: string, name: string, label: string): Promise<void> {
    if (body.container?.is_ephemeral === true) {
      await respond(url, { delete_original: true });
      return;
    }
    const blocks = body.message?.blocks ?? [];
    // The verb itself closes the message that announced an override or a freeze.
    if (blocks.length === 0 || blocks.some(({ block_id: id }) => /^(override|freeze)-/.test(id ?? '')))
      return;
    const now = clock.now();
    const clicked = escaped(`${name} clicked “${label}”`);
    const fallback = showTime(now, 'UTC', 'date-time');
    const line = `${clicked} <!date^${Math.round(now / 1_000)}^{date_short_pretty} {time}|${fallback}>`;
    const kept = blocks.filter((block) => block.type !== 'actions').slice(0, 49);
    await respond(url, {
      replace_original: true,
      text: body.message?.text ?? 'Muster',
      blocks: [
        ...kept,
        { type: 'context', elements: [{ type: 'mrkdwn', text: line }] },
      ] as Rendered['blocks'],
    });
  }

  function nameOf(id: string, name: string | undefined): { whereName?: string } {
    const known = channels.nameOf(id);
    if (known !== null) return { whereName: known };
    // Slack names private channels and direct messages by their kind.
    if (name === undefined || ['', 'directmessage', 'privategroup'].includes(name)) return {};
    return { whereName: `#${name}` };
  }

  return {
    command: (command) => track(onCommand(command)),
    click: (body) => track(onClick(body as Click)),
    async quiet() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}

function toCaller(sentence: string, tone: Message['tone']): Answer {
  return {
    visibility: 'caller',
    message: { summary: sentence, tone, parts: [{ kind: 'text', text: sentence }] },
  };
}

function detailOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
