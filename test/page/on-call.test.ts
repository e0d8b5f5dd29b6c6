/**
 * What a person on call lives through, from the page alone: the real sandbox, its real bot, every peer over the wire. Three
 * fleets have their trouble at the same time: dead letters and a page, an image that is bad, a node that is stopped.
 */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import type { Config } from '../../src/config.js';
import type { WorldState } from '../../src/sandbox/control.js';
import { startWorldProcess, type WorldProcess } from '../sandbox/world-process.js';
import { noBrowser, openBrowser } from './browser.js';

const hasRedis = spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status === 0;
const skip = noBrowser !== false ? noBrowser : hasRedis ? false : 'no redis-server on this machine';
const folder = mkdtempSync(join(tmpdir(), 'muster-on-call-'));
/** Ends what would hang for ever; no claim about speed. */
const PATIENCE_MS = 240_000;
/** Where pictures go that somebody wants to look at; nowhere when it is not set. */
const pictures = process.env.MUSTER_PICTURES;

let browser: Browser;
let page: Page;
let world: WorldProcess;

before(async () => {
  if (skip !== false) return;
  world = await startWorldProcess(['--port', '0', '--speed', '120', '--seed', '5', '--data', folder], {
    bot: null,
  });
  browser = await openBrowser();
  page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(world.url);
  watching = watch();
  await page.locator('#messages .from-bot').first().waitFor();
});
after(async () => {
  isOver = true;
  await watching;
  await browser?.close();
  await world?.end();
  rmSync(folder, { recursive: true, force: true });
});

const say = async (text: string): Promise<void> => {
  await page.fill('#say', text);
  await page.press('#say', 'Enter');
};
const cloud = async (what: string, where: string): Promise<string> => {
  await page.selectOption('#cloud-what', what);
  await page.selectOption('#cloud-where', where);
  await page.locator('#cloud-said').evaluate((line) => {
    line.textContent = '';
  });
  await page.locator('#cloud-form').getByRole('button', { name: 'Do it' }).click();
  await page.locator('#cloud-said:not(:empty)').waitFor();
  return (await page.locator('#cloud-said').textContent()) ?? '';
};
const message = (words: RegExp) => page.locator('#messages .message', { hasText: words }).first();
const incident = () => page.locator('#incidents > li', { hasText: 'results look wrong' });
const press = (label: RegExp) => incident().getByRole('button', { name: label }).click();
const note = (words: RegExp) => incident().locator('.incident-notes li', { hasText: words }).waitFor();
const picture = async (name: string): Promise<void> => {
  if (pictures !== undefined) await page.screenshot({ path: join(pictures, `${name}.png`) });
};

let isOver = false;
let watching: Promise<void> = Promise.resolve();
let stopped = { node: '', at: 0 };

test('a remedy is run from a PagerDuty button, and its outcome is a note there', { skip }, async () => {
  match(await cloud('dead', 'ocr'), /40 messages of ocr are dead-lettered/);
  await say('/muster page ocr results look wrong since noon');
  // On a machine that is too busy requests are late in earnest, and then another remedy comes first.
  await note(/Fitting remedy: \S+, because (40 messages were dead-lettered|it is too slow)/);
  await press(/^Run the fitting remedy/);
  await page
    .locator('#incidents-said', { hasText: 'Muster took “Run the fitting remedy” at once' })
    .waitFor();
  await note(/Remedy \S+ done, asked for by asha/);
  const isMoved = await incident()
    .locator('li', { hasText: /Remedy requeue done/ })
    .isVisible();
  const moved = (await world.get<WorldState>('/_sandbox/state')).calls.filter(
    ({ target, path }) => target === 'rabbitmq' && path.endsWith('/publish'),
  );
  equal(moved.length, isMoved ? 40 : 0);
});

test('a bad image and a notice begin, each with an act or two on the page', { skip }, async () => {
  const begun = message(/Rollout of liveness:bad to liveness/);
  const dialog = page.locator('dialog[open]');
  const overtaken = page.getByRole('button', { name: 'Ask for it again' });
  // The plan comes first; its button begins it, and a dialog may ask once more. A cycle that changes the fleet between the
  // two makes the plan stale: then the person types it again.
  do {
    const another = overtaken.nth(await overtaken.count());
    await say('/muster deploy liveness registry.example/liveness:bad');
    await page
      .getByRole('button', { name: /^Deploy / })
      .first()
      .click();
    await dialog.or(begun).or(another).first().waitFor();
    if (await dialog.isVisible()) await dialog.getByRole('button').last().click();
    await begun.or(another).first().waitFor();
  } while (!(await begun.isVisible()));
  const { clock } = await world.get<WorldState>('/_sandbox/state');
  const said = await cloud('notice', 'face-match');
  match(said, /is stopped at .* its watcher tells Muster/);
  stopped = { node: said.split(' ')[0] ?? '', at: clock + 3_600_000 };
  await picture('begun');
});

test('the numbers, a hold and an acknowledgement from the incident', { skip }, async () => {
  await press(/^Add diagnostics/);
  await note(/Diagnostics of ocr.*Dead letters: \d/s);
  await press(/^Hold scale-down/);
  await note(/asha set a freeze, ocr: no cuts until/);
  await message(/ocr: no cuts/).waitFor();
  await press(/^Acknowledge/);
  await message(/acknowledged by Asha Rao/).waitFor();
  await picture('incident');
});

test('who may not is refused with a note, and nothing is done', { skip }, async () => {
  await page.selectOption('#user', { label: 'Noor Khan' });
  await press(/^Hold scale-down/);
  await note(/Refused: .*noor/);
  await page.selectOption('#user', { label: 'Gita (guest)' });
  await press(/^Hold scale-down/);
  await note(/Refused, and nothing was done: Gita .* no member’s account in Slack/);
  await page.selectOption('#user', { label: 'Asha Rao' });
  await press(/^Resolve/);
  await message(/the page is over/).waitFor();
});

test('the bad image stops at the golden node and is rolled back by itself', { skip }, async () => {
  await message(/liveness:bad.*rolled back .* by itself/s).waitFor();
  await message(/liveness:bad.*rolled back .* by itself/s).scrollIntoViewIfNeeded();
  await picture('rolled-back');
  const bad = [...allocations.values()].filter(({ image }) => image.endsWith(':bad'));
  equal(new Set(bad.map(({ node }) => node)).size, 1, `no second node was updated: ${JSON.stringify(bad)}`);
});

test('the node is empty before its hour, nothing is lost, and it takes work again', { skip }, async () => {
  const over = message(new RegExp(`Maintenance of ${stopped.node}.*The node is back and takes work`, 's'));
  await over.waitFor();
  await over.scrollIntoViewIfNeeded();
  await picture('maintenance');
  const { calls } = await world.get<WorldState>('/_sandbox/state');
  const drain = calls.find(
    ({ path, decisionId }) =>
      path.endsWith('/drain') && decisionId?.startsWith(`maintenance-${stopped.node}`) === true,
  );
  ok(drain !== undefined && drain.at < stopped.at, 'drained in time');
  deepEqual(
    [...allocations.values()].filter(({ lost }) => lost),
    [],
  );
});

/** Every worker that was ever seen, as Nomad tells of it. */
const allocations = new Map<string, { node: string; image: string; lost: boolean }>();

async function watch(): Promise<void> {
  const { config } = await world.get<{ config: Config }>('/_sandbox/replica');
  const { address, token } = config.nomad!;
  const ask = async <T>(path: string): Promise<T> =>
    (await (await fetch(`${address}${path}`, { headers: { 'x-nomad-token': token ?? '' } })).json()) as T;
  const look = async (): Promise<void> => {
    const all = await ask<{ ID: string; NodeName: string; ClientStatus: string }[]>('/v1/allocations');
    for (const { ID: id, NodeName: node, ClientStatus: status } of all) {
      const lost = status === 'lost';
      const image = allocations.get(id)?.image ?? imageIn(await ask(`/v1/allocation/${id}`));
      allocations.set(id, { node, image, lost: lost || allocations.get(id)?.lost === true });
    }
  };
  while (!isOver) {
    // One that has just been forgotten is seen no more: the next look goes on.
    await look().catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

const imageIn = (allocation: unknown): string =>
  /"image":"([^"]+)"/i.exec(JSON.stringify(allocation))?.[1] ?? '';
