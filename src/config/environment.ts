/** Secrets and addresses from the environment: NAME itself, or the file that NAME_FILE names. */
import { readFileSync } from 'node:fs';
import type { Problem } from './problems.js';

export type Environment = Record<string, string | undefined>;

/** The secret, or null: it is not set, or its file cannot be read, which is one more problem. */
export function readOrNote(env: Environment, key: string, problems: Problem[]): string | null {
  try {
    return readSecret(env, key) ?? null;
  } catch (error) {
    problems.push({
      place: `${key}_FILE`,
      value: env[`${key}_FILE`] ?? '',
      rule: `must be a readable file (${(error as NodeJS.ErrnoException).code})`,
    });
    return null;
  }
}

export function readSecret(env: Environment, key: string): string | undefined {
  const direct = env[key];
  if (direct !== undefined && direct !== '') return direct;
  const path = env[`${key}_FILE`];
  if (path === undefined || path === '') return undefined;
  return readFileSync(path, 'utf8').trim() || undefined;
}

export function pemOf(path: string | null, key: string, problems: Problem[]): string | null {
  if (path === null) return null;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    problems.push({
      place: key,
      value: path,
      rule: `must be a readable PEM file (${(error as NodeJS.ErrnoException).code})`,
    });
    return null;
  }
}
