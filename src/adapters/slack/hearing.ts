/** From a command or a click to its answer. Everything here runs after the acknowledgement, and never throws. */
import { randomBytes } from 'node:crypto';
import type { ModalView } from '@slack/types';
import { showTime } from '../../core/local-time.js';
import type { Message } from '../../core/message.js';
import { failure, refusal } from '../../core/views/problem.js';
import { OperatorError, OutsideError } from '../../errors.js';
import type { About, Marked } from './about.js';
import type { ButtonSigner } from './buttons.js';
import type { Channels } from './channels.js';
import { createClaims } from './claims.js';
import { escaped, unescaped } from './escape.js';
import { withinPatience } from './first.js';
import type { Answer, Heard, SlackOptions } from './index.js';
import { lintMessage } from './lint.js';
import type { Modals, Origin, ViewActed } from './modals.js';
import type { People } from './people.js';
import type { Pictures } from './pictures.js';
import { showIn } from './places.js';
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
  trigger_id?: string;
}

/** What is read of a block_actions payload. */
export interface Click {
  user: { id: string; username?: string; name?: string; team_id?: string };
  team?: { id?: string } | null;
  channel?: { id: string; name?: string };
  response_url?: string;
  trigger_id?: string;
  /** The modal or home tab that was clicked in. */
  view?: ViewActed & { type?: string };
  container?: { is_ephemeral?: boolean; [other: string]: unknown };
  message?: { text?: string; blocks?: { type: string; block_id?: string }[]; [other: string]: unknown };
  actions: { value?: string; action_id?: string; text?: { text?: string }; [other: string]: unknown }[];
}

/** What is read of a view_submission payload. */
export interface Submission {
  user: Click['user'];
  team?: Click['team'];
  view: ViewActed;
}

/** What is read of a message shortcut. */
export interface Shortcut {
  user: Click['user'];
  team?: Click['team'];
  channel: { id: string; name?: string };
  message: Marked & { thread_ts?: string };
  response_url: string;
  trigger_id?: string;
}

/** The answer to a submission, in Slack's words; none closes the modal. */
export type SubmissionAnswer =
  | { response_action: 'errors'; errors: Record<string, string> }
  | { response_action: 'update'; view: ModalView };

interface HearingOptions
  extends Pick<
    SlackOptions,
    'handle' | 'changes' | 'once' | 'undoOnce' | 'log' | 'command' | 'clock' | 'forms'
  > {
  /** null: no forms, and no answers in modals. */
  modals: Modals | null;
  /** Which decision a message is about. */
  about: About;
  /** Something was changed for all to see. */
  changed(): void;
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
  /** A field of a form was filled in. */
  fill(body: unknown): void;
  /** Gives the acknowledgement within its three seconds; what follows is said later. */
  submit(body: unknown): Promise<SubmissionAnswer | null>;
  explain(body: unknown): void;
  /** Resolves when no answer is under way. */
  quiet(): Promise<void>;
}

/** An address takes five answers: the words, and two attempts of two each. */
const PICTURE_PAUSES_MS = [0, 1_500];
/** The home tab is no channel: what is done there is announced where the fleets are. */
const HOME = 'home';
/** A response_url lives thirty minutes; a form that stood open longer is answered in its own place. */
const ADDRESS_MS = 25 * 60_000;
const NO_DECISION =
  'This message is about no single decision. Try it on a message such as “ocr: 4 → 6 workers”, or ask why with the name of a fleet.';
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
  const { claim, claimForm, remember } = createClaims({ changes, once, log });
  const opensForm = (text: string): boolean => (options.forms?.opens(text) ?? null) !== null;

  function track(work: Promise<void>): void {
    const safe = work.catch((error: unknown) => {
      log.error({ peer: 'slack', error: String(error) }, 'an answer was lost');
    });
    underWay.add(safe);
    void safe.finally(() => underWay.delete(safe));
  }

  async function say(url: string, answer: Answer, more: Pick<Responded, 'thread_ts'> = {}): Promise<void> {
    const rendered = drawn(answer.message);
    const to: Responded = {
      response_type: answer.visibility === 'channel' ? 'in_channel' : 'ephemeral',
      replace_original: false,
      ...more,
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
      const answer = await handle(heard);
      if (answer.visibility === 'channel') options.changed();
      return answer;
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
    if (refused !== null) return say(command.response_url, toCaller(refused, 'warn'));
    const answering = answerTo(heard);
    const place = {
      say: async () => say(command.response_url, await answering),
      triggerId: command.trigger_id,
      view: null,
      origin: originOf(heard, command.response_url),
      opensForm: opensForm(heard.text),
    };
    await showIn(place, answering, person, options.modals);
  }

  async function onClick(body: Click): Promise<void> {
    const [action] = body.actions;
    const url = body.response_url;
    if (action === undefined || (url === undefined && body.view === undefined)) return;
    let saidInPlace = false;
    const tell = (answer: Answer): Promise<void> => show(Promise.resolve(answer));
    const show = (answering: Promise<Answer>, heard: Heard | null = null): Promise<void> => {
      const isModal = body.view !== undefined && body.view.type !== 'home';
      const place = {
        say:
          url === undefined
            ? null
            : async () => {
                const answer = await answering;
                if (!saidInPlace) await say(url, answer);
              },
        triggerId: body.trigger_id,
        view: isModal ? { id: body.view!.id } : null,
        origin: originOf(heard ?? { where: HOME }, url),
        opensForm: heard !== null && opensForm(heard.text),
      };
      return showIn(place, answering, heard?.by ?? { id: body.user.id, name: '' }, options.modals);
    };
    const value = signer.verify(action.value ?? '');
    if (value === null) {
      log.warn({ peer: 'slack', by: body.user.id }, 'refused a click: its value is not ours');
      return tell(toCaller(ALTERED, 'warn'));
    }
    const called = body.user.username ?? body.user.name ?? '';
    const { person, refused, ...facts } = await people.find(body.user.id, called, body.team?.id);
    if (refused !== null) return tell(toCaller(refused, 'warn'));
    // What opens a form changes nothing yet, so it may be clicked as often as one likes.
    const taken = opensForm(value.command) ? null : await claim(value, body.user.id);
    if (taken !== null) return tell(toCaller(taken, 'info'));
    const where = body.channel?.id ?? HOME;
    remember(value.id, person.name);
    const heard: Heard = {
      text: value.command,
      by: person,
      email: facts.email,
      unknown: !facts.known,
      where,
      ...nameOf(where, body.channel?.name),
      ...(value.version === null ? {} : { expectVersion: value.version }),
    };
    const answering = answerTo(heard).then(async (answer) => {
      // Whoever may not, or came too early, does not use the button up for those who may.
      if (answer.refused !== undefined) await options.undoOnce?.(`click-${value.id}`).catch(() => undefined);
      if (url === undefined) return answer;
      if (answer.closes !== undefined) saidInPlace = await replaced(body, url, answer);
      else if (answer.visibility === 'channel')
        await closeButtons(body, url, person.name, action.text?.text ?? '');
      return answer;
    });
    await show(answering, heard);
  }

  async function onFill(body: Click): Promise<void> {
    if (body.view === undefined || options.modals === null) return;
    const called = body.user.username ?? body.user.name ?? '';
    const { person, refused } = await people.find(body.user.id, called, body.team?.id);
    if (refused === null) await options.modals.changed(body.view, person);
  }

  async function onSubmit(body: Submission): Promise<SubmissionAnswer | null> {
    const { modals } = options;
    if (modals === null) return null;
    const instead = (sentence: string): SubmissionAnswer => ({
      response_action: 'update',
      view: modals.answer(toCaller(sentence, 'warn').message),
    });
    const called = body.user.username ?? body.user.name ?? '';
    const { person, refused, ...facts } = await people.find(body.user.id, called, body.team?.id);
    if (refused !== null) return instead(refused);
    const given = modals.submitted(body.view, person);
    if (given === null)
      return instead('This form is not known any more, so nothing was done. Open it again, please.');
    if ('errors' in given) return { response_action: 'errors', errors: given.errors };
    const { origin } = given;
    const heard: Heard = {
      text: given.filled.text,
      by: person,
      email: facts.email,
      unknown: !facts.known,
      where: origin.channel,
      ...(origin.channelName === undefined ? {} : { whereName: origin.channelName }),
    };
    // Slack does not wait for a slow memory: the form is taken, and what became of it is said later.
    const claiming = claimForm(body.view.id).then((taken) => ({ taken }));
    const claimed = await withinPatience(claiming);
    if (claimed !== null && claimed.taken !== null) return instead(claimed.taken);
    const answering = claiming.then(({ taken }) =>
      taken === null ? answerTo(heard) : toCaller(taken, 'warn'),
    );
    const url = Date.now() - origin.at < ADDRESS_MS ? origin.responseUrl : undefined;
    if (url !== undefined) {
      track(answering.then((answer) => say(url, answer)));
      return null;
    }
    track(
      answering.then(async ({ message }) => void (await modals.showMessage({ id: body.view.id }, message))),
    );
    return { response_action: 'update', view: modals.loading };
  }

  async function onExplain(body: Shortcut): Promise<void> {
    const called = body.user.username ?? body.user.name ?? '';
    const { person, refused } = await people.find(body.user.id, called, body.team?.id);
    const thread = body.message.thread_ts;
    const inThread = thread === undefined ? {} : { thread_ts: thread };
    if (refused !== null) return say(body.response_url, toCaller(refused, 'warn'), inThread);
    const decision = await options.about(body.channel.id, body.message);
    const where = body.channel.id;
    const answer =
      decision === null
        ? toCaller(NO_DECISION, 'info')
        : await answerTo({
            text: `why ${decision.fleet} ${decision.id}`,
            by: person,
            where,
            ...nameOf(where, body.channel.name),
          });
    await say(body.response_url, answer, inThread);
  }

  function originOf(heard: { where: string; whereName?: string }, responseUrl: string | undefined): Origin {
    return {
      channel: heard.where,
      ...(heard.whereName === undefined ? {} : { channelName: heard.whereName }),
      ...(responseUrl === undefined ? {} : { responseUrl }),
      at: Date.now(),
    };
  }

  /** What the buttons asked for is settled: the message says how. True: that is all there is to say. */
  async function replaced(
    body: Click,
    url: string,
    { visibility, message, closes }: Answer,
  ): Promise<boolean> {
    const isOwn = body.container?.is_ephemeral === true;
    const done = await respond(
      url,
      isOwn ? { delete_original: true } : { replace_original: true, ...drawn(closes ?? message) },
    );
    return done && !isOwn && visibility === 'channel' && message === closes;
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
    fill: (body) => track(onFill(body as Click)),
    submit: (body) => onSubmit(body as Submission),
    explain: (body) => track(onExplain(body as Shortcut)),
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
