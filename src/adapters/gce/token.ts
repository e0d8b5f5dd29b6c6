/**
 * Where the access token comes from: given (a stand-in), a service account's key file, or the VM's metadata server.
 * Tokens last an hour; one is fetched again a minute before its end.
 */
import { createSign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { AxiosInstance } from 'axios';
import { z } from 'zod';
import { OutsideError } from '../../errors.js';

export interface TokenSource {
  token(): Promise<string>;
  /** The peer refused the token: the next call fetches another. */
  forget(): void;
}

const METADATA = 'http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token';
const SCOPE = 'https://www.googleapis.com/auth/compute';
const EARLY_MS = 60_000;

const tokenShape = z.object({ access_token: z.string(), expires_in: z.number() });
const keyShape = z.object({ client_email: z.string(), private_key: z.string(), token_uri: z.url() });

export function createTokenSource(
  http: AxiosInstance,
  given: string | null,
  credentialsFile: string | null,
  timeoutMs: number,
): TokenSource {
  let known: { value: string; until: number } | null = null;
  return {
    async token() {
      if (given !== null) return given;
      if (known !== null && Date.now() < known.until) return known.value;
      const ask = credentialsFile === null ? fromMetadata() : fromKeyFile(credentialsFile);
      const tried =
        credentialsFile === null ? 'token of the metadata server' : 'token of the service account';
      const answer = await http
        .request<string>({ ...ask, signal: AbortSignal.timeout(timeoutMs) })
        .catch(() => null);
      if (answer === null || answer.status !== 200) {
        throw new OutsideError('gce', tried, answer === null ? 'no answer' : `${answer.status}`, {
          class: answer === null || answer.status >= 500 ? 'retry' : 'human',
          why: answer === null ? 'unreachable' : 'refused',
        });
      }
      const { access_token, expires_in } = tokenShape.parse(JSON.parse(answer.data));
      known = { value: access_token, until: Date.now() + expires_in * 1000 - EARLY_MS };
      return access_token;
    },
    forget() {
      known = null;
    },
  };
}

function fromMetadata() {
  return { method: 'GET', url: METADATA, headers: { 'Metadata-Flavor': 'Google' } };
}

/** RFC 7523: a signed assertion for an access token. */
function fromKeyFile(path: string) {
  const key = keyShape.safeParse(JSON.parse(readFileSync(path, 'utf8')));
  if (!key.success) {
    throw new OutsideError('gce', `read ${path}`, 'it is not the key file of a service account', {
      class: 'human',
      why: 'refused',
    });
  }
  const { client_email, private_key, token_uri } = key.data;
  const now = Math.floor(Date.now() / 1000);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iss: client_email, scope: SCOPE, aud: token_uri, iat: now, exp: now + 3600 };
  const unsigned = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}`;
  const signature = createSign('RSA-SHA256').update(unsigned).sign(private_key).toString('base64url');
  const form = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: `${unsigned}.${signature}`,
  });
  return {
    method: 'POST',
    url: token_uri,
    data: form.toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  };
}
