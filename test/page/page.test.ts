import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { noBrowser, openBrowser } from './browser.js';
import { aScene, type Scene } from './scene.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const phone = { width: 360, height: 740 };
const tablet = { width: 768, height: 1024 };
const desk = { width: 1440, height: 900 };

let browser: Browser;
let scene: Scene;

before(async () => {
  if (noBrowser !== false) return;
  [browser, scene] = await Promise.all([openBrowser(), aScene()]);
});
after(async () => {
  await browser?.close();
  await scene?.close();
});

const looks = { skip: noBrowser };

test('no width scrolls sideways, and the newest decision is in sight at once', looks, async () => {
  for (const viewport of [phone, tablet, desk]) {
    await looking({ viewport }, async (page) => {
      assert.equal(await scrollWidth(page), viewport.width);
      const newest = page.locator('#messages > [data-ts]').last();
      const box = await newest.locator('[role=heading]').boundingBox();
      const composer = await page.locator('#composer').boundingBox();
      assert.ok(box !== null && box.y > 0 && box.y + box.height < composer!.y, `at ${viewport.width} px`);
      assert.match((await newest.textContent()) ?? '', /14 → 12 workers/);
      if (viewport.width >= 1000) return;
      await page.click('[data-show=panels]');
      assert.equal(await scrollWidth(page), viewport.width);
    });
  }
});

test('axe finds nothing, light and dark, in the channel, thread, modal and fleets', looks, async () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    await looking({ viewport: desk, colorScheme }, async (page) => {
      await say(page, '/muster status');
      await page.locator('.thread-button').first().click();
      assert.deepEqual(await violations(page), []);
      await say(page, '/muster override');
      await page.locator('dialog[open]').waitFor();
      assert.deepEqual(await violations(page), []);
    });
    await looking({ viewport: phone, colorScheme }, async (page) => {
      assert.deepEqual(await violations(page), []);
      await page.click('[data-show=panels]');
      assert.deepEqual(await violations(page), []);
    });
  }
});

test('a typed command is answered to its speaker alone', looks, async () => {
  await looking({ viewport: desk }, async (page) => {
    await say(page, '/muster status');
    const answer = page.locator('.ephemeral').last();
    await answer.waitFor();
    assert.match((await answer.textContent()) ?? '', /Only visible to you[\s\S]*All fleets are on time/);
    await page.selectOption('#user', { label: 'Ravi Menon' });
    assert.equal(await page.locator('.ephemeral').count(), 0);
    await page.selectOption('#user', { label: 'Asha Rao' });
    await answer.waitFor();
    await page.press('#say', 'ArrowUp');
    assert.equal(await page.inputValue('#say'), '/muster status');
  });
});

test('a button asks before it acts, and its message changes where it stands', looks, async () => {
  await looking({ viewport: desk }, async (page) => {
    await page.selectOption('#user', { label: 'Ravi Menon' });
    const newest = page.locator('#messages > .from-bot:not(.ephemeral)').last();
    await newest.getByRole('button', { name: 'End the override' }).click();
    await page.locator('dialog[open]').getByRole('button', { name: 'Keep it' }).click();
    assert.equal(scene.clicks.length, 0);
    await newest.getByRole('button', { name: 'End the override' }).click();
    await page.locator('dialog[open]').getByRole('button', { name: 'End it' }).click();
    await newest.getByText('Override of face-match ended').waitFor();
    assert.match((await newest.textContent()) ?? '', /Ended by @Ravi Menon/);
    assert.deepEqual(scene.clicks, [{ user: 'U0RAVI', value: 'override cancel face-match' }]);
    await page.getByText('face-match follows the forecast again').waitFor();
  });
});

test('a modal keeps what was typed when it is refused, and goes when it is taken', looks, async () => {
  await looking({ viewport: phone }, async (page) => {
    await say(page, '/muster override');
    const modal = page.locator('#modal[open]');
    await modal.waitFor();
    await modal.getByLabel('Fleet', { exact: true }).selectOption('face-match');
    await modal.getByLabel('Workers').fill('900');
    await modal.getByRole('button', { name: 'Set the override' }).click();
    await modal.getByText('The ceiling of face-match is 40.').waitFor();
    assert.equal(await modal.getByLabel('Workers').inputValue(), '900');
    await modal.getByLabel('Workers').fill('9');
    await modal.getByRole('button', { name: 'Set the override' }).click();
    await modal.waitFor({ state: 'hidden' });
  });
});

test('dates stand in the zone of whoever reads them', looks, async () => {
  // The browser's own zone is nobody's here: Asha is in Kolkata, Meera in London.
  await looking({ viewport: desk, timezoneId: 'America/New_York', locale: 'en-GB' }, async (page) => {
    const shown = async (person: string): Promise<string> => {
      await page.selectOption('#user', { label: person });
      const first = page.locator('#messages > [data-ts]').first();
      return (await first.locator('.section-words time').textContent()) ?? '';
    };
    // 08:00 UTC, two hours after the message.
    assert.deepEqual([await shown('Asha Rao'), await shown('Meera Iyer')], ['today 13:30', 'today 8:00']);
  });
});

test('what somebody wrote is never markup and calls nobody', looks, async () => {
  await looking({ viewport: desk }, async (page) => {
    await scene.bench.client.chat.postMessage({
      channel: 'ml-alerts',
      text: '&lt;!channel&gt; <img src=x onerror=alert(1)> &lt;b&gt;bold&lt;/b&gt; *really*',
    });
    await page.getByRole('button', { name: 'ml-alerts' }).click();
    const message = page.locator('#messages > [data-ts]').last();
    await message.getByText('<!channel>').waitFor();
    assert.equal(await message.locator('img, b, .mention').count(), 0);
    assert.equal(await message.locator('.block strong').textContent(), 'really');
  });
});

test('a peer is broken and mended from the page', looks, async () => {
  await looking({ viewport: desk }, async (page) => {
    await page.selectOption('#fault-target', 'rabbitmq');
    await page.selectOption('#fault-kind', 'nostats');
    await page.getByRole('button', { name: 'Break it' }).click();
    await page.getByRole('button', { name: 'End the fault of rabbitmq' }).waitFor();
    assert.deepEqual(
      scene.faults.map(({ target, kind }) => [target, kind]),
      [['rabbitmq', 'nostats']],
    );
    await page.getByRole('button', { name: 'End the fault of rabbitmq' }).click();
    await page.getByRole('button', { name: 'End the fault of rabbitmq' }).waitFor({ state: 'detached' });
    assert.equal(scene.faults.length, 0);
  });
});

test('the home tab and a message shortcut work from the page', looks, async () => {
  await looking({ viewport: desk }, async (page) => {
    await page.locator('#messages').getByRole('button', { name: 'Explain this decision' }).first().click();
    await page.getByText('The forecast rose').waitFor();
    await page.getByRole('button', { name: 'Muster home' }).click();
    await page.locator('#home').getByText('Your fleets').waitFor();
  });
});

test('without a bot the page says so and keeps what was typed', looks, async () => {
  await looking({ viewport: desk }, async (page) => {
    const bots = scene.bench.bots.splice(0);
    try {
      await say(page, '/muster status');
      await page.getByText('No bot is running to take it').waitFor();
      assert.equal(await page.inputValue('#say'), '/muster status');
    } finally {
      scene.bench.bots.push(...bots);
    }
  });
});

async function looking(options: BrowserContextOptions, what: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(120_000);
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  try {
    await page.goto(scene.url);
    await page.locator('body[data-ready]').waitFor();
    await what(page);
    assert.deepEqual(problems, []);
  } finally {
    await context.close();
  }
}

async function say(page: Page, text: string): Promise<void> {
  await page.fill('#say', text);
  await page.press('#say', 'Enter');
}

const scrollWidth = (page: Page): Promise<number> => page.evaluate('document.documentElement.scrollWidth');

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(
    `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map((node) => node.target.join(' ')).join(', ')))`,
  );
}
