/** Home tabs: published when somebody opens theirs, and again after changes for those who looked lately; nobody else's. */
import { createHash, randomBytes } from 'node:crypto';
import type { WebClient } from '@slack/web-api';
import type { Message } from '../../core/message.js';
import type { Log } from '../../ports.js';
import type { ButtonSigner } from './buttons.js';
import { outsideError } from './client.js';
import type { Heard } from './index.js';
import { lintView } from './lint.js';
import type { People } from './people.js';
import { homeView } from './views.js';

export interface Homes {
  opened(userId: string, team?: string): Promise<void>;
  /** Something has changed: soon, and once for many changes, who looked lately sees it. */
  changed(): void;
  stop(): void;
}

/** How long somebody who opened the tab is taken to be looking. */
const LOOKING_MS = 15 * 60_000;
const MOST_LOOKING = 20;
/** After a change, and without one: the numbers move by themselves. Machine clock. */
const SOON_MS = 2_000;
const EVERY_MS = 30_000;

export function createHomes(options: {
  client: WebClient;
  people: People;
  signer: ButtonSigner;
  home(heard: Heard): Promise<Message>;
  log: Log;
  nowMs?: () => number;
}): Homes {
  const { client, people, signer, home, log, nowMs = Date.now } = options;
  const looking = new Map<string, { at: number; team: string | undefined; shown: string }>();
  let soon: NodeJS.Timeout | null = null;
  let every: NodeJS.Timeout | null = null;
  let isStopped = false;

  async function publish(userId: string, team: string | undefined): Promise<void> {
    const known = looking.get(userId);
    const { person, refused, ...facts } = await people.find(userId, userId, team);
    const heard: Heard = { text: '', by: person, email: facts.email, unknown: !facts.known, where: 'home' };
    const message = refused === null ? await home(heard) : sentence(refused);
    const shown = createHash('sha256').update(JSON.stringify(message)).digest('base64url');
    if (known === undefined || known.shown === shown) return;
    const id = randomBytes(9).toString('base64url');
    const view = homeView(message, {
      sign: (button, n) => signer.sign(button, id, n),
      blockId: `home-${id}`,
    });
    const problems = lintView(view as unknown as Record<string, unknown>);
    if (problems.length > 0)
      log.error({ peer: 'slack', problems: problems.slice(0, 5) }, 'a home tab breaks a limit of Slack');
    await client.views.publish({ user_id: userId, view });
    known.shown = shown;
  }

  async function safely(userId: string, team: string | undefined): Promise<void> {
    try {
      await publish(userId, team);
    } catch (error) {
      log.warn({ peer: 'slack' }, outsideError(error, 'views.publish').message);
    }
  }

  async function refresh(): Promise<void> {
    soon = null;
    for (const [userId, { at, team }] of looking) {
      if (nowMs() - at > LOOKING_MS) looking.delete(userId);
      else await safely(userId, team);
    }
    if (looking.size > 0 || every === null) return;
    clearInterval(every);
    every = null;
  }

  function changed(): void {
    if (looking.size === 0 || soon !== null || isStopped) return;
    soon = setTimeout(() => void refresh(), SOON_MS);
    soon.unref();
  }

  return {
    changed,
    async opened(userId, team) {
      if (isStopped) return;
      looking.delete(userId);
      looking.set(userId, { at: nowMs(), team, shown: '' });
      const [longest] = looking.keys();
      if (looking.size > MOST_LOOKING && longest !== undefined) looking.delete(longest);
      every ??= setInterval(changed, EVERY_MS).unref();
      await safely(userId, team);
    },
    stop() {
      isStopped = true;
      if (soon !== null) clearTimeout(soon);
      if (every !== null) clearInterval(every);
    },
  };
}

const sentence = (text: string): Message => ({
  summary: text,
  tone: 'warn',
  parts: [{ kind: 'text', text }],
});
