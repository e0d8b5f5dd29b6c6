/** The bot's own measures for /metrics. A number that became unknown leaves no value behind: NaN, never the last one or 0. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { FleetGauges, Meter } from '../../ports.js';

export interface RenderedMeter extends Meter {
  /** The body of /metrics and its content type. */
  render(): Promise<{ contentType: string; body: string }>;
}

const SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

const GAUGES: Record<keyof FleetGauges, [name: string, help: string]> = {
  desired: ['muster_workers_desired', 'Workers asked for'],
  ready: ['muster_workers_ready', 'Workers that the orchestrator calls ready'],
  notServing: ['muster_workers_not_serving', 'Ready workers that say they do not serve, or are stuck'],
  starting: ['muster_workers_starting', 'Workers asked for that do not serve yet'],
  need: ['muster_need_workers', 'Workers that the forecast or the live demand needs, before limits'],
  forecast: ['muster_forecast_requests_per_second', 'Highest demand expected within the horizon'],
  demand: ['muster_demand_requests_per_second', 'Demand observed over the last minute'],
  costPerHour: ['muster_cost_per_hour', "Cost of the nodes, in the fleet's currency"],
};

export function createMeter(options: { processMetrics?: boolean } = {}): RenderedMeter {
  const registry = new Registry();
  const registers = [registry];
  if (options.processMetrics === true) collectDefaultMetrics({ register: registry });

  const lastDecision = new Gauge({
    name: 'muster_last_decision_timestamp_seconds',
    help: 'When the fleet was last decided on, holds included: alert when it stands still',
    labelNames: ['fleet'],
    registers,
  });
  const decisions = new Counter({
    name: 'muster_decisions_total',
    help: 'Decisions by kind (scale, hold) and by what asked for them',
    labelNames: ['fleet', 'kind', 'trigger'],
    registers,
  });
  const decisionSeconds = new Histogram({
    name: 'muster_decision_seconds',
    help: 'Time from the start of an evaluation to its stored decision',
    buckets: SECONDS,
    registers,
  });
  const fleetGauges = Object.fromEntries(
    Object.entries(GAUGES).map(([key, [name, help]]) => [
      key,
      new Gauge({ name, help, labelNames: ['fleet'], registers }),
    ]),
  );
  const peerFailures = new Counter({
    name: 'muster_peer_failures_total',
    help: 'Requests to a peer that failed, by why',
    labelNames: ['peer', 'why'],
    registers,
  });
  const outboxWaiting = new Gauge({
    name: 'muster_outbox_waiting',
    help: 'Messages that wait to be sent, by channel',
    labelNames: ['channel'],
    registers,
  });
  const jobs = new Counter({
    name: 'muster_jobs_total',
    help: 'Runs of jobs by outcome (done, failed, late)',
    labelNames: ['job', 'outcome'],
    registers,
  });
  const jobSeconds = new Histogram({
    name: 'muster_job_seconds',
    help: 'Time a run of a job took',
    labelNames: ['job'],
    buckets: SECONDS,
    registers,
  });

  return {
    decided: (fleet, kind, trigger, seconds, at) => {
      lastDecision.set({ fleet }, at / 1_000);
      decisions.inc({ fleet, kind, trigger });
      decisionSeconds.observe(seconds);
    },
    fleet: (fleet, values) => {
      for (const [key, value] of Object.entries(values)) {
        fleetGauges[key]?.set({ fleet }, value ?? Number.NaN);
      }
    },
    peerFailed: (peer, why) => peerFailures.inc({ peer, why }),
    outbox: (channel, waiting) => outboxWaiting.set({ channel }, waiting),
    job: (name, outcome, seconds) => {
      jobs.inc({ job: name, outcome });
      jobSeconds.observe({ job: name }, seconds);
    },
    render: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };
}
