/** The outbox's drain through the announce job to the stand-in workspace, at Slack's pace on a clock that jumps. */
import { announce } from '../jobs/announce.js';
import { createSlack } from '../src/adapters/slack/index.js';
import type { JobContext } from '../src/app.js';
import type { OutboxRow } from '../src/core/message.js';
import { createSlackStandIn } from '../src/sandbox/slack/stand-in.js';
import { createMemoryStore } from '../src/simulation/memory-store.js';

const START = Date.UTC(2026, 0, 5, 12, 0);
const silent = { debug() {}, info() {}, warn() {}, error() {} };

export interface OutboxFigures {
  posted: number;
  lost: number;
  doubled: number;
  outOfOrder: number;
  limited: number;
  musterSeconds: number;
  seconds: number;
  memoryMb: number;
}

export async function benchOutbox(load: { messages: number; channels: number }): Promise<OutboxFigures> {
  const clock = createJumpingClock(START);
  let limited = 0;
  const channels = Array.from({ length: load.channels }, (_, n) => ({
    id: `C${String(n).padStart(4, '0')}`,
    name: `room-${n}`,
    purpose: '',
    botIsMember: true,
  }));
  const workspace = await createSlackStandIn({
    context: {
      clock,
      fault: () => null,
      record: ({ status }) => {
        if (status === 429) limited += 1;
      },
    },
    signingSecret: 'a-secret',
    botToken: 'xoxb-1',
    bots: () => [],
    channels,
  });
  const slack = createSlack({
    config: {
      mode: 'http',
      botToken: 'xoxb-1',
      signingSecret: 'a-secret',
      appToken: null,
      apiUrl: workspace.apiUrl,
    },
    environment: 'bench',
    command: '/muster',
    http: { host: '127.0.0.1', port: 0 },
    handle: async () => ({ visibility: 'caller', message: { summary: '', tone: 'info', parts: [] } }),
    changes: () => false,
    once: async () => true,
    log: silent,
    timeoutMs: 10_000,
    routes: [],
  });
  const store = createMemoryStore({ now: Date.now });
  try {
    for (let n = 0; n < load.messages; n += 1)
      await store.push([aRow(n, channels[n % load.channels]!.name)], []);
    globalThis.gc?.();
    const before = process.memoryUsage();
    let most = 0;
    // What is kept, not what waits for the collector: the stand-in's own copy of each message is in it.
    const watch = setInterval(() => {
      globalThis.gc?.();
      const { heapUsed, external } = process.memoryUsage();
      most = Math.max(most, heapUsed + external - before.heapUsed - before.external);
    }, 500);
    const begun = performance.now();
    await Promise.all(channels.map(({ name }) => drain(name)));
    clearInterval(watch);
    return {
      ...figures(),
      limited,
      musterSeconds: (clock.now() - START) / 1_000,
      seconds: (performance.now() - begun) / 1_000,
      memoryMb: most / 1_048_576,
    };
  } finally {
    await workspace.close();
  }

  /** Runs the job as the queue does: again whenever it asks to be, after the delay that it asks for. */
  async function drain(channel: string): Promise<void> {
    clock.enter();
    try {
      for (;;) {
        let again: number | null = null;
        const context = {
          store,
          clock,
          chat: slack.chat,
          pager: null,
          queue: {
            enqueue: async (_job: string, _data: unknown, options?: { delayMs?: number }) => {
              again = options?.delayMs ?? 0;
            },
          },
          meter: { peerFailed() {} },
          log: silent,
          fleets: [],
          settings: { holder: channel, leaseMs: 60_000 },
          signal: new AbortController().signal,
        } as unknown as JobContext;
        await announce.run({ v: 1, channel }, context);
        if (again === null) return;
        await clock.sleep(again);
      }
    } finally {
      clock.leave();
    }
  }

  function figures(): Pick<OutboxFigures, 'posted' | 'lost' | 'doubled' | 'outOfOrder'> {
    const sum = { posted: 0, lost: 0, doubled: 0, outOfOrder: 0 };
    for (const [index, { name }] of workspace.channels().entries()) {
      const posted = workspace.channels()[index]!.messages.map(({ text }) => Number(/\d+/.exec(text)?.[0]));
      const wanted = Array.from({ length: load.messages }, (_, n) => n).filter(
        (n) => channels[n % load.channels]!.name === name,
      );
      const unique = new Set(posted);
      sum.posted += posted.length;
      sum.doubled += posted.length - unique.size;
      sum.lost += wanted.filter((n) => !unique.has(n)).length;
      sum.outOfOrder += posted.filter((n, at) => at > 0 && n < posted[at - 1]!).length;
    }
    return sum;
  }
}

function aRow(n: number, channel: string): OutboxRow {
  return {
    v: 1,
    channel,
    key: `m${n}`,
    seq: 1,
    fleet: 'ocr',
    decisionId: null,
    // An alert is never folded: here each message has to arrive by itself, however long it waited.
    priority: 'alert',
    at: START + n,
    message: {
      summary: `${n} is the number of this message about ocr, which goes from 4 to 6 workers.`,
      tone: 'info',
      parts: [{ kind: 'fields', fields: [{ label: 'Forecast', value: '21.4/s' }] }],
    },
  };
}

/** Time stands still while somebody works, and jumps to the earliest moment that is waited for when all of them wait. */
function createJumpingClock(start: number) {
  let now = start;
  let working = 0;
  const sleepers: { at: number; wake: () => void }[] = [];
  const jump = (): void => {
    if (working > 0 || sleepers.length === 0) return;
    sleepers.sort((a, b) => a.at - b.at);
    now = Math.max(now, sleepers[0]!.at);
    while (sleepers[0] !== undefined && sleepers[0].at <= now) {
      working += 1;
      sleepers.shift()!.wake();
    }
  };
  return {
    now: () => now,
    speed: 1,
    enter: () => {
      working += 1;
    },
    leave: () => {
      working -= 1;
      jump();
    },
    sleep(ms: number): Promise<void> {
      return new Promise((resolve) => {
        sleepers.push({ at: now + ms, wake: resolve });
        working -= 1;
        jump();
      });
    },
  };
}
