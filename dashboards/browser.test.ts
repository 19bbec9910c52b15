// SPDX-License-Identifier: BSD-2-Clause
/** The page in a browser, against a service that does what the test says. */
import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { eventually, hasBrowser } from './testing/browser.ts';
import type { FakeService } from './testing/fake-service.ts';
import { RULE } from './testing/fixtures.ts';
import { pageBench } from './testing/page-bench.ts';

describe.skipIf(!hasBrowser())('the page', () => {
  const bench = pageBench();
  let service: FakeService;
  let page: Page;
  beforeEach(() => { ({ service, page } = bench); });

  const rows = (): ReturnType<Page['locator']> => page.locator('.layer .row');
  const seqOf = async (row: ReturnType<Page['locator']>): Promise<number> => Number((await row.locator('.cell-seq').innerText()).replaceAll(',', ''));
  const lastSeq = (): Promise<number> => seqOf(rows().last());
  const open = (hash?: string): Promise<void> => bench.open(hash);

  it('says what to do when there is nothing, and shows the first run as it starts', async () => {
    await open();
    await page.getByText('No runs yet').waitFor();
    expect(await page.locator('main pre').innerText()).toContain('sel4scope run');
    service.startRun('hello', { defects: ['sc-consumed'] });
    service.commit('hello', 3);
    await page.locator('h1', { hasText: 'hello.ts' }).waitFor();
    await eventually(() => rows().count()).toBe(3);
    expect(await rows().first().innerText()).toMatch(/1\s+0\.000 001 370\s+server\s+Call\s+CNodeMint\s+replied\s+ok 0 words/);
    expect(await page.locator('.run-item').innerText()).toContain('sc-consumed');
  });

  it('lists runs, newest first, and opens one', async () => {
    service.startRun('first');
    service.commit('first', 120);
    service.endRun('first');
    service.startRun('second');
    await open();
    await eventually(() => page.locator('.run-item-name').allInnerTexts()).toEqual(['second.ts', 'first.ts']);
    const first = page.locator('.run-item', { hasText: 'first.ts' });
    expect(await first.innerText()).toMatch(/ended[\s\S]*model 16\.0\.0 · riscv64-mcs[\s\S]*120 records/);
    await first.click();
    await page.locator('h1', { hasText: 'first.ts' }).waitFor();
    await eventually(() => seqOf(rows().first())).toBe(1);
    expect(page.url()).toContain('run=first');
    await page.goBack();
    await page.locator('h1', { hasText: 'second.ts' }).waitFor();
  });

  it('follows, pauses with a count of what comes and is skipped, and follows again', async () => {
    service.startRun('live');
    await open();
    service.commit('live', 200);
    await eventually(lastSeq).toBe(200);
    await page.keyboard.press(' ');
    await page.locator('.transport [aria-pressed=true]', { hasText: 'Pause' }).waitFor();
    service.commit('live', 100, 60);
    await page.getByText('100 records came while paused').waitFor();
    await page.getByText('60 of them skipped by the feed').waitFor();
    expect(await lastSeq()).toBe(200);
    await page.keyboard.press('f');
    await eventually(lastSeq).toBe(300);
    expect(await page.locator('.arrived').count()).toBe(0);
    service.commit('live', 1);
    await eventually(lastSeq).toBe(301);
  });

  it('pauses when somebody scrolls up, and shows every record once, those that the feed skipped too', async () => {
    service.startRun('live');
    await open();
    service.commit('live', 100);
    service.commit('live', 400, 400);
    service.commit('live', 20);
    await eventually(lastSeq).toBe(520);
    await rows().first().hover();
    await page.mouse.wheel(0, -2200);
    await page.locator('.transport [aria-pressed=true]', { hasText: 'Pause' }).waitFor();
    await eventually(() => page.locator('.row.pending').count()).toBe(0);
    const seen = await rows().locator('.cell-seq').allInnerTexts();
    const first = Number(seen[0]);
    expect(first).toBeLessThan(450);
    expect(seen.map(Number)).toEqual(seen.map((_, i) => first + i));
  });

  it('opens an anomaly with the explanation of its rule, then its record in full', async () => {
    service.startRun('audit');
    service.commit('audit', 120);
    await open();
    await eventually(() => page.title()).toBe('(2) audit.ts · sel4scope');
    await page.getByRole('tab', { name: /Anomalies/ }).click();
    await page.locator('.group', { hasText: 'SchedContextConsumed' }).click();
    expect(await page.locator('.group-view').innerText()).toContain(RULE.explanation);
    expect(await page.locator('.group-view a').first().getAttribute('href')).toBe('https://github.com/seL4/seL4/issues/846');
    await page.getByRole('button', { name: 'open record 100' }).click();
    const record = page.locator('.dock');
    await record.getByText('#100').waitFor();
    expect(await record.locator('.finding').innerText()).toContain(RULE.explanation);
    expect(await record.locator('.panel > h3').allInnerTexts()).toEqual(['Request', 'Delivery', 'Contract', 'Thread states']);
    expect(await record.getByText('came with 0 words').count()).toBe(1);
    expect(await record.locator('.word', { hasText: '4e20' }).getAttribute('title')).toBe('20,000');
    expect(await record.locator('.delivered').innerText()).toContain('written beyond the length');
    expect(await record.getByText('nobody can answer it').getAttribute('title')).toContain('no reply object');
    await record.getByText('Show in table').click();
    await eventually(() => page.locator('.row[aria-selected=true] .cell-seq').innerText()).toBe('100');
  });

  it('shows what was decided about a group, and decides', async () => {
    service.startRun('audit');
    service.commit('audit', 120);
    await open('#v1?run=audit&tab=anomalies');
    const group = page.locator('.group', { hasText: 'SchedContextConsumed' });
    await group.locator('.state-open').waitFor();
    await group.click();
    const form = page.getByRole('group', { name: 'Decide about this finding' });
    expect(await form.getByRole('button', { name: 'Acknowledge' }).isDisabled()).toBe(true);
    await form.getByLabel('Reason').fill('seL4#1435');
    await form.getByRole('button', { name: 'Acknowledge' }).click();
    await group.locator('.state-acknowledged').waitFor();
    expect(await group.innerText()).toContain('seL4#1435');
    expect(service.changes).toMatchObject([{ state: 'acknowledged', reason: 'seL4#1435' }]);
    await page.getByLabel('State').selectOption('undecided');
    await page.getByText('1 hidden').waitFor();
    expect(await group.count()).toBe(0);
    expect(page.url()).toContain('state=undecided');
  });

  it('shows the findings of all runs, with what each release says, and leads to a record', async () => {
    service.startRun('old', { release: '12.1.0' });
    service.commit('old', 200);
    service.endRun('old');
    service.startRun('clean', { release: '15.0.0' });
    await open();
    await page.getByRole('button', { name: 'Findings' }).click();
    await page.getByRole('heading', { name: 'Findings of all runs' }).waitFor();
    await page.keyboard.press('j');
    const finding = page.getByRole('article', { name: 'Finding' });
    await finding.getByText('mended with 15.0.0').waitFor();
    expect(await finding.locator('.history-line li').allInnerTexts()).toEqual([
      expect.stringMatching(/12\.1\.0\s+bad\s+5 in 12 records/), expect.stringMatching(/13\.0\.0\s+bad/), expect.stringMatching(/14\.0\.0\s+not tested/),
      expect.stringMatching(/15\.0\.0\s+good · mended\s+none in 12 records/),
    ]);
    expect(await finding.innerText()).toContain('14.0.0 riscv64-mcs (12 records)');
    await finding.getByLabel('in release').fill('soon');
    await finding.getByRole('button', { name: 'Mark as fixed' }).click();
    await finding.getByText('must be a release such as').waitFor();
    await finding.getByLabel('in release').fill('14.0.0');
    await finding.getByRole('button', { name: 'Mark as fixed' }).click();
    await finding.locator('.changes').getByText('in 14.0.0').waitFor();
    await page.locator('.group .state-fixed').waitFor();
    await finding.getByRole('button', { name: 'open record 50 of run old' }).click();
    await page.locator('h1', { hasText: 'old.ts' }).waitFor();
    await page.locator('.dock').getByText('#50').waitFor();
    await page.goBack();
    await finding.getByText('mended with 15.0.0').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('.run-list').waitFor();
    // The browser itself reports the request that was refused.
    bench.complaints = bench.complaints.filter((each) => !each.includes('400 (Bad Request)'));
  });

  it('lets nobody decide whom the service does not', async () => {
    service.access = ['read'];
    service.startRun('audit');
    service.commit('audit', 120);
    await open('#v1?page=findings&finding=K05%2FSchedContextConsumed%2FCall%2Freplied%2Frw');
    await page.getByText('mended with 15.0.0').waitFor();
    expect(await page.getByRole('button', { name: 'Acknowledge' }).count()).toBe(0);
  });

  it('filters history and the live feed alike', async () => {
    service.startRun('audit');
    service.commit('audit', 5000);
    await open();
    await eventually(lastSeq).toBe(5000);
    await page.keyboard.press('/');
    await page.keyboard.type('UntypedRetype');
    await page.keyboard.press('Enter');
    await eventually(lastSeq).toBe(4995);
    expect(new Set(await page.locator('.layer .cell-invoked').allInnerTexts())).toEqual(new Set(['UntypedRetype']));
    service.commit('audit', 15);
    await eventually(lastSeq).toBe(5015);
    await page.getByLabel('Outcome').selectOption('replied');
    await page.getByText('No record matches').waitFor();
    await page.getByRole('button', { name: 'Clear the filter' }).click();
    await page.getByLabel('only with anomalies').check();
    await eventually(lastSeq).toBe(5000);
    await page.keyboard.press('k');
    await eventually(() => page.locator('.row[aria-selected=true] .cell-seq').innerText()).toBe('5,000');
    await page.keyboard.press('f');
    await page.getByLabel('Thread').selectOption('client');
    await eventually(lastSeq).toBe(4950);
    expect(page.url()).toMatch(/thread=3&anomalies=1/);
  });

  it('reopens the view of a link', async () => {
    service.startRun('old');
    service.commit('old', 3000);
    service.endRun('old');
    service.startRun('new');
    await open('#v1?run=old&follow=0&seq=1500');
    await page.locator('.dock').getByText('#1,500').waitFor();
    await eventually(() => page.locator('.row[aria-selected=true]').innerText()).toContain('1,500');
    await page.keyboard.press('j');
    await page.locator('.dock').getByText('#1,501').waitFor();
    expect(page.url()).toContain('seq=1501');
    await page.keyboard.press('Escape');
    await eventually(() => page.locator('.dock').count()).toBe(0);
  });

  it('shows any of ten million records, and moves by rows there too', async () => {
    service.startRun('huge', { records: 10_000_000, state: 'ended', end: 'completed' });
    await open('#v1?run=huge&follow=0');
    await eventually(() => seqOf(rows().first())).toBe(1);
    await page.getByLabel('Go to #').fill('9,000,000');
    await page.keyboard.press('Enter');
    await eventually(() => page.locator('.row[aria-selected=true]').innerText()).toContain('9,000,000');
    const before = await seqOf(rows().first());
    await rows().first().hover();
    await page.mouse.wheel(0, 220);
    await eventually(() => seqOf(rows().first())).toBe(before + 10);
    await page.keyboard.press('End');
    await eventually(lastSeq).toBe(10_000_000);
    await eventually(() => page.locator('.row.pending').count()).toBe(0);
    expect(service.recordRequests).toBeLessThan(20);
  });

  it('goes on where it was when the service comes back', async () => {
    service.startRun('live');
    await open();
    service.commit('live', 50);
    await eventually(lastSeq).toBe(50);
    await service.stop();
    await page.getByText('disconnected').waitFor();
    await page.getByText('What is shown is what was read before').waitFor();
    expect(await rows().count()).toBeGreaterThan(10);
    service.commit('live', 30);
    await service.start();
    await eventually(lastSeq).toBe(80);
    await eventually(() => page.locator('.row.pending').count()).toBe(0);
    service.commit('live', 5);
    await eventually(lastSeq).toBe(85);
    // The browser itself reports each refused connection.
    bench.complaints = bench.complaints.filter((each) => !/ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/.test(each));
  });

  it('stays within reach of the keyboard and names what it shows', async () => {
    service.startRun('audit');
    service.commit('audit', 100);
    await open();
    await eventually(lastSeq).toBe(100);
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await page.keyboard.press('Escape');
    await eventually(() => page.getByRole('dialog').count()).toBe(0);
    await page.keyboard.press('k');
    await page.keyboard.press('Enter');
    await page.getByRole('region', { name: 'Record 100 in full' }).waitFor();
    expect(await page.getByRole('grid', { name: 'Records' }).getAttribute('aria-activedescendant')).toBe('record-100');
    expect(await page.locator('button, input, select').evaluateAll((all) => all.filter((each) => {
      const label = (each as unknown as { labels: { length: number } | null }).labels;
      return (each.textContent ?? '').trim() === '' && (label === null || label.length === 0) && each.getAttribute('aria-label') === null;
    }).length)).toBe(0);
  });
});
