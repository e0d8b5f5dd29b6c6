/**
 * The page on a world that stands still: the real stand-in, control interface and page routes, a Bolt app as the bot, and
 * three invented fleets. What a browser test needs, in half a second.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type bolt from '@slack/bolt';
import type { Fault } from '../../src/sandbox/context.js';
import { type Answered, ControlError, createControl, type WorldState } from '../../src/sandbox/control.js';
import { createPageRoutes, type PageFleet } from '../../src/sandbox/page-server.js';
import type { Reply } from '../../src/sandbox/slack/control.js';
import { aBench, type Bench } from '../sandbox/slack/bench.js';
import { decisionBlocks, decisionThread, homeView, overrideView, statusBlocks } from './scene-messages.js';

export interface Scene {
  url: string;
  bench: Bench;
  /** Button clicks that reached the bot: who, which value. */
  clicks: { user: string; value: string | undefined }[];
  faults: Fault[];
  close(): Promise<void>;
}

const fleets: PageFleet[] = ['face-match', 'liveness', 'ocr'].map((name, index) => ({
  name,
  objectiveSeconds: 3,
  cycleSeconds: 1200,
  nodePricePerHour: 0.71,
  staticPeakPerHour: [9.94, 4.97, 5.68][index]!,
}));

export async function aScene(): Promise<Scene> {
  const clicks: Scene['clicks'] = [];
  const faults: Fault[] = [];
  const bench = await aBench((app) => listen(app, clicks));
  const { slack, clock } = bench;
  const state = (): WorldState => worldState(bench, faults);
  const page = createPageRoutes({
    slack,
    clock,
    fleets,
    truth: state,
    shortcuts: [{ callbackId: 'explain_decision', name: 'Explain this decision' }],
    hasHome: true,
    restore: aDay(clock.now()),
  });
  const control = createControl({
    state: async () => state(),
    command: (said) => answered(slack.command(said)),
    click: (click) => answered(slack.click(click)),
    submit: (form) => answered(slack.submit(form)),
    fault: async (target, kind, seconds) => {
      const fault = { id: `f${faults.length}`, target, kind, until: clock.now() + seconds * 1000 };
      faults.push(fault);
      return fault;
    },
    worker: () => null,
    endFault: async (id) => {
      const at = faults.findIndex((fault) => fault.id === id);
      if (at >= 0) faults.splice(at, 1);
      return at >= 0;
    },
    maintenance: ({ node = 'gpu-1', inSeconds }) => ({
      node,
      zone: 'asia-south1-a',
      at: clock.now() + inSeconds * 1000,
    }),
    withdrawMaintenance: () => {},
    zone: () => true,
    deploy: () => null,
    deadLetter: () => true,
    replicaConfig: () => {
      throw new ControlError(404, 'not-found', 'No replica here.');
    },
    pagerduty: async () => ({ status: null }),
    registerBot: () => {
      throw new ControlError(404, 'not-found', 'No replica here.');
    },
  });
  const server = createServer((request, response) => {
    void (async () => {
      if (await page.handle(request, response)) return;
      if (await control(request, response)) return;
      response.writeHead(404).end();
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await fill(bench);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bench,
    clicks,
    faults,
    async close() {
      page.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await bench.close();
    },
  };
}

async function answered(reply: Reply): Promise<Answered> {
  const outcome = await reply;
  if (outcome === null) throw new ControlError(503, 'no-bot', 'No bot is running.');
  return outcome;
}

function listen(app: bolt.App, clicks: Scene['clicks']): void {
  app.command('/muster', async ({ command, ack, client }) => {
    if (command.text === 'override') {
      await ack();
      await client.views.open({ trigger_id: command.trigger_id, view: overrideView() });
      return;
    }
    await ack({ text: 'All fleets are on time.', blocks: statusBlocks() });
  });
  app.action(/.*/, async ({ ack, respond, body, action, client }) => {
    await ack();
    const value = 'value' in action ? action.value : undefined;
    clicks.push({ user: body.user.id, value });
    if (!('message' in body) || body.message === undefined) return;
    const line = {
      type: 'context' as const,
      elements: [{ type: 'mrkdwn' as const, text: `Ended by <@${body.user.id}>` }],
    };
    await client.chat.update({
      channel: body.channel!.id!,
      ts: body.message.ts,
      text: 'Override ended.',
      blocks: [{ type: 'section', text: { type: 'mrkdwn', text: '*Override of face-match ended*' } }, line],
    });
    await (respond as (said: object) => Promise<unknown>)({
      text: 'Done: face-match follows the forecast again.',
      replace_original: false,
    });
  });
  app.view('override', async ({ ack, view }) => {
    if (view.state.values.workers?.n?.value === '900')
      await ack({ response_action: 'errors', errors: { workers: 'The ceiling of face-match is 40.' } });
    else await ack();
  });
  app.shortcut('explain_decision', async ({ ack, respond }) => {
    await ack();
    await (respond as (said: object) => Promise<unknown>)({
      text: 'The forecast rose, so *12* workers are needed.',
    });
  });
  app.event('app_home_opened', async ({ event, client }) => {
    await client.views.publish({ user_id: event.user, view: homeView() });
  });
}

async function fill({ client, clock }: Bench): Promise<void> {
  for (const [from, to] of [
    [8, 10],
    [10, 14],
    [14, 12],
  ] as const) {
    const { ts } = await client.chat.postMessage({
      channel: 'ml-ops',
      text: `face-match: ${from} → ${to} workers`,
      blocks: decisionBlocks(from, to, clock.now()),
    });
    for (const reply of decisionThread(to))
      await client.chat.postMessage({
        channel: 'ml-ops',
        thread_ts: ts!,
        text: 'The numbers',
        blocks: reply,
      });
    clock.set(clock.now() + 20 * 60_000);
  }
  await client.chat.postMessage({ channel: 'ml-alerts', text: 'liveness is late: p95 4.1 s against 3 s' });
}

function worldState({ slack, clock, calls, bots }: Bench, faults: Fault[]): WorldState {
  const now = clock.now();
  const truth = { backlog: 3, p95Seconds: 1.24, lateShare: 0.0021, starting: 0 };
  return {
    clock: now,
    speed: clock.speed,
    channels: slack.channels(),
    fleets: {
      'face-match': { ...truth, desired: 12, ready: 10, starting: 2, nodes: 4, demandPerSecond: 14.6 },
      liveness: {
        ...truth,
        desired: 6,
        ready: 6,
        nodes: 2,
        demandPerSecond: 8.3,
        p95Seconds: 4.1,
        lateShare: 0.12,
      },
      ocr: {
        ...truth,
        desired: 6,
        ready: 6,
        nodes: 2,
        demandPerSecond: null,
        backlog: null,
        p95Seconds: null,
      },
    },
    decisions: [
      {
        id: 'd1',
        fleet: 'face-match',
        cycle: now,
        at: now,
        kind: 'scale',
        trigger: 'cycle',
        from: 14,
        to: 12,
        reasons: [],
      },
      {
        id: 'd2',
        fleet: 'ocr',
        cycle: now,
        at: now,
        kind: 'hold',
        trigger: 'cycle',
        from: 6,
        to: 6,
        reasons: [],
      },
    ],
    pagerduty: {
      incidents: [
        {
          id: 'P1',
          dedupKey: 'ocr/latency',
          status: 'resolved',
          summary: 'ocr: p95 over 3 s',
          severity: 'error',
          at: now - 7_200_000,
        },
        {
          id: 'P2',
          dedupKey: 'liveness/latency',
          status: 'triggered',
          summary: 'liveness: p95 4.1 s, objective 3 s',
          severity: 'error',
          at: now - 240_000,
        },
      ],
      changes: [],
    },
    costs: { currency: 'USD', perHour: 5.68, sinceStart: 31.2, staticPeakSinceStart: 84.3 },
    calls,
    bots: bots.map((bot, index) => ({ ...bot, pid: 1000 + index })) as WorldState['bots'],
    faults,
    notes: [],
  };
}

/** Half a day of points, so that the charts have something to draw. */
function aDay(now: number): object {
  const step = 5 * 60_000;
  const points = Array.from({ length: 144 }, (_, index) => {
    const wave = (1 + Math.sin(index / 23)) / 2;
    const workers = Math.round(3 + wave * 9);
    const one = {
      demand: 4 + wave * 14 + (index % 5) * 0.3,
      ready: workers,
      desired: workers + (index % 12 < 2 ? 1 : 0),
    };
    return {
      at: Math.floor(now / step) * step - (144 - index) * step,
      fleets: { 'face-match': one, liveness: one, ocr: one },
    };
  });
  return { v: 1, points };
}
