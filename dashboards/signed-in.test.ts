// SPDX-License-Identifier: BSD-2-Clause
/** The page of a service that asks for tokens, and the description of the API, in a real browser under the service's own policy. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, hasBrowser, launchBrowser, watch } from './testing/browser.ts';
import { isBuilt, RealService } from './testing/real-service.ts';

const TOKEN = 'sel4scope_of-the-browser-test';

describe.skipIf(!isBuilt() || !hasBrowser())('the page of a service that asks for tokens', () => {
  let service: RealService;
  let browser: Browser;

  beforeAll(async () => {
    service = await RealService.start((folder) => {
      const tokens = join(folder, 'tokens');
      writeFileSync(tokens, `alice read sha256:${createHash('sha256').update(TOKEN).digest('hex')}\n`, { mode: 0o600 });
      return ['--token-file', tokens];
    });
    browser = await launchBrowser();
  }, 120_000);

  afterAll(async () => {
    await browser.close();
    await service.stop();
  });

  it('asks, keeps the token for the tab alone, and forgets it', async () => {
    const page = await browser.newPage();
    const complaints = watch(page);
    await page.goto(service.url);
    await page.getByLabel('Token').fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('the token is not valid').waitFor();
    await page.getByLabel('Token').fill(` ${TOKEN} `);
    await page.keyboard.press('Enter');
    await page.getByText('No runs yet').waitFor();
    await page.getByText('live feed').waitFor();
    await page.getByText('alice').waitFor();
    expect([page.url(), await page.evaluate('document.cookie'), await page.evaluate('localStorage.length')]).toEqual([`${service.url}/`, '', 0]);
    await page.reload();
    await page.getByText('live feed').waitFor();
    const other = await browser.newPage();
    await other.goto(service.url);
    await other.getByLabel('Token').waitFor();
    await other.close();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Token').waitFor();
    await page.reload();
    await page.getByLabel('Token').waitFor();
    await page.close();
    // The browser tells of every answer 401 and of the feed that did not open; of nothing else.
    expect(complaints.filter((text) => !/status of 401|WebSocket connection to/.test(text))).toEqual([]);
    expect(complaints.join()).not.toContain(TOKEN);
  });

  it('the description of the API keeps to the policy, and tries things out with a token', async () => {
    const page = await browser.newPage();
    const complaints = watch(page);
    await page.goto(`${service.url}/docs`);
    await page.locator('.opblock').first().waitFor();
    await page.getByRole('button', { name: 'Authorize' }).first().click();
    await page.locator('.auth-container input').fill(TOKEN);
    await page.locator('.auth-btn-wrapper .authorize').click();
    await page.locator('.auth-btn-wrapper .btn-done').click();
    await page.locator('#operations-service-session .opblock-summary-control').click();
    await page.locator('#operations-service-session .execute').click();
    await eventually(() => page.locator('#operations-service-session .live-responses-table').innerText()).toContain('"name": "alice"');
    await page.close();
    expect(complaints).toEqual([]);
  });
});
