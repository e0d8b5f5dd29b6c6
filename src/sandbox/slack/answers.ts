/**
 * Collects what a bot answers to one command, click or submission: the control interface reports it. An answer counts when
 * it comes by the delivery's own ways (acknowledgement, response URL, trigger), or changes the message that was clicked.
 */
import type { Answer } from './shapes.js';

/** How long answers are waited for, machine milliseconds: without a further one, and at most. */
export interface Patience {
  quietMs: number;
  longestMs: number;
}

const usual: Patience = { quietMs: 1000, longestMs: 3000 };

export interface Collector {
  user: string;
  channel: string | null;
  /** The clicked message. */
  original: string | null;
  /** The view that was clicked in: its next update is an answer. */
  view: string | null;
  answers: Answer[];
  lastAt: number;
}

export function createAnswers({ quietMs, longestMs }: Patience = usual) {
  const open = new Map<string, Collector>();

  function add(collector: Collector, answer: Answer): void {
    const sameView = (each: Answer): boolean =>
      answer.view !== null && each.view !== null && each.view.id === answer.view.id;
    const at = collector.answers.findIndex((each) =>
      answer.kind === 'modal' ? sameView(each) : each.ts === answer.ts && each.ts !== null,
    );
    // A loading view that fills itself, or a message that is replaced, is one answer: its last state.
    if (at >= 0) collector.answers[at] = answer;
    else collector.answers.push(answer);
    collector.lastAt = Date.now();
  }

  return {
    open(delivery: string, user: string, channel: string | null, original: string | null): Collector {
      const collector: Collector = { user, channel, original, view: null, answers: [], lastAt: Date.now() };
      open.set(delivery, collector);
      return collector;
    },
    close(delivery: string): void {
      open.delete(delivery);
    },
    to(delivery: string, answer: Answer): void {
      const collector = open.get(delivery);
      if (collector !== undefined) add(collector, answer);
    },
    /** A change that carries no ticket: of the clicked message, of an open view, or seen only by who asked. */
    elsewhere(answer: Answer, about: { channel?: string; user?: string }): void {
      for (const collector of open.values()) {
        const ofClicked =
          answer.ts !== null && answer.ts === collector.original && about.channel === collector.channel;
        const ofCaller =
          answer.kind === 'ephemeral' && about.user === collector.user && about.channel === collector.channel;
        const ofView =
          answer.kind === 'modal' &&
          (answer.view?.id === collector.view ||
            collector.answers.some((each) => each.view?.id === answer.view?.id));
        if (ofClicked || ofCaller || ofView) add(collector, answer);
      }
    },
    /**
     * Resolves when a second passed without a further answer, after three at most (machine time). `expects`: an answer
     * is sure to come, so the second begins with the first one.
     */
    async settled(collector: Collector, expects: boolean): Promise<void> {
      const end = Date.now() + longestMs;
      collector.lastAt = Date.now();
      for (;;) {
        const now = Date.now();
        const isWaiting = expects && collector.answers.length === 0;
        const wait = Math.min(isWaiting ? end : collector.lastAt + quietMs, end) - now;
        if (wait <= 0) return;
        await new Promise((resolve) => setTimeout(resolve, isWaiting ? Math.min(wait, 25) : wait));
      }
    },
  };
}

export type Answers = ReturnType<typeof createAnswers>;
