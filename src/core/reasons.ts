/**
 * A reason is a code and its numbers. Tests compare codes; people read sentences, which only explain.ts makes.
 * A new code needs a line here, a sentence in explain.ts (the compiler asks for it) and nothing else.
 */
export type Reason =
  | { code: 'forecast-need'; forecast: number; sizedFor: number; need: number }
  | { code: 'live-need'; demand: number; need: number }
  | { code: 'backlog-drain'; backlog: number; extra: number }
  | { code: 'guard-raise'; cause: 'demand' | 'backlog' | 'age' | 'latency' | 'saturation'; need: number }
  | { code: 'saturation-need'; saturation: number; need: number }
  | { code: 'off-hours'; need: number }
  | { code: 'zone-loss-tolerance'; need: number }
  | { code: 'scheduled-floor'; floor: number; wanted: number }
  | { code: 'stabilized'; wanted: number; kept: number; windowSeconds: number }
  | { code: 'cooldown'; wanted: number; kept: number; remainingSeconds: number }
  | { code: 'override-pin'; workers: number; wanted: number; id: string }
  | { code: 'override-floor'; workers: number; wanted: number; id: string }
  | { code: 'override-ceiling'; workers: number; wanted: number; id: string }
  | { code: 'floor-limited'; wanted: number; allowed: number }
  | { code: 'ceiling-limited'; wanted: number; allowed: number }
  | { code: 'step-limited'; wanted: number; allowed: number }
  | { code: 'budget-limited'; wanted: number; allowed: number; budgetPerHour: number }
  | { code: 'frozen'; wanted: number; kept: number; kind: 'all' | 'down'; id: string }
  | ({ code: 'hold-metrics-missing'; what: string; peer: string; why: string } & Kept)
  | ({ code: 'hold-metrics-stale'; ageSeconds: number } & Kept)
  | { code: 'hold-workers-unknown'; peer: string; why: string }
  | { code: 'hold-first-contact'; wanted: number; kept: number; cyclesSeen: number; cyclesNeeded: number }
  | { code: 'surge'; workers: number; wanted: number }
  | { code: 'degraded'; workers: number; replaced: number; surge: number; wanted: number }
  | { code: 'hold-rollout'; wanted: number; kept: number; detail: string }
  | { code: 'zone-down'; zone: string; moved: number }
  | { code: 'rebalanced'; moved: number }
  | { code: 'foreign-change'; expected: number; found: number; action: 'adopt' | 'restore' }
  | { code: 'owned-by-other'; zone: string; owner: string }
  | { code: 'rounded-to-allocation'; wanted: number; allowed: number; per: number }
  | { code: 'steady'; count: number }
  | { code: 'tried-again'; failed: boolean; ready: number; count: number };

/** `pinned`: a pin decides all the same. */
interface Kept {
  wanted: number;
  kept: number;
  pinned?: true;
}

export type ReasonCode = Reason['code'];
