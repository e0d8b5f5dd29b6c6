/** The real sandbox in a real browser: a form with its live effect, the home tab, and a decision explained from its message. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { noBrowser, openBrowser } from './browser.js';

const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url));
const hasRedis = spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status === 0;
const skip = noBrowser !== false ? noBrowser : hasRedis ? false : 'no redis-server on this machine';
const folder = mkdtempSync(join(tmpdir(), 'muster-surfaces-'));
/** Where pictures of each step are kept, when somebody wants to look. */
const pictures = process.env.MUSTER_PICTURES;

let browser: Browser;
let world: ChildProcess;
let page: Page;

before(async () => {
  if (skip !== false) return;
  world = spawn(process.execPath, [cli, 'world', '--port', '0', '--speed', '120', '--data', folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, HOME: folder },
  });
  let url: string;
  [browser, url] = await Promise.all([openBrowser(), address(world)]);
  page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.setDefaultTimeout(180_000);
  await page.goto(url);
  await page.locator('#messages .from-bot').first().waitFor();
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

test('a bare verb opens a form that shows its effect, refuses with the fix, and acts', { skip }, async () => {
  await page.fill('#say', '/muster override');
  await page.press('#say', 'Enter');
  const modal = page.locator('dialog[open]');
  await modal.getByLabel('Fleet', { exact: true }).selectOption('ocr');
  await modal.getByLabel('Workers').fill('9999');
  await modal.getByLabel('For how long').fill('2h');
  await modal.getByLabel('Because').fill('we look at the form');
  await modal.getByRole('button', { name: 'Set the override' }).click();
  await modal.getByText('above the ceiling of ocr').first().waitFor();
  await look('form-refused');
  await modal.getByLabel('Workers').fill('23');
  await modal.getByText(/Scale ocr \d+ → 23/).waitFor();
  assert.equal(await modal.getByLabel('Because').inputValue(), 'we look at the form');
  await look('form');
  await modal.getByRole('button', { name: 'Set the override' }).click();
  await page.locator('#messages .message', { hasText: 'we look at the form' }).first().waitFor();
  await modal.waitFor({ state: 'hidden' });
});

test('the home tab shows the override, and its buttons answer', { skip }, async () => {
  await page.getByRole('button', { name: 'Muster home' }).click();
  const home = page.locator('#home');
  await home.getByText('pinned at 23 workers').waitFor();
  await home.getByText('What you can do').waitFor();
  await look('home');
  await home.getByRole('button', { name: 'Status' }).click();
  const modal = page.locator('dialog[open]');
  await modal.getByText('liveness').first().waitFor();
  await look('home-answer');
  await modal.getByRole('button', { name: 'Close' }).click();
  await home.getByRole('button', { name: 'Freeze' }).click();
  await page.locator('dialog[open]').getByLabel('What stops').waitFor();
  await page.locator('dialog[open]').getByRole('button', { name: 'Cancel' }).click();
});

test('a decision is explained from its message and from a reply in its thread', { skip }, async () => {
  await page.locator('.channel', { hasText: 'ml-ops' }).first().click();
  const decision = page.locator('#messages .from-bot', { hasText: /→ \d+ workers/ }).first();
  await decision.getByRole('button', { name: 'Explain this decision' }).click();
  await page.locator('.ephemeral', { hasText: 'Need by forecast' }).first().waitFor();
  await look('explained');
  await decision.locator('.thread-button').click();
  const reply = page.locator('#thread .from-bot').nth(1);
  await reply.getByRole('button', { name: 'Explain this decision' }).click();
  await page.locator('#thread .ephemeral', { hasText: 'Need by forecast' }).first().waitFor();
  await look('explained-thread');
});

async function look(name: string): Promise<void> {
  if (pictures !== undefined) await page.screenshot({ path: join(pictures, `${name}.png`) });
}

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
