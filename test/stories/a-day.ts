/** A world for stories: one fleet, steady traffic that a story may change, nobody at the keyboard but the story. */
import type { FleetConfig } from '../../src/config.js';
import type { DecisionSummary } from '../../src/core/model.js';
import type { PolicyInput } from '../../src/core/policy.js';
import type { ReasonCode } from '../../src/core/reasons.js';
import {
  CALM,
  type Illness,
  type Peer,
  type Stroke,
  type Window,
} from '../../src/simulation/whole/faults.js';
import { simulatedFleet } from '../../src/simulation/whole/fleets.js';
import type { Happening } from '../../src/simulation/whole/plan.js';
import { createWhole, START, type Whole } from '../../src/simulation/whole/run.js';

export const MINUTE = 60_000;
/** Minutes after the story's first moment; cycles begin at multiples of 20. */
export const minute = (n: number): number => START + n * MINUTE;

export interface Story extends Whole {
  fleet: FleetConfig;
  /** All decisions so far, oldest first. */
  decisions(): Promise<DecisionSummary[]>;
  newest(): Promise<DecisionSummary>;
  codes(): Promise<ReasonCode[]>;
}

export interface StorySpec {
  knobs?: Partial<PolicyInput>;
  fixed?: boolean;
  /** Requests per second, by the minute. */
  rate?: number | ((minute: number) => number);
  ill?: { peer: Peer; illness: Illness; from: number; until: number }[];
  happens?: { at: number; does: Happening['does']; foreign?: string }[];
  /** Blows at chosen calls; `from` in minutes. */
  strokes?: Stroke[];
  /** Every other job is delivered twice. */
  twice?: boolean;
}

export const FLEET = 'face';

export async function aStory(spec: StorySpec = {}): Promise<Story> {
  const { rate = 1 } = spec;
  const fleet = simulatedFleet(FLEET, { firstContactCycles: 0, ...spec.knobs }, spec.fixed);
  const windows: Window[] = (spec.ill ?? []).map(({ from, until, ...rest }) => ({
    ...rest,
    fleet: null,
    from: minute(from),
    until: minute(until),
  }));
  const happenings: Happening[] = (spec.happens ?? []).map(({ at, does, foreign }) => ({
    at: minute(at),
    what: 'the story goes on',
    does,
    ...(foreign === undefined ? {} : { foreign: { fleet: FLEET, zone: foreign } }),
  }));
  const whole = await createWhole({
    seed: 1,
    days: 1,
    fleets: [fleet],
    traffic: {
      fleets: [FLEET],
      requestsPerSecond: (_fleet, at) =>
        typeof rate === 'number' ? rate : rate(Math.max(0, (at - START) / MINUTE)),
    },
    plan: {
      windows,
      happenings,
      rates: { ...CALM, twice: spec.twice === true ? 0.5 : 0 },
      strokes: (spec.strokes ?? []).map((stroke) => ({ ...stroke, from: minute(stroke.from) })),
    },
    people: [],
  });
  const decisions = async () => (await whole.store.decisions(FLEET, 1_000)).reverse();
  return {
    ...whole,
    fleet,
    decisions,
    newest: async () => (await decisions()).at(-1)!,
    codes: async () => (await decisions()).at(-1)!.reasons.map(({ code }) => code),
  };
}

/** The newest wording of each message whose key begins so. */
export const said = (story: Story, key: string): string[] =>
  story.workspace
    .messages()
    .filter((one) => one.key.startsWith(key))
    .map((one) => one.versions.at(-1)!.message.summary);
