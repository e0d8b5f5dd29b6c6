import type { Committed, Store, StoredMachine } from '../../ports.js';
import { type AuditParts, auditArgument } from './audit.js';
import { defineScript, type Link } from './connection.js';
import { machineLua, machinesLua, saveMachineLua } from './lua/machines.js';
import { outboxArguments } from './outbox.js';
import { parseStored } from './schema.js';

const save = defineScript('save-machine', saveMachineLua);
const readOne = defineScript('machine', machineLua);
const readAll = defineScript('machines', machinesLua);

/** Whatever goes on for a while and outlives crashes; each step is one transaction with its audit entry and messages. */
export function createMachines(
  link: Link,
  audit: AuditParts,
): Pick<Store, 'machine' | 'machines' | 'saveMachine'> {
  return {
    async machine(kind, id) {
      const tried = `read the ${kind} ${id}`;
      return parseStored<StoredMachine>((await link.run(readOne, tried, kind, id)) as string | null, tried);
    },
    async machines(kind) {
      const tried = `read the ${kind}s`;
      const all = (await link.run(readAll, tried, kind)) as string[];
      return all
        .map((json) => parseStored<StoredMachine>(json, tried))
        .filter((machine) => machine !== null)
        .sort((a, b) => b.at - a.at);
    },
    async saveMachine(machine, { lease, audit: entry, outbox, pager }) {
      const { kind, id, fleet, open, at, rev, holds } = machine;
      const given = {
        kind,
        id,
        fleet,
        open,
        at,
        json: JSON.stringify({ ...machine, rev: rev + 1 }),
        hold: open && holds !== undefined ? JSON.stringify({ kind, id, surge: holds.surge }) : null,
        expectRev: rev,
        fence: lease?.fence ?? null,
        audit: entry === undefined ? null : auditArgument(entry),
        ...outboxArguments(outbox, pager),
      };
      const reply = await link.run(save, `save the ${kind} ${id}`, JSON.stringify(given));
      const [outcome, , chain] = reply as [Committed, number?, number?];
      await audit.settle(chain ?? 0);
      return outcome;
    },
  };
}
