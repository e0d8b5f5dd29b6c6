/** The twins of the broker and the monitoring: they know the truth and tell it, unless the faults make them lie. */
import type { FleetConfig } from '../../config.js';
import type { Millis } from '../../core/model.js';
import type { DemandReader, DemandSeen, GaugeReader } from '../../ports.js';
import type { Faults, Illness } from './faults.js';
import type { Truth } from './truth.js';
import type { World } from './world.js';

export function createMetrics(
  world: World,
  fleets: FleetConfig[],
  faults: Faults,
  truth: Truth,
): { demand: DemandReader; gauge: GaugeReader } {
  const workers = new Map(fleets.map(({ name }) => [name, name]));
  /** What a source that stands still goes on saying. */
  const stuck = new Map<string, { at: Millis; demand: DemandSeen; p95: number | null }>();
  /** The newest p95 of each fleet: costly, and the same until the requests take their next step. */
  const latencies = new Map<string, { at: Millis; p95: number | null }>();
  const p95Of = (name: string): number | null => {
    const at = world.traffic.now;
    const known = latencies.get(name);
    if (known?.at === at) return known.p95;
    const p95 = world.traffic.window(name, 60).p95Seconds;
    latencies.set(name, { at, p95 });
    return p95;
  };

  const now = (
    peer: 'demand' | 'gauge',
    name: string,
  ): { at: Millis; demand: DemandSeen; p95: number | null } => {
    const { requestsPerSecond, backlog, oldestAgeSeconds } = world.traffic.fleet(name);
    const at = world.traffic.now;
    const demand = {
      at,
      requestsPerSecond,
      backlog: Math.round(backlog),
      oldestAgeSeconds,
      consumers: world.ready(name),
    };
    return { at, demand, p95: peer === 'gauge' ? p95Of(name) : null };
  };
  const said = (peer: 'demand' | 'gauge', name: string) => {
    const fresh = now(peer, name);
    const window = faults.illness(peer, world.now(), name);
    const key = `${peer}/${name}`;
    if (window?.illness !== 'stale') {
      stuck.delete(key);
      return { ...fresh, illness: window?.illness ?? null };
    }
    const kept = stuck.get(key) ?? fresh;
    stuck.set(key, kept);
    return { ...kept, illness: window.illness };
  };
  const nameOf = (query: string): string => {
    const name = workers.get(query);
    if (name === undefined) throw new Error(`no fleet behind ${query}`);
    return name;
  };

  return {
    demand: {
      async demand(source) {
        const fleet = nameOf(source.kind === 'rabbitmq' ? source.queue : source.rate);
        const { demand, illness } = said('demand', fleet);
        const dark = illness === 'nostats';
        const known = !isMute(illness) && demand.requestsPerSecond !== null;
        truth.tell({ kind: 'reading', fleet, what: 'demand', of: known ? demand.at : null });
        return dark
          ? { at: demand.at, requestsPerSecond: null, backlog: null, oldestAgeSeconds: null, consumers: null }
          : demand;
      },
    },
    gauge: {
      async gauge(query) {
        const fleet = nameOf(query);
        const { at, p95, illness } = said('gauge', fleet);
        // Where hardly anybody asks there is no latency to report: that is known, too.
        const quiet = (world.traffic.fleet(fleet).requestsPerSecond ?? 0) * 60 <= QUIET_REQUESTS;
        truth.tell({ kind: 'reading', fleet, what: 'latency', of: isMute(illness) && !quiet ? null : at });
        return p95 === null || illness === 'nostats' ? null : { at, value: p95 };
      },
    },
  };
}

/** Requests a minute of which no latency need be known. */
const QUIET_REQUESTS = 5;

/** Nothing is learnt from it: what a flaky or stale source says is true, of its time. */
const isMute = (illness: Illness | null): boolean => illness === 'nostats';
