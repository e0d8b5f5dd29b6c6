import type { AlertState } from '../../core/incident.js';
import type { OutboxRow, PagerEvent } from '../../core/message.js';
import type { AuditEntry, Committed, Store } from '../../ports.js';
import { type AuditParts, auditArgument } from './audit.js';
import { defineScript, type Link, type Script } from './connection.js';
import {
  alertLua,
  endFreezeLua,
  endOverrideLua,
  setAlertLua,
  setFreezeLua,
  setOverrideLua,
} from './lua/intents.js';
import { outboxArguments } from './outbox.js';
import { parseStored } from './schema.js';

const setOverride = defineScript('set-override', setOverrideLua);
const endOverride = defineScript('end-override', endOverrideLua);
const setFreeze = defineScript('set-freeze', setFreezeLua);
const endFreeze = defineScript('end-freeze', endFreezeLua);
const setAlert = defineScript('set-alert', setAlertLua);
const readAlert = defineScript('alert', alertLua);

type Intents = Pick<Store, 'setOverride' | 'endOverride' | 'setFreeze' | 'endFreeze' | 'setAlert' | 'alert'>;

/** What people asked for, each change with its audit entry and its messages, change events too, in one transaction. */
export function createIntents(link: Link, audit: AuditParts): Intents {
  const change = async (
    script: Script,
    tried: string,
    intent: {
      fleet: string;
      id: string;
      json?: string;
      expectVersion?: number | undefined;
      replaces?: string | undefined;
    },
    entry: AuditEntry,
    rows: OutboxRow[],
    pager: PagerEvent[],
  ): Promise<Committed> => {
    const given = {
      ...intent,
      expectVersion: intent.expectVersion ?? null,
      replaces: intent.replaces ?? null,
      audit: auditArgument(entry),
      ...outboxArguments(rows, pager),
    };
    const reply = await link.run(script, tried, JSON.stringify(given));
    const [outcome, , chain] = reply as [Committed, number?, number?];
    await audit.settle(chain ?? 0);
    return outcome;
  };
  return {
    setOverride(override, entry, rows, pager, expectVersion) {
      const { fleet, id } = override;
      const intent = { fleet, id, json: JSON.stringify(override), expectVersion };
      return change(setOverride, `set an override of ${fleet}`, intent, entry, rows, pager);
    },
    endOverride: (fleet, id, entry, rows, pager) =>
      change(endOverride, `end the override of ${fleet}`, { fleet, id }, entry, rows, pager),
    setFreeze(freeze, entry, rows, pager, replaces) {
      const { fleet, id } = freeze;
      const intent = { fleet, id, json: JSON.stringify(freeze), replaces };
      return change(setFreeze, `freeze ${fleet}`, intent, entry, rows, pager);
    },
    endFreeze: (fleet, id, entry, rows, pager) =>
      change(endFreeze, `unfreeze ${fleet}`, { fleet, id }, entry, rows, pager),
    async setAlert(fleet, state, expectRev, rows, pager) {
      const given = {
        fleet,
        json: JSON.stringify(state),
        rev: state.rev,
        expectRev,
        ...outboxArguments(rows, pager),
      };
      const reply = await link.run(setAlert, `store the alert of ${fleet}`, JSON.stringify(given));
      return (reply as [Committed])[0];
    },
    async alert(fleet) {
      const tried = `read the alert of ${fleet}`;
      return parseStored<AlertState>((await link.run(readAlert, tried, fleet)) as string | null, tried);
    },
  };
}
