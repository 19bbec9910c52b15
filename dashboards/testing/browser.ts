// SPDX-License-Identifier: BSD-2-Clause
/** The browser of the tests. */
import { existsSync } from 'node:fs';
import { chromium, type Browser, type Page } from 'playwright-core';
import { expect } from 'vitest';

const CHROMIUM = process.env['SEL4SCOPE_CHROMIUM'] ?? '/usr/bin/chromium';
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'];
/** Long enough for a busy machine, ms. */
const PATIENCE = 15_000;

/** Whether there is a browser. Without one it says so loudly, or throws where `SEL4SCOPE_REQUIRE_BROWSER=1` asks for one. */
export function hasBrowser(): boolean {
  return need(existsSync(CHROMIUM), `no Chromium at ${CHROMIUM} (apt-get install chromium, or set SEL4SCOPE_CHROMIUM)`);
}

/** Whether a precondition of a browser test holds; as {@link hasBrowser} when it does not. */
export function need(holds: boolean, otherwise: string): boolean {
  if (holds) return true;
  const message = `the page is NOT tested in a browser: ${otherwise}`;
  if (process.env['SEL4SCOPE_REQUIRE_BROWSER'] === '1') throw new Error(message);
  console.warn(message);
  return false;
}

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}

/** Collects whatever the browser complains about: errors, warnings, violations of the content security policy. */
export function watch(page: Page): string[] {
  const complaints: string[] = [];
  page.setDefaultTimeout(PATIENCE);
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return complaints;
}

/** As `expect`, for what comes true in a while. */
export function eventually<T>(read: () => T | Promise<T>): ReturnType<typeof expect.poll<T>> {
  return expect.poll(read, { timeout: PATIENCE });
}

