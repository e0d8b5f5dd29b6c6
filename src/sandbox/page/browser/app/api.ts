/** Talks to the sandbox: updates, and what a person does. */
import { isFields, type Outcome, type Update } from './shapes.js';
import { store } from './store.js';

export async function fetchUpdate(): Promise<Update> {
  const query = new URLSearchParams({
    epoch: String(store.latest?.epoch ?? 0),
    since: String(store.latest?.rev ?? 0),
    points: String(store.points.at(-1)?.at ?? 0),
  });
  const response = await fetch(`/_page/updates?${query}`);
  if (!response.ok) throw new Error(`updates: ${response.status}`);
  return (await response.json()) as Update;
}

export const command = (text: string): Promise<Outcome> =>
  send('POST', '/_sandbox/command', { user: store.user, channel: store.channel, text });

export const click = (about: {
  messageTs: string;
  blockId?: string | undefined;
  actionId: string;
  value?: string | undefined;
}): Promise<Outcome> => send('POST', '/_sandbox/click', { user: store.user, ...about });

export const submit = (viewId: string, values: object): Promise<Outcome> =>
  send('POST', '/_sandbox/submit', { user: store.user, viewId, values });

export const act = (about: object): Promise<Outcome> =>
  send('POST', '/_page/act', { user: store.user, ...about });

/** `status`: what the bot answered to an incident button; 0: nothing, null: it was no button. */
export const onIncident = (incidentId: string, what: string): Promise<{ status: number | null }> =>
  send('POST', '/_sandbox/pagerduty', { incidentId, act: what, user: store.user });

export const breakPeer = (target: string, kind: string, seconds: number): Promise<unknown> =>
  send('POST', '/_sandbox/fault', { target, kind, seconds });

export const mendPeer = (id: string): Promise<unknown> =>
  send('DELETE', `/_sandbox/fault/${encodeURIComponent(id)}`, undefined);

/** `downSeconds` null: the VM never returns. */
export const maintain = (
  fleet: string,
  inSeconds: number,
  downSeconds: number | null,
): Promise<{ node: string; zone: string; at: number }> =>
  send('POST', '/_sandbox/maintenance', { fleet, inSeconds, downSeconds });

export const switchZone = (zone: string, up: boolean): Promise<unknown> =>
  send('POST', '/_sandbox/zone', { zone, up });

export const befall = (fleet: string, what: string): Promise<{ hit: string[] }> =>
  send('POST', '/_sandbox/worker', { fleet, what });

/** Somebody's CI deploys, with a canary. */
export const deployBeside = (
  fleet: string,
  what: string,
): Promise<{ zone: string; image: string; hasRoom: boolean }> =>
  send('POST', '/_sandbox/deploy', { fleet, what });

export const deadLetter = (fleet: string, count: number): Promise<unknown> =>
  send('POST', '/_sandbox/dead-letters', { fleet, count });

/** Throws with a sentence for people. */
async function send<T>(method: string, path: string, body: unknown): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
  } catch {
    throw new Error('The sandbox does not answer. Is it still running?');
  }
  const answer: unknown = await response.json().catch(() => ({}));
  if (response.ok) return answer as T;
  if (response.status === 503)
    throw new Error('No bot is running to take it. It may be restarting: try again.');
  const error = isFields(answer) ? answer.error : undefined;
  if (typeof error === 'string') throw new Error(error);
  throw new Error(
    isFields(error) && typeof error.message === 'string' ? error.message : `Refused (${response.status}).`,
  );
}
