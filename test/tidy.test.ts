import { deepEqual, equal } from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** The laws of docs/ARCHITECTURE.md that a machine can see. Sources are read as text, comments and strings taken out. */
const root = findRoot(dirname(fileURLToPath(import.meta.url)));
const files = ['src', 'commands', 'jobs'].flatMap(sourcesUnder);

/** Who may import whom: the first row that fits a file counts. A pattern is a file or the start of a path. */
const RULES: { who: string; may: string[]; packages?: string[] }[] = [
  { who: 'src/core/', may: ['src/core/'], packages: ['zod'] },
  { who: 'src/ports.ts', may: ['src/ports/'], packages: [] },
  { who: 'src/ports/', may: ['src/ports/', 'src/core/'], packages: [] },
  { who: 'src/errors.ts', may: [], packages: [] },
  { who: 'src/perform-rollout.ts', may: ['src/core/', 'src/ports.ts', 'src/errors.ts', 'src/config.ts'] },
  { who: 'src/perform.ts', may: ['src/core/', 'src/ports.ts', 'src/errors.ts', 'src/config.ts'] },
  { who: 'src/symptoms.ts', may: ['src/core/', 'src/ports.ts', 'src/errors.ts', 'src/config.ts'] },
  { who: 'src/config.ts', may: ['src/config/', 'src/core/', 'src/ports.ts', 'src/errors.ts'] },
  { who: 'src/config/', may: ['src/config/', 'src/config.ts', 'src/core/', 'src/ports.ts', 'src/errors.ts'] },
  {
    who: 'src/app.ts',
    may: [
      'commands/',
      'jobs/',
      'src/core/',
      'src/ports.ts',
      'src/errors.ts',
      'src/config.ts',
      'src/perform.ts',
      'src/app/',
    ],
  },
  {
    who: 'commands/',
    may: ['commands/', 'src/symptoms.ts', 'src/core/', 'src/ports.ts', 'src/errors.ts', 'src/config.ts'],
  },
  {
    who: 'jobs/',
    may: [
      'jobs/',
      'src/symptoms.ts',
      'src/core/',
      'src/ports.ts',
      'src/errors.ts',
      'src/config.ts',
      'src/perform.ts',
      'src/perform-rollout.ts',
      'src/app.ts',
    ],
  },
  {
    who: 'src/simulation/',
    may: [
      'src/simulation/',
      'src/core/',
      'src/ports.ts',
      'src/errors.ts',
      'src/config.ts',
      'src/app.ts',
      'src/perform.ts',
    ],
  },
];

/** Peers' own types stay in the folder of their adapter. */
const PACKAGE_HOMES: Record<string, string[]> = {
  '@slack/bolt': ['src/adapters/slack/'],
  '@slack/web-api': ['src/adapters/slack/'],
  '@pagerduty/pdjs': ['src/adapters/pagerduty/'],
  bullmq: ['src/adapters/bullmq/'],
  pino: ['src/adapters/pino/'],
  'prom-client': ['src/adapters/prom-client/'],
};

test('every file imports only what its floor may import', () => {
  const broken = files.flatMap((file) =>
    importsOf(file).flatMap((wanted) => {
      const why = refusal(file, wanted);
      return why === null ? [] : [`${file} imports ${wanted}: ${why}`];
    }),
  );
  deepEqual(broken, [], `\n${broken.join('\n')}\n`);
});

test('time, chance and timers stay in the adapters and the sandbox', () => {
  const banned =
    /\bDate\.now\b|\bnew Date\(\s*\)|\bMath\.random\b|\bset(?:Timeout|Interval|Immediate)\b|\bperformance\.now\b/g;
  const broken = files
    .filter((file) => !file.startsWith('src/adapters/') && !file.startsWith('src/sandbox/'))
    .flatMap((file) => findings(file, banned, 'take the Clock, or do it in an adapter'));
  deepEqual(broken, [], `\n${broken.join('\n')}\n`);
});

test('only the configuration and the entry points read the environment', () => {
  const readers = ['src/config.ts', 'src/main.ts', 'src/cli.ts'];
  const broken = files
    .filter((file) => !readers.includes(file) && !file.startsWith('src/cli/'))
    .flatMap((file) => findings(file, /\bprocess\.env\b/g, 'take it from Config'));
  deepEqual(broken, [], `\n${broken.join('\n')}\n`);
});

test('no type is switched off and nothing is left for later', () => {
  const broken = [...files, ...['test', 'bench'].flatMap(sourcesUnder)].flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    const marks = new RegExp(['@ts-(?:ignore|nocheck)', `\\b(?:TO${''}DO|FIX${''}ME)\\b`].join('|'), 'g');
    return [...text.matchAll(marks)].map((hit) => `${file}:${lineOf(text, hit.index)} has ${hit[0]}`);
  });
  deepEqual(broken, [], `\n${broken.join('\n')}\n`);
});

test('every property has its seed, so that it is tried alike on every machine', () => {
  const broken = sourcesUnder('test').filter((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    const tried = text.match(/\bfc\.assert\(/g) ?? [];
    return tried.length > (text.match(/\{ (?:numRuns: \d+, )?seed: \d+ \}/g) ?? []).length;
  });
  deepEqual(broken, []);
});

test('the import rules really catch a wrong import', () => {
  equal(refusal('src/core/decide.ts', 'src/ports.ts'), 'src/core/ may import only src/core/');
  equal(refusal('src/core/decide.ts', 'axios'), 'src/core/ may use only the packages zod');
  equal(
    refusal('src/adapters/nomad/client.ts', 'src/adapters/redis/store.ts'),
    'an adapter imports its own folder, ports, core and errors only',
  );
  equal(
    refusal('src/app.ts', 'src/adapters/nomad/index.ts'),
    'only the composition roots and the sandbox import an adapter',
  );
  equal(refusal('jobs/observe.ts', 'bullmq'), 'bullmq stays in src/adapters/bullmq/');
  equal(refusal('src/main.ts', 'src/adapters/nomad/index.ts'), null);
  equal(refusal('src/backtest-cli.ts', 'src/adapters/chart/draw.ts'), null);
});

function refusal(file: string, wanted: string): string | null {
  const home = Object.entries(PACKAGE_HOMES).find(
    ([name]) => wanted === name || wanted.startsWith(`${name}/`),
  );
  if (home?.[1].some((folder) => !file.startsWith(folder)))
    return `${home[0]} stays in ${home[1].join(', ')}`;
  const isFile = /^(src|commands|jobs|test|bench)\//.test(wanted);
  const rule = RULES.find(({ who }) => file === who || (who.endsWith('/') && file.startsWith(who)));
  if (!isFile) {
    if (rule?.packages === undefined || rule.packages.includes(wanted.replace(/\/.*/, ''))) return null;
    return `${rule.who} may use ${rule.packages.length === 0 ? 'no package' : `only the packages ${rule.packages.join(', ')}`}`;
  }
  if (/^(test|bench)\//.test(wanted)) return 'the program never imports its tests';
  if (file.startsWith('src/adapters/')) {
    const own = file.split('/').slice(0, 3).join('/');
    const may = [`${own}/`, 'src/ports.ts', 'src/core/', 'src/errors.ts', 'src/config.ts'];
    return may.some((start) => wanted.startsWith(start))
      ? null
      : 'an adapter imports its own folder, ports, core and errors only';
  }
  // A subcommand of the shell (backtest-cli.ts, say) is composed where it is written: it is a part of cli.ts.
  const composes = /^src\/(main|([a-z]+-)?cli)(\.ts|\/)/.test(file) || file.startsWith('src/sandbox/');
  if (wanted.startsWith('src/adapters/') && !composes) {
    return 'only the composition roots and the sandbox import an adapter';
  }
  if (rule === undefined || rule.may.some((start) => wanted.startsWith(start))) return null;
  return `${rule.who} may import only ${rule.may.length === 0 ? 'nothing' : rule.may.join(', ')}`;
}

/** Imported files as paths from the root, packages by their names, node:* left out. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8').replace(/^\s*(\/\/|\*).*$/gm, '');
  const found = [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([\w@./:-]+)'/g)].map((hit) => hit[1] ?? '');
  return found
    .filter((name) => !name.startsWith('node:'))
    .map((name) =>
      name.startsWith('.') ? posix.join(posix.dirname(file), name).replace(/\.js$/, '.ts') : name,
    );
}

function findings(file: string, pattern: RegExp, remedy: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...bare(text).matchAll(pattern)].map(
    (hit) => `${file}:${lineOf(text, hit.index)} uses ${hit[0]}: ${remedy}`,
  );
}

/** The code alone: comments and plain strings blanked, line breaks and lengths kept. */
function bare(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'/g, (hit) =>
    hit.replace(/[^\n]/g, ' '),
  );
}

function lineOf(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

function sourcesUnder(folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`)
    .filter((name) => !name.startsWith('src/sandbox/page/browser/'));
}

function findRoot(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : findRoot(dirname(folder));
}
