// SPDX-License-Identifier: BSD-2-Clause
/** The built page with the built service: a user program runs, its replies and their anomalies are on the page. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SQL_EXAMPLES } from './page/state/sql-examples.ts';
import { eventually, hasBrowser, launchBrowser, watch } from './testing/browser.ts';
import { isBuilt, RealService } from './testing/real-service.ts';

describe.skipIf(!isBuilt() || !hasBrowser())('the page of the real service', () => {
  let service: RealService;
  let browser: Browser;

  beforeAll(async () => {
    service = await RealService.start();
    browser = await launchBrowser();
  }, 120_000);

  afterAll(async () => {
    await browser.close();
    await service.stop();
  });

  it('shows a run as it happens and each finding with its rule', async () => {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    const complaints = watch(page);
    await page.goto(service.url);
    await page.getByText('No runs yet').waitFor();
    await service.run('examples/reply-audit.ts', '--defect', 'sc-consumed');
    await page.locator('h1', { hasText: 'reply-audit.ts' }).waitFor();
    const { summary: { records } } = await service.get<{ summary: { records: number } }>('/api/runs/latest');
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
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    const complaints = watch(page);
    await page.goto(`${service.url}/#v1?page=findings`);
    await page.locator('.group', { hasText: 'SchedContextConsumed' }).first().click();
    const finding = page.getByRole('article', { name: 'Finding' });
    await finding.getByLabel('Reason').fill('seL4#1435');
    await finding.getByRole('button', { name: 'Acknowledge' }).click();
    await finding.locator('.changes').getByText('seL4#1435').waitFor();
    const { findings } = await service.get<{ findings: { rule: string; reason: string }[] }>('/api/findings?state=acknowledged');
    expect(findings).toMatchObject([{ rule: 'K05', reason: 'seL4#1435' }]);
    await finding.getByRole('button', { name: 'Open a record that shows it' }).click();
    await page.locator('.finding', { hasText: 'K05' }).waitFor();
    await page.close();
    expect(complaints).toEqual([]);
  });

  it('shows threads of a run over time, and the story of one', async () => {
    await service.run('examples/timer-driver.ts');
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    const complaints = watch(page);
    await page.goto(`${service.url}/#v1?run=latest&tab=threads`);
    const driver = page.locator('.thread-item', { hasText: 'clock driver' });
    await driver.getByText('waits for a message on').waitFor();
    await eventually(() => page.locator('.picture-labels li').allInnerTexts()).toEqual(['root', 'clock driver', 'idle thread']);
    expect(await page.locator('.picture-arrows').getAttribute('d')).not.toBe('');
    await driver.click();
    const story = page.getByRole('article', { name: 'Story of clock driver' });
    await story.getByLabel('Who could wake it').getByText('root').waitFor();
    await story.locator('.transitions-table').getByText('TCBResume').waitFor();
    await page.getByRole('tab', { name: /Hung/ }).click();
    await page.getByText('Nobody hangs').waitFor();
    await page.getByText('Export', { exact: true }).click();
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'export perfetto' }).click();
    expect((await download).suggestedFilename()).toMatch(/\.pftrace$|\.perfetto/);
    await page.close();
    expect(complaints).toEqual([]);
  });

  it('compares two runs, and answers every example in SQL', async () => {
    await service.run('examples/reply-audit.ts');
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    const complaints = watch(page);
    await page.goto(service.url);
    await page.locator('h1', { hasText: 'reply-audit.ts' }).waitFor();
    await page.locator('.run-header').getByRole('button', { name: 'Compare' }).click();
    await page.locator('.difference').getByText('tag.length').first().waitFor({ timeout: 60_000 });
    expect(await page.locator('.methods tbody').innerText()).toContain('SchedContextConsumed');
    await page.keyboard.press('7');
    for (const { title, sql } of SQL_EXAMPLES) {
      await page.getByRole('button', { name: title }).click();
      await page.getByRole('button', { name: 'Ask', exact: true }).click();
      await eventually(() => page.locator('.earlier').first().getAttribute('title')).toBe(sql);
      await page.getByRole('button', { name: 'Ask', exact: true }).waitFor({ timeout: 60_000 });
      expect([title, await page.locator('.sql-problem').allInnerTexts()]).toEqual([title, []]);
    }
    await page.close();
    expect(complaints).toEqual([]);
  }, 180_000);

  it('says that a run is unknown, and why a filter cannot be', async () => {
    const page = await browser.newPage();
    await page.goto(`${service.url}/#v1?run=nothing-of-this-name`);
    await page.getByText('This run is not here').waitFor();
    await page.getByRole('button', { name: 'Open the newest run' }).click();
    await page.getByLabel('Method').fill('NoSuchMethod');
    await page.keyboard.press('Enter');
    await page.getByText('no method, system call or cause "NoSuchMethod"').waitFor();
    await page.close();
  });
});
