import { deepEqual, ok } from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { createMeter } from '../src/adapters/prom-client/meter.js';
import { policySchema } from '../src/core/policy.js';

/** docs/CONFIGURATION.md and the code say the same, knob by knob and variable by variable. */
const root = findRoot(dirname(fileURLToPath(import.meta.url)));
const docs = readFileSync(join(root, 'docs/CONFIGURATION.md'), 'utf8');

interface Schema {
  properties?: Record<string, Schema>;
  items?: Schema;
  anyOf?: Schema[];
  default?: unknown;
}

test('every knob of a policy has its row, with its default', () => {
  const knobs = new Map(knobsOf(z.toJSONSchema(policySchema, { io: 'input' }) as Schema, ''));
  const rows = new Map(table("A fleet's policy").map(([knob, , fallback]) => [knob, fallback]));
  deepEqual([...rows.keys()].sort(), [...knobs.keys()].sort(), 'the knobs and the rows differ');
  for (const [knob, fallback] of knobs) {
    deepEqual(rows.get(knob), fallback, `the default of ${knob} in docs/CONFIGURATION.md`);
  }
});

test('every environment variable that the configuration reads has its row and its line in .env.example', () => {
  const source = readFileSync(join(root, 'src/config.ts'), 'utf8');
  const called = [
    ...source.matchAll(/\b(?:secret|required|url|optionalUrl|redis|host)\(\s*'([A-Z][A-Z0-9_]*)'/g),
  ];
  const read = [...new Set(called.map((hit) => hit[1] ?? ''))].sort();
  ok(read.length > 10, 'the way src/config.ts reads variables has changed: adapt this test');
  const rows = table('Environment')
    .map(([name]) => name ?? '')
    .sort();
  deepEqual(rows, read);
  const example = readFileSync(join(root, '.env.example'), 'utf8');
  const lines = [...example.matchAll(/^(?:# )?([A-Z][A-Z0-9_]*)=/gm)].map((hit) => hit[1]);
  deepEqual(lines.sort(), read);
});

test('every metric has its row, with its type', async () => {
  const { body } = await createMeter().render();
  const shown = [...body.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`);
  const rows = table('What /metrics shows').map(([name, type]) => `${name} ${type}`);
  deepEqual(rows.sort(), shown.sort());
});

/** Each leaf with its default as docs write it: '' when there is none, 'none' for null. An object with an own default is a row too. */
function knobsOf(schema: Schema, path: string): [string, string][] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, value]): [string, string][] => {
    const name = path === '' ? key : `${path}.${key}`;
    const objects = [value, ...(value.anyOf ?? [])].filter((one) => one.properties !== undefined);
    const inner = objects.flatMap((one) => knobsOf(one, name));
    const items = value.items?.properties === undefined ? [] : knobsOf(value.items, `${name}[]`);
    const isGroup = value.properties !== undefined;
    return isGroup ? inner : [[name, written(value)], ...inner, ...items];
  });
}

function written(schema: Schema): string {
  if (schema.default === undefined) return '';
  if (schema.default === null) return 'none';
  return typeof schema.default === 'string' ? schema.default : JSON.stringify(schema.default);
}

/** The rows below a heading, cells without their backticks. */
function table(heading: string): string[][] {
  const section = docs.split(new RegExp(`^#+ ${heading}$`, 'm'))[1]?.split(/^#/m)[0] ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim().replace(/^`(.*)`$/, '$1')),
    );
}

function findRoot(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : findRoot(dirname(folder));
}
