import { deepEqual } from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** `npm ci` refuses a lock file that lacks a package, even one for another platform; and a registry's host has no place in it. */
const root = findRoot(dirname(fileURLToPath(import.meta.url)));

interface LockEntry {
  resolved?: string;
  optionalDependencies?: Record<string, string>;
}
const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, LockEntry>;
};

test('the lock file has an entry for each optional package of each platform', () => {
  const lacking = Object.entries(packages).flatMap(([path, entry]) =>
    Object.keys(entry.optionalDependencies ?? {}).filter(
      (name) =>
        packages[`${path}/node_modules/${name}`] === undefined &&
        packages[`node_modules/${name}`] === undefined,
    ),
  );
  deepEqual(lacking, []);
});

test('the lock file names no registry', () => {
  const named = Object.entries(packages).filter(([, entry]) => entry.resolved !== undefined);
  deepEqual(
    named.map(([path]) => path),
    [],
  );
});

function findRoot(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : findRoot(dirname(folder));
}
