/**
 * What the sandbox keeps in its data folder: one JSON file, replaced as a whole (written beside, then renamed), so that a
 * kill at any moment leaves the old or the new one; and a lock, so that two worlds never share a folder.
 */
import { linkSync, mkdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { OperatorError } from '../errors.js';

const savedWorld = z.object({
  v: z.literal(1),
  seed: z.number().int(),
  scale: z.number().positive(),
  trace: z.object({ path: z.string(), sha256: z.string() }).nullable(),
  /** Muster time of the save, and of the world's first moment. */
  simMs: z.number(),
  startMs: z.number(),
  /** One entry a part of the world; each part alone knows its inside. */
  parts: z.record(z.string(), z.unknown()),
});

export type SavedWorld = z.output<typeof savedWorld>;

export interface SaveFile {
  /** null: a fresh folder. Throws OperatorError when the file is there but cannot be understood; the file is kept. */
  read(): SavedWorld | null;
  /** One write at a time; while one runs, further ones are skipped and answer false. */
  write(saved: SavedWorld): Promise<boolean>;
  /** For the way out, when nothing may wait. */
  writeNow(saved: SavedWorld): void;
}

export function createSaveFile(folder: string): SaveFile {
  const path = join(folder, 'world.json');
  let writing = false;
  return {
    read: () => {
      const text = readIfThere(path);
      return text === null ? null : parse(text, path);
    },
    write: async (saved) => {
      if (writing) return false;
      writing = true;
      try {
        const beside = `${path}.new`;
        const file = await open(beside, 'w', 0o600);
        try {
          await file.writeFile(JSON.stringify(saved));
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(beside, path);
        return true;
      } finally {
        writing = false;
      }
    },
    writeNow: (saved) => {
      const beside = `${path}.last`;
      writeFileSync(beside, JSON.stringify(saved), { mode: 0o600 });
      renameSync(beside, path);
    },
  };
}

/** Takes the folder for this process; the answer gives it back. Throws OperatorError('conflict') while another world lives on it. */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'world.lock');
  for (let attempt = 0; attempt < 3; attempt += 1) {
    if (tryLock(path)) return () => unlinkIfMine(path);
    const holder = readHolder(path);
    if (holder !== null && isRunning(holder)) {
      throw new OperatorError(
        'conflict',
        `Another sandbox (process ${holder.pid}) is using ${folder}. Stop it, or choose another folder with --data.`,
      );
    }
    unlinkIfThere(path);
  }
  throw new OperatorError(
    'conflict',
    `The folder ${folder} could not be locked. Choose another one with --data.`,
  );
}

interface Holder {
  pid: number;
  /** Tells a process from a later one with the same number; null where the system does not say. */
  started: string | null;
}

/** True while the process runs; a dead child that nobody has collected yet does not count. */
export function isRunning(holder: Holder): boolean {
  const now = processStart(holder.pid);
  if (now !== 'unknown') return now !== null && (holder.started === null || holder.started === now);
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** When the process started, as the kernel counts; null when it is gone or dead, 'unknown' where there is no /proc. */
export function processStart(pid: number): string | null {
  const own = readIfThere('/proc/self/stat');
  if (own === null) return 'unknown';
  const stat = readIfThere(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The command's name stands in brackets and may hold anything; the fields after it are plain.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  return state === 'Z' || state === 'X' ? null : (fields[19] ?? null);
}

/** A link appears with its content, or not at all: a lock that is read before its holder's name is in it looks abandoned. */
function tryLock(path: string): boolean {
  const own = `${path}.${process.pid}`;
  const started = processStart(process.pid);
  const holder = { pid: process.pid, started: started === 'unknown' ? null : started };
  writeFileSync(own, JSON.stringify(holder), { mode: 0o600 });
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    unlinkIfThere(own);
  }
}

function readHolder(path: string): Holder | null {
  const text = readIfThere(path);
  if (text === null) return null;
  try {
    return z.object({ pid: z.number().int(), started: z.string().nullable() }).parse(JSON.parse(text));
  } catch {
    return null;
  }
}

function unlinkIfMine(path: string): void {
  if (readHolder(path)?.pid === process.pid) unlinkIfThere(path);
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
  }
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT') || isCode(error, 'ESRCH')) return null;
    throw error;
  }
}

function parse(text: string, path: string): SavedWorld {
  try {
    return savedWorld.parse(JSON.parse(text));
  } catch {
    throw new OperatorError(
      'bad-input',
      `The saved world in ${path} cannot be read; it was left as it is. Move it away to start afresh, or choose another folder with --data.`,
    );
  }
}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && (error as NodeJS.ErrnoException).code === code;
