/** Who types, in a thread of its own: sends the commands, takes Slack's place for names and response_urls, and counts. */
import { createHmac } from 'node:crypto';
import { Agent, createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';

export const SECRET = 'a-signing-secret';
const VERBS = ['status', 'why fleet-1', 'history', 'help', 'run fleet-2'];

export interface CommandFigures {
  sent: number;
  bare: { p50: number; p99: number };
  muster: { p50: number; p99: number };
  lost: number;
  doubled: number;
}

interface Load {
  bare: string;
  muster: string;
  seconds: number;
  rate: number;
}

if (workerData === 'typist') {
  const answered = new Map<string, number>();
  const peer = await startPeer((id) => answered.set(id, (answered.get(id) ?? 0) + 1));
  parentPort?.once('message', (load: Load) => {
    void type(load, peer, answered).then((figures) => parentPort?.postMessage(figures));
  });
  parentPort?.postMessage(peer);
}

async function type(load: Load, peer: string, answered: Map<string, number>): Promise<CommandFigures> {
  const acks = { bare: [] as number[], muster: [] as number[] };
  const sent: string[] = [];
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  await warmUp([load.bare, load.muster], peer, agent);
  // Each second's commands go to both, first one and then the other, so that noise of the machine hits both alike.
  for (let second = 0; second < load.seconds * 2; second += 1) {
    const isMuster = second % 2 === 1;
    const under: Promise<void>[] = [];
    const begun = performance.now();
    for (let n = 0; n < load.rate; n += 1) {
      await sleep(Math.max(0, begun + (n * 1_000) / load.rate - performance.now()));
      const id = `c${second}-${n}`;
      if (isMuster) sent.push(id);
      const took = command(isMuster ? load.muster : load.bare, id, peer, agent);
      under.push(took.then((ms) => void (isMuster ? acks.muster : acks.bare).push(ms)));
    }
    await Promise.all(under);
  }
  const end = Date.now() + 10_000;
  while (sent.some((id) => !answered.has(id)) && Date.now() < end) await sleep(50);
  agent.destroy();
  return {
    sent: sent.length,
    bare: percentiles(acks.bare),
    muster: percentiles(acks.muster),
    lost: sent.filter((id) => !answered.has(id)).length,
    doubled: sent.filter((id) => (answered.get(id) ?? 0) > 1).length,
  };
}

/** Slack's side: names for users.info, and the response_urls, whose last part is the command's id. */
async function startPeer(answer: (id: string) => void): Promise<string> {
  const server = createServer((incoming, response) => {
    incoming.resume().on('end', () => {
      const id = /^\/respond\/(.+)$/.exec(incoming.url ?? '')?.[1];
      if (id !== undefined) answer(id);
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ ok: true, user: { tz: 'UTC', profile: { display_name: 'Asha' } } }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return addressOf(server);
}

/** Milliseconds until the acknowledgement has arrived. */
function command(url: string, id: string, peer: string, agent: Agent): Promise<number> {
  const text = VERBS[Number(/\d+$/.exec(id)?.[0] ?? 0) % VERBS.length] ?? 'status';
  const body = new URLSearchParams({
    command: '/muster',
    text,
    user_id: 'U0ASHA',
    user_name: 'asha',
    channel_id: 'C0OTHER',
    channel_name: 'random',
    team_id: 'T1',
    response_url: `${peer}/respond/${id}`,
    trigger_id: id,
  }).toString();
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const digest = createHmac('sha256', SECRET).update(`v0:${timestamp}:${body}`).digest('hex');
  const begun = performance.now();
  return new Promise((resolve, reject) => {
    const sending = request(
      `${url}/slack/events`,
      {
        method: 'POST',
        agent,
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          'x-slack-request-timestamp': timestamp,
          'x-slack-signature': `v0=${digest}`,
        },
      },
      (response) => {
        response.resume().on('end', () => {
          if (response.statusCode === 200) resolve(performance.now() - begun);
          else reject(new Error(`a command was answered with ${response.statusCode}`));
        });
      },
    );
    sending.on('error', reject);
    sending.end(body);
  });
}

async function warmUp(urls: string[], peer: string, agent: Agent): Promise<void> {
  for (let n = 0; n < 100; n += 1)
    for (const url of urls) await command(url, `warm-${url.length}-${n}`, peer, agent);
  await sleep(500);
}

function percentiles(list: number[]): { p50: number; p99: number } {
  const sorted = [...list].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}

function addressOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
