/** A headless browser where the machine has one. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const places = [
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

export const browserPath: string | null = places.find((place) => existsSync(place)) ?? null;

export const noBrowser: string | false =
  browserPath === null ? 'no Chromium on this machine: the page is not looked at' : false;

export function openBrowser(): Promise<Browser> {
  if (browserPath === null) throw new Error('no browser');
  return chromium.launch({
    executablePath: browserPath,
    args: ['--no-sandbox', '--disable-gpu'],
    timeout: 180_000,
  });
}
