/** Addresses of peers from the environment. A wrong one is a problem beside the others; its value may hold a password and is not shown. */
import type { Problem } from './problems.js';

const WEB = /^https?:$/;
const REDIS = /^(rediss?|unix):$/;
const HOST = /^(?!-)[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?$/i;

export interface Addresses {
  /** An http or https URL; a problem when there is none and no fallback. */
  url(key: string, fallback: string | null, why?: string): string;
  /** As `url`, or null when it is not set. */
  optionalUrl(key: string): string | null;
  redis(key: string, fallback: string): string;
  /** A host with or without a port, without a scheme. */
  host(key: string, fallback: string): string;
}

export function createAddresses(read: (key: string) => string | null, problems: Problem[]): Addresses {
  const check = (key: string, value: string, isRight: boolean, rule: string): string => {
    if (!isRight) problems.push({ place: key, value: '(hidden)', rule });
    return value;
  };
  const web = (key: string, value: string): string =>
    check(key, value, hasScheme(value, WEB), 'must be a URL that begins with http:// or https://');
  return {
    url(key, fallback, why = '') {
      const value = read(key) ?? fallback;
      if (value !== null) return web(key, value);
      problems.push({ place: key, value: 'nothing', rule: `must be set: ${why}` });
      return '';
    },
    optionalUrl(key) {
      const value = read(key);
      return value === null ? null : web(key, value);
    },
    redis(key, fallback) {
      const value = read(key) ?? fallback;
      const isRight = value.startsWith('/') || hasScheme(value, REDIS);
      return check(key, value, isRight, "must be a URL such as redis://127.0.0.1:6379, or a socket's path");
    },
    host(key, fallback) {
      const value = read(key) ?? fallback;
      return check(
        key,
        value,
        HOST.test(value),
        `must be a host such as ${fallback}, without https:// and without a path`,
      );
    },
  };
}

/** 'localhost:4646' reads as a URL, too: its scheme is what tells. */
const hasScheme = (value: string, scheme: RegExp): boolean =>
  URL.canParse(value) && scheme.test(new URL(value).protocol);
