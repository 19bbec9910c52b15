// SPDX-License-Identifier: BSD-2-Clause
/** The built page with the built service: a user program runs, its replies and their anomalies are on the page. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
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

describe.skipIf(!built || !hasBrowser())('the page of the real service', () => {
  let data: string;
  let service: ChildProcess;
  let url: string;
  let browser: Browser | undefined;

  beforeAll(async () => {
    data = mkdtempSync(join(tmpdir(), 'sel4scope-data-'));
    service = spawn(process.execPath, [COMMAND, 'serve', '--data', data, '--port', '0'], { stdio: ['ignore', 'ignore', 'pipe'] });
    url = await addressOf(service);
    browser = await launchBrowser();
  });

  afterAll(async () => {
    const ended = new Promise((resolve) => { service.once('exit', resolve); });
    service.kill();
    await browser?.close();
    await ended;
    rmSync(data, { recursive: true });
  });

  it('shows a run as it happens and each finding with its rule', async () => {
    const page = await browser!.newPage({ viewport: { width: 1440, height: 900 } });
    const complaints = watch(page);
    await page.goto(url);
    await page.getByText('No runs yet').waitFor();
    await runProgram(['examples/reply-audit.ts', '--server', url, '--defect', 'sc-consumed']);
    await page.locator('h1', { hasText: 'reply-audit.ts' }).waitFor();
    const records = (await (await fetch(`${url}/api/runs/latest`)).json() as { summary: { records: number } }).summary.records;
    await eventually(async () => Number((await page.locator('.layer .cell-seq').last().innerText()).replace(',', ''))).toBe(records);
    await page.keyboard.press('2');
    await page.locator('.group', { hasText: 'SchedContextConsumed' }).first().click();
    await page.locator('.occurrences tbody tr').first().click();
    await page.locator('.finding', { hasText: 'K05' }).waitFor();
    expect(await page.locator('.panel[aria-label=Contract]').innerText()).toContain('came with 0 words');
    await page.getByText('Show in table').click();
    await page.locator('.row.anomalous[aria-selected=true]').waitFor();
    await page.getByLabel('only with anomalies').check();
    await eventually(() => page.locator('.layer .row:not(.anomalous)').count()).toBe(0);
    await page.close();
    expect(complaints).toEqual([]);
  });

  it('decides about a finding, for every run that shows it', async () => {
    const page = await browser!.newPage({ viewport: { width: 1440, height: 900 } });
    const complaints = watch(page);
    await page.goto(`${url}/#v1?page=findings`);
    await page.locator('.group', { hasText: 'SchedContextConsumed' }).first().click();
    const finding = page.getByRole('article', { name: 'Finding' });
    await finding.getByLabel('Reason').fill('seL4#1435');
    await finding.getByRole('button', { name: 'Acknowledge' }).click();
    await finding.locator('.changes').getByText('seL4#1435').waitFor();
    const { findings } = await (await fetch(`${url}/api/findings?state=acknowledged`)).json() as { findings: { rule: string; reason: string }[] };
    expect(findings).toMatchObject([{ rule: 'K05', reason: 'seL4#1435' }]);
    await finding.getByRole('button', { name: 'Open a record that shows it' }).click();
    await page.locator('.finding', { hasText: 'K05' }).waitFor();
    await page.close();
    expect(complaints).toEqual([]);
  });

  it('says that a run is unknown, and why a filter cannot be', async () => {
    const page = await browser!.newPage();
    await page.goto(`${url}/#v1?run=nothing-of-this-name`);
    await page.getByText('This run is not here').waitFor();
    await page.getByRole('button', { name: 'Open the newest run' }).click();
    await page.getByLabel('Method').fill('NoSuchMethod');
    await page.keyboard.press('Enter');
    await page.getByText('no method, system call or cause "NoSuchMethod"').waitFor();
    await page.close();
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
    process.once('exit', (code) => reject(new Error(`the service ended with exit code ${code}: ${said}`)));
  });
}

/** Runs a program; findings (exit code 1) are what this test wants. */
function runProgram(words: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [COMMAND, 'run', ...words], { cwd: ROOT }, (error, _stdout, stderr) => {
      if (error === null || error.code === 1) resolve();
      else reject(new Error(stderr));
    });
  });
}
