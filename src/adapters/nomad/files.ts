/**
 * Files in the directories of allocations, through Nomad's API: the node's client reads them, so that nobody needs a way to
 * the node. The token needs read-fs.
 */
import type { Log, WorkerFiles } from '../../ports.js';
import { createNomadClient, type Most, type NomadClient, type NomadOptions } from './client.js';
import { refusal } from './errors.js';
import { isForbidden } from './plan.js';

export function createNomadFiles(options: NomadOptions & { log?: Log }): WorkerFiles {
  const client = createNomadClient(options);
  let told = false;
  return {
    async object(allocation, path, most) {
      try {
        const text = await objectIn(client, allocation, path, most);
        told = false;
        return text;
      } catch (error) {
        if (isForbidden(error) && !told) {
          told = true;
          options.log?.warn({ peer: 'nomad' }, 'the token may not read files of allocations (read-fs)');
        }
        throw error;
      }
    },
  };
}

/** The file's text, if it is a JSON object; else an OutsideError. */
export async function objectIn(
  client: NomadClient,
  allocation: string,
  path: string,
  most: Most = {},
): Promise<string> {
  const at = `/v1/client/fs/cat/${encodeURIComponent(allocation)}`;
  const text = await client.text(at, { path }, most);
  if (text.trimStart().startsWith('{')) return text;
  // Nomad begins its answer before it looks for the file, so what went wrong has status 200, too (1.1 to 2.0).
  const status = /(Permission denied|ACL token not found)\s*$/.test(text) ? 403 : 404;
  throw refusal(`GET ${at}`, status, text, null);
}
