// SPDX-License-Identifier: BSD-2-Clause
/** The pages beside the run: two runs compared, questions in SQL, jobs. */
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { eventually, hasBrowser } from './testing/browser.ts';
import { pageBench } from './testing/page-bench.ts';
import { ENDED, jobOf } from './testing/page-fixtures.ts';

describe.skipIf(!hasBrowser())('the page that', () => {
  const bench = pageBench();
  let page: Page;
  beforeEach(() => {
    ({ page } = bench);
    for (const run of ['first', 'second']) {
      bench.service.startRun(run, { program: 'audit.ts' });
      bench.service.commit(run, 60);
      bench.service.endRun(run);
    }
  });

  it('compares two runs shows where they differ first, and every method', async () => {
    await bench.open('#v1?run=second');
    await page.locator('.run-header').getByRole('button', { name: 'Compare' }).click();
    const first = page.getByRole('table', { name: 'Difference: client: SchedContextConsumed' });
    await eventually(() => first.locator('tbody tr').allInnerTexts()).toEqual(['deliveries[0].tag.length\t1\t0', 'fault\tnone\tCapFault']);
    expect([await page.getByLabel('Run A').inputValue(), await page.getByLabel('Run B').inputValue()]).toEqual(['second', 'first']);
    const row = page.locator('.methods tbody tr').first();
    expect(await row.innerText()).toMatch(/SchedContextConsumed[\s\S]*10 → 8[\s\S]*0 → 2[\s\S]*400 ns → 600 ns \+50 %/);
    expect(await page.locator('.methods tbody tr').count()).toBe(1);
    await page.getByLabel('also the 1 that do not differ').check();
    await eventually(() => page.locator('.methods tbody tr').count()).toBe(2);
    await page.getByRole('button', { name: 'SchedContextConsumed' }).click();
    expect(await page.locator('.difference').count()).toBe(2);
    await page.getByRole('button', { name: 'swap the runs' }).click();
    await eventually(() => page.url()).toContain('a=first&b=second');
    await page.getByRole('button', { name: 'protocol' }).click();
    await eventually(() => page.url()).toContain('depth=protocol');
    await page.reload();
    await first.getByRole('button', { name: 'open record 50 of run second' }).click();
    await page.locator('.dock').getByText('#50').waitFor();
    expect(page.url()).toContain('run=second');
    await page.goBack();
    await first.waitFor();
    await page.keyboard.press('Escape');
    await page.locator('h1', { hasText: 'audit.ts' }).waitFor();
  });

  it('asks in SQL shows views, answers with links, and the questions before', async () => {
    await bench.open('#v1?run=second');
    await page.locator('.layer .row').first().waitFor();
    await page.keyboard.press('7');
    await page.getByText('at most 10 s and 100,000 rows').waitFor();
    const editor = page.getByLabel('Query');
    await editor.fill('SELECT  FROM records');
    await editor.press('Home');
    for (let i = 0; i < 'SELECT '.length; i++) await editor.press('ArrowRight');
    await page.locator('.sql-table summary', { hasText: 'records_in' }).click();
    await page.getByRole('button', { name: 'insert', exact: true }).click();
    await page.getByTitle('insert seq').last().click();
    expect(await editor.inputValue()).toBe('SELECT records_in(run, first, last) seq FROM records');
    await editor.press('Control+Enter');
    await page.getByText('1,000 rows').last().waitFor();
    await page.getByText('there are more: the answer ends at its limit').waitFor();
    expect(await page.locator('.sql-scroll tbody tr').count()).toBe(200);
    expect(await page.locator('.sql-scroll tbody tr').nth(1).innerText()).toBe('second\t2\t2\tNULL');
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save as CSV' }).click();
    const csv = readFileSync((await (await download).path()), 'utf8');
    expect(csv.split('\r\n').slice(0, 3)).toEqual(['run,seq,thread,thread_name', 'second,1,1,"a ""b"", c"', 'second,2,2,']);
    await editor.fill('DROP TABLE run');
    await page.getByRole('button', { name: 'Ask', exact: true }).click();
    await page.getByRole('alert').getByText('the query begins with DROP: only SELECT is answered').waitFor();
    await page.reload();
    await eventually(() => page.locator('.earlier').allInnerTexts()).toEqual(['DROP TABLE run', 'SELECT records_in(run, first, last) seq FROM records']);
    expect(await page.evaluate('localStorage.length')).toBe(0);
    await page.locator('.earlier').last().click();
    await page.getByRole('button', { name: 'Ask', exact: true }).click();
    await page.locator('.sql-scroll tbody tr').nth(6).getByTitle('open the record').click();
    await page.locator('.dock').getByText('#7', { exact: true }).waitFor();
    await page.goBack();
    await page.locator('.sql-scroll tbody tr').nth(7).getByTitle('open the thread').click();
    await page.getByRole('article', { name: 'Story of server' }).waitFor();
    bench.complaints = bench.complaints.filter((each) => !each.includes('400 (Bad Request)'));
  });

  it('shows findings shows jobs as they get on, and what a recheck came to', async () => {
    await bench.open();
    await page.getByText('live feed').waitFor();
    bench.service.tellJob(jobOf());
    const running = page.locator('.top-bar .running-job');
    await eventually(() => running.locator('progress').getAttribute('value')).toBe('0.25');
    await running.click();
    const jobs = page.getByRole('region', { name: 'Jobs' });
    await eventually(() => jobs.locator('.job').innerText()).toMatch(/recheck\s+running[\s\S]*1 of 4 runs · 250 of 1,000 records · audit/);
    await jobs.getByRole('button', { name: 'all runs' }).click();
    bench.service.tellJob(ENDED);
    await jobs.getByText('3 new, 1 gone, 7 as before, in 1 run').waitFor();
    await eventually(() => running.count()).toBe(0);
    await jobs.getByRole('button', { name: 'Dismiss' }).click();
    await eventually(() => jobs.locator('.job').count()).toBe(0);
  });

  it('shows findings lets nobody begin jobs whom the service does not', async () => {
    bench.service.access = ['read'];
    await bench.open('#v1?page=findings');
    await page.getByRole('heading', { name: 'Findings of all runs' }).waitFor();
    expect(await page.getByRole('region', { name: 'Jobs' }).count()).toBe(0);
  });

  it.each(['page=compare&a=first&b=second', 'page=sql', 'page=findings', 'tab=hang'])('fits a narrow window: %s', async (link) => {
    await page.setViewportSize({ width: 900, height: 700 });
    await bench.open(`#v1?run=second&${link}`);
    await page.locator('main').waitFor();
    await page.waitForLoadState('networkidle');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(900);
  });
});
