import { createHash } from 'node:crypto';
import { canonicalJson } from '../core/canonical.js';
import { RETENTION } from '../core/retention.js';
import type { AuditEntry, AuditLine } from '../ports.js';

/** The audit chain in memory: the same hashes as the Redis store makes, so that a chain can be checked by either. */
export interface MemoryAudit {
  append(entry: AuditEntry): void;
  newest(limit: number): AuditLine[];
  verify(): { ok: boolean; entries: number; brokenAt: number | null };
}

export const GENESIS = '0'.repeat(64);

export function createMemoryAudit(): MemoryAudit {
  let entries: { seq: number; hash: string; previous: string; text: string }[] = [];
  let checkpoint = { seq: 0, hash: GENESIS };
  return {
    append(entry) {
      const previous = entries.at(-1)?.hash ?? checkpoint.hash;
      const seq = (entries.at(-1)?.seq ?? checkpoint.seq) + 1;
      const text = canonicalJson(entry);
      entries.push({ seq, hash: link(previous, text), previous, text });
      if (entries.length <= RETENTION.auditEntries) return;
      const cut = Math.floor(RETENTION.auditEntries / 10);
      const last = entries[cut - 1];
      if (last) checkpoint = { seq: last.seq, hash: last.hash };
      entries = entries.slice(cut);
    },
    newest: (limit) =>
      entries
        .slice(-limit)
        .reverse()
        .map(({ seq, hash, previous, text }) => ({
          ...(JSON.parse(text) as AuditEntry),
          seq,
          hash,
          previous,
        })),
    verify() {
      let hash = checkpoint.hash;
      let seq = checkpoint.seq;
      for (const entry of entries) {
        hash = link(hash, entry.text);
        seq += 1;
        if (entry.seq !== seq || entry.hash !== hash)
          return { ok: false, entries: entries.length, brokenAt: seq };
      }
      return { ok: true, entries: entries.length, brokenAt: null };
    },
  };
}

const sha256 = (...parts: (string | Buffer)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** sha256 over the previous link and the sha256 of the entry's canonical JSON, 32 bytes each. */
const link = (previous: string, text: string): string =>
  sha256(Buffer.from(previous, 'hex'), sha256(text)).toString('hex');
