/** Mistakes in a configuration, collected so that all of them are reported together. */
import type { z } from 'zod';
import { OperatorError } from '../errors.js';

export interface Problem {
  /** 'fleets.ocr.ceiling' or an environment variable's name. */
  place: string;
  value: string;
  rule: string;
}

export function problemOf(issue: z.core.$ZodIssue, raw: unknown): Problem {
  const place = issue.path.length === 0 ? 'the file' : issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    return {
      place: [...issue.path, issue.keys[0]].join('.'),
      value: '',
      rule: 'is not a setting: see docs/CONFIGURATION.md',
    };
  }
  let value: unknown = raw;
  for (const key of issue.path) value = (value as Record<PropertyKey, unknown> | undefined)?.[key];
  return {
    place,
    value: value === undefined ? 'nothing' : shorten(JSON.stringify(value)),
    rule: issue.message,
  };
}

const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}…` : text);

export class ConfigurationError extends OperatorError {
  constructor(readonly problems: Problem[]) {
    super(
      'bad-configuration',
      [
        `The configuration has ${problems.length === 1 ? 'one mistake' : `${problems.length} mistakes`}:`,
        ...problems.map(
          ({ place, value, rule }) => `  ${place}${value === '' ? '' : ` = ${value}`}: ${rule}`,
        ),
      ].join('\n'),
    );
  }
}

export const badConfiguration = (problems: Problem[]): ConfigurationError => new ConfigurationError(problems);
