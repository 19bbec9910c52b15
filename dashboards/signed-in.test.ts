// SPDX-License-Identifier: BSD-2-Clause
/** The page of a service that asks for tokens, and the description of the API, in a real browser under the service's own policy. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, hasBrowser, launchBrowser, need, watch } from './testing/browser.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const COMMAND = join(ROOT, 'dist', 'server', 'cli', 'main.js');
const PAGE = join(ROOT, 'dist', 'dashboards', 'public', 'index.html');
const built = need(existsSync(COMMAND) && existsSync(PAGE), 'service or page is not built (npm run build)');
const TOKEN = 'sel4scope_of-the-browser-test';

describe.skipIf(!built || !hasBrowser())('the page of a service that asks for tokens', () => {
  let folder: string;
  let service: ChildProcess;
  let url: string;
  let browser: Browser | undefined;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sel4scope-data-'));
    const tokens = join(folder, 'tokens');
    writeFileSync(tokens, `alice read sha256:${createHash('sha256').update(TOKEN).digest('hex')}\n`, { mode: 0o600 });
    service = spawn(process.execPath, [COMMAND, 'serve', '--data', join(folder, 'data'), '--port', '0', '--token-file', tokens], { stdio: ['ignore', 'ignore', 'pipe'] });
    url = await addressOf(service);
    browser = await launchBrowser();
  }, 120_000);

  afterAll(async () => {
    const ended = new Promise((resolve) => { service.once('exit', resolve); });
    service.kill();
    await browser?.close();
    await ended;
    rmSync(folder, { recursive: true });
  });

  it('asks, keeps the token for the tab alone, and forgets it', async () => {
    const page = await browser!.newPage();
    const complaints = watch(page);
    await page.goto(url);
    await page.getByLabel('Token').fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('the token is not valid').waitFor();
    await page.getByLabel('Token').fill(` ${TOKEN} `);
    await page.keyboard.press('Enter');
    await page.getByText('No runs yet').waitFor();
    await page.getByText('live feed').waitFor();
    await page.getByText('alice').waitFor();
    expect([page.url(), await page.evaluate('document.cookie'), await page.evaluate('localStorage.length')]).toEqual([`${url}/`, '', 0]);
    await page.reload();
    await page.getByText('live feed').waitFor();
    const other = await browser!.newPage();
    await other.goto(url);
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
    const page = await browser!.newPage();
    const complaints = watch(page);
    await page.goto(`${url}/docs`);
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

/** Waits for the service to say where it listens. */
function addressOf(process: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    process.stderr!.on('data', (text: Buffer) => {
      said += text.toString();
      const url = /http:\/\/[\d.]+:\d+/.exec(said);
      if (url !== null) resolve(url[0]);
    });
    process.once('exit', (code) => reject(new Error(`the service ended with ${code}: ${said}`)));
  });
}
