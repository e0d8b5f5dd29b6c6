import { createHash } from 'node:crypto';
import { canonicalJson } from '../../core/canonical.js';
import { RETENTION } from '../../core/retention.js';
import type { AuditEntry, AuditLine, Store } from '../../ports.js';
import { defineScript, type Link } from './connection.js';
import { type LineLog, linesSince, newestLines, packedLines, packLines } from './log.js';
import { appendLua, auditHeadLua, forgetAuditLua } from './lua/audit.js';

/**
 * The audit chain. A line is 'seq hash entry'; its hash is sha256 over the previous hash and the sha256 of the entry's
 * canonical JSON (32 bytes each), made inside the transaction that appends it.
 */
export const AUDIT_LOG: LineLog = { name: 'audit', pack: 256, longest: 512 };
export const GENESIS = '0'.repeat(64);

const append = defineScript('append-audit', appendLua);
const ends = defineScript('audit-ends', auditHeadLua);
const forget = defineScript('forget-audit', forgetAuditLua);

/** What a script needs to append an entry. */
export function auditArgument(entry: AuditEntry): { digest: string; text: string } {
  const text = canonicalJson(entry);
  return { text, digest: createHash('sha256').update(text).digest('hex') };
}

export type AuditParts = Pick<Store, 'audit' | 'verifyAudit' | 'appendAudit'> & {
  /** After a write that made the tail `length` lines long: packs it and exports what is too old. Never throws. */
  settle(length: number): Promise<void>;
};

export function createAudit(link: Link, exportLines: (lines: string[]) => Promise<void>): AuditParts {
  let settling = false;
  const settle = async (length: number): Promise<void> => {
    if (settling || length < AUDIT_LOG.longest) return;
    settling = true;
    try {
      let packed = false;
      for (let left = length; await packLines(link, AUDIT_LOG, left, fold); left -= AUDIT_LOG.pack)
        packed = true;
      if (packed) await exportOld(link, exportLines);
    } catch (error) {
      link.log.warn(
        { peer: 'redis', error: String(error) },
        'Could not pack the audit chain; trying again later',
      );
    } finally {
      settling = false;
    }
  };
  return {
    settle,
    async audit(limit) {
      if (limit < 1) return [];
      const lines = await newestLines(link, AUDIT_LOG, limit + 1, 'read the audit');
      const whole = lines.length <= limit ? await readEnds(link, 'read the audit') : null;
      const stored = lines.map((line, index) => toStored(line, lines[index - 1], whole?.checkpoint.hash));
      return stored.slice(-limit).reverse();
    },
    async appendAudit(entry) {
      const tried = 'append to the audit';
      const length = await link.run(append, tried, JSON.stringify(auditArgument(entry)));
      await settle(Number(length));
    },
    verifyAudit: () => verify(link),
  };
}

interface Line {
  seq: number;
  hash: string;
  text: string;
}

function parseLine(line: string): Line {
  const hashAt = line.indexOf(' ') + 1;
  const textAt = line.indexOf(' ', hashAt) + 1;
  return {
    seq: Number(line.slice(0, hashAt - 1)),
    hash: line.slice(hashAt, textAt - 1),
    text: line.slice(textAt),
  };
}

function toStored(line: string, before: string | undefined, previous = GENESIS): AuditLine {
  const { seq, hash, text } = parseLine(line);
  return {
    ...(JSON.parse(text) as AuditEntry),
    seq,
    hash,
    previous: before === undefined ? previous : parseLine(before).hash,
  };
}

async function fold(lines: string[]): Promise<{ lines: string[]; score: number; forget: number }> {
  return { lines, score: parseLine(lines.at(-1) as string).seq, forget: -1 };
}

/** The oldest packs leave when their last entry is older than the retention, or when there are too many entries. */
async function exportOld(link: Link, exportLines: (lines: string[]) => Promise<void>): Promise<void> {
  const tried = 'export old audit entries';
  for (;;) {
    const { head, checkpoint } = await readEnds(link, tried);
    const [first] = await packedLines(link, AUDIT_LOG, 0, 0, tried);
    const newest = (await newestLines(link, AUDIT_LOG, 1, tried))[0];
    if (!first || newest === undefined) return;
    const last = first.lines.at(-1) as string;
    const age = entryAt(newest) - entryAt(last);
    if (age <= RETENTION.auditMs && head.seq - checkpoint.seq <= RETENTION.auditEntries) return;
    const stored = first.lines.map((line, index) => toStored(line, first.lines[index - 1], checkpoint.hash));
    await exportLines(stored.map((entry) => JSON.stringify(entry)));
    const { seq, hash } = parseLine(last);
    await link.run(forget, tried, seq, hash);
  }
}

const entryAt = (line: string): number => (JSON.parse(parseLine(line).text) as AuditEntry).at;

interface End {
  seq: number;
  hash: string;
}

async function readEnds(link: Link, tried: string): Promise<{ head: End; checkpoint: End }> {
  const [head, checkpoint] = (await link.run(ends, tried)) as [(string | null)[], (string | null)[]];
  const end = ([seq, hash]: (string | null)[]): End => ({ seq: Number(seq ?? 0), hash: hash ?? GENESIS });
  return { head: end(head), checkpoint: end(checkpoint) };
}

/** A verification reads the chain in pieces; entries may leave or move into packs meanwhile, so it is tried again then. */
async function verify(link: Link): Promise<{ ok: boolean; entries: number; brokenAt: number | null }> {
  for (let attempt = 1; ; attempt += 1) {
    const before = await readEnds(link, 'verify the audit');
    const lines = await chain(link, before.checkpoint.seq);
    const after = await readEnds(link, 'verify the audit');
    const moved = before.checkpoint.seq !== after.checkpoint.seq;
    if (moved && attempt < 5) continue;
    return check(lines, before.checkpoint, before.head);
  }
}

const PACKS_AT_ONCE = 32;

/** All lines after the checkpoint, by their number: a line that moved into a pack meanwhile is met twice. */
async function chain(link: Link, after: number): Promise<Line[]> {
  const tried = 'verify the audit';
  const tail = (await linesSince(link, AUDIT_LOG, Number.POSITIVE_INFINITY, tried)).map(parseLine);
  const found: Line[] = [];
  for (let from = 0; ; from += PACKS_AT_ONCE) {
    const packs = await packedLines(link, AUDIT_LOG, from, from + PACKS_AT_ONCE - 1, tried);
    for (const { lines } of packs) found.push(...lines.map(parseLine));
    if (packs.length < PACKS_AT_ONCE) break;
  }
  const last = found.at(-1)?.seq ?? after;
  return [...found, ...tail.filter(({ seq }) => seq > last)];
}

function check(
  lines: Line[],
  checkpoint: End,
  head: End,
): { ok: boolean; entries: number; brokenAt: number | null } {
  let { seq, hash } = checkpoint;
  for (const line of lines) {
    seq += 1;
    hash = linkHash(hash, line.text);
    if (line.seq !== seq || line.hash !== hash) return { ok: false, entries: lines.length, brokenAt: seq };
    if (seq === head.seq && hash !== head.hash) return { ok: false, entries: lines.length, brokenAt: seq };
  }
  const short = seq < head.seq;
  return { ok: !short, entries: lines.length, brokenAt: short ? seq + 1 : null };
}

function linkHash(previous: string, text: string): string {
  const digest = createHash('sha256').update(text).digest();
  return createHash('sha256').update(Buffer.from(previous, 'hex')).update(digest).digest('hex');
}
