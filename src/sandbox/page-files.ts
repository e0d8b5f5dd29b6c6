/** The page's own files: a fixed list, read from where the build put them. */
import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';

const files: Record<string, { name: string; type: string }> = {
  '/': { name: 'index.html', type: 'text/html; charset=utf-8' },
  '/page.css': { name: 'page.css', type: 'text/css; charset=utf-8' },
  '/kit.css': { name: 'kit.css', type: 'text/css; charset=utf-8' },
  '/panels.css': { name: 'panels.css', type: 'text/css; charset=utf-8' },
  '/main.js': { name: 'main.js', type: 'text/javascript; charset=utf-8' },
  '/favicon.svg': { name: 'favicon.svg', type: 'image/svg+xml' },
};

/** False: there is no such file. */
export async function sendPageFile(response: ServerResponse, path: string): Promise<boolean> {
  const file = files[path];
  if (file === undefined) return false;
  const body = await readFile(fileURLToPath(new URL(`page/${file.name}`, import.meta.url)));
  response.writeHead(200, {
    'content-type': file.type,
    'cache-control': 'no-cache',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'content-security-policy':
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  });
  response.end(body);
  return true;
}
