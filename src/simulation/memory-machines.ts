import { RETENTION } from '../core/retention.js';
import type { Hold, StoredMachine } from '../ports.js';

/** The machines of the in-memory store, with the same compare-and-set and retention as Redis. */
export class MemoryMachines {
  private readonly kinds = new Map<string, Map<string, StoredMachine>>();

  get(kind: string, id: string): StoredMachine | null {
    return this.kinds.get(kind)?.get(id) ?? null;
  }

  all(kind: string): StoredMachine[] {
    return [...(this.kinds.get(kind)?.values() ?? [])].sort((a, b) => b.at - a.at);
  }

  /** What the fleet's open machines hold. */
  holds(fleet: string): Hold[] {
    const all = [...this.kinds.values()].flatMap((kind) => [...kind.values()]);
    return all.flatMap(({ kind, id, fleet: of, open, holds }) =>
      open && of === fleet && holds !== undefined ? [{ kind, id, surge: holds.surge }] : [],
    );
  }

  /** False when `rev` moved on. */
  save(machine: StoredMachine): boolean {
    const { kind, id, rev } = machine;
    const known = this.kinds.get(kind) ?? new Map<string, StoredMachine>();
    if ((known.get(id)?.rev ?? 0) !== rev) return false;
    known.set(id, Object.freeze({ ...machine, rev: rev + 1 }));
    this.kinds.set(kind, known);
    const closed = this.all(kind).filter((each) => !each.open);
    for (const old of closed.slice(RETENTION.closedMachines)) known.delete(old.id);
    return true;
  }
}
