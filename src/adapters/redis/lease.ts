import type { Lease, Store } from '../../ports.js';
import { defineScript, type Link } from './connection.js';
import { leaseLua, onceLua, releaseLua, renewLua, undoOnceLua, wasOnceLua } from './lua/lease.js';

const take = defineScript('lease', leaseLua);
const extend = defineScript('renew', renewLua);
const giveBack = defineScript('release', releaseLua);
const first = defineScript('once', onceLua);
const known = defineScript('was-once', wasOnceLua);
const undo = defineScript('undo-once', undoOnceLua);

/** Leases and `once` live on the machine clock: they guard against crashes of machines, not against simulated time. */
export function createLeases(
  link: Link,
): Pick<Store, 'lease' | 'renew' | 'release' | 'once' | 'wasOnce' | 'undoOnce'> {
  return {
    async lease(fleet, holder, ttlMs) {
      const fence = await link.run(take, `take the lease of ${fleet}`, fleet, holder, whole(ttlMs));
      return fence === null ? null : { fleet, holder, fence: Number(fence) };
    },
    async renew(lease, ttlMs) {
      const tried = `renew the lease of ${lease.fleet}`;
      return (await link.run(extend, tried, lease.fleet, mark(lease), whole(ttlMs))) === 1;
    },
    async release(lease) {
      await link.run(giveBack, `release the lease of ${lease.fleet}`, lease.fleet, mark(lease));
    },
    async wasOnce(id) {
      return (await link.run(known, 'look whether something happened', id)) === 1;
    },
    async undoOnce(id) {
      await link.run(undo, 'note that something did not happen', id);
    },
    async once(id, ttlMs) {
      return (await link.run(first, 'note that something happened once', id, whole(ttlMs))) === 1;
    },
  };
}

const mark = ({ fence, holder }: Lease): string => `${fence} ${holder}`;

/** Redis takes whole milliseconds, at least one. */
const whole = (ms: number): number => Math.max(1, Math.ceil(ms));
