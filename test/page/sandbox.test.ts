/** The real sandbox in a real browser: what a newcomer does in the first minute. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { noBrowser, openBrowser } from './browser.js';

const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url));
const hasRedis = spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status === 0;
const skip = noBrowser !== false ? noBrowser : hasRedis ? false : 'no redis-server on this machine';
const folder = mkdtempSync(join(tmpdir(), 'muster-page-'));

let browser: Browser;
let world: ChildProcess;
let url: string;

before(async () => {
  if (skip !== false) return;
  world = spawn(process.execPath, [cli, 'world', '--port', '0', '--speed', '120', '--data', folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, HOME: folder },
  });
  [browser, url] = await Promise.all([openBrowser(), address(world)]);
});
after(async () => {
  await browser?.close();
  if (world !== undefined && world.exitCode === null) {
    const ended = new Promise((resolve) => world.once('exit', resolve));
    world.kill('SIGTERM');
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
});

test('decisions arrive, a command is answered, an override is typed, ended by its button, and the fleet follows', {
  skip,
}, async () => {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.setDefaultTimeout(180_000);
  await page.goto(url);
  await page.locator('#messages .from-bot').first().waitFor();
  assert.match((await page.locator('#messages .from-bot').first().textContent()) ?? '', /workers/);

  await page.fill('#say', '/muster status');
  await page.press('#say', 'Enter');
  await page.locator('.ephemeral table').first().waitFor();

  await page.fill('#say', '/muster override ocr 21 for 2h because we look at the page');
  await page.press('#say', 'Enter');
  const override = page.locator('#messages .message', { hasText: 'we look at the page' }).first();
  await override.waitFor();
  await page.locator('.fleet', { hasText: '21 of 21 workers ready' }).waitFor();

  await override.getByRole('button', { name: /^End/ }).click();
  const dialog = page.locator('dialog[open]');
  if (await dialog.isVisible()) await dialog.getByRole('button').last().click();
  await page
    .locator('#messages .message', { hasText: /override.*(ended|cancelled|is over)/i })
    .first()
    .waitFor();
  await page.close();
});

/** The address that the world prints when it is up. */
function address(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said);
      if (found !== null) resolve(found[0]);
    });
    child.once('exit', (code) => reject(new Error(`the world ended with ${code}: ${said}`)));
  });
}
