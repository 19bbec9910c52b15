// SPDX-License-Identifier: BSD-2-Clause
/** Threads on the page: the list, the story of one, the lanes of all, and those that hang. */
import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { eventually, hasBrowser } from './testing/browser.ts';
import { pageBench } from './testing/page-bench.ts';

describe.skipIf(!hasBrowser())('threads', () => {
  const bench = pageBench();
  let page: Page;
  beforeEach(() => {
    ({ page } = bench);
    bench.service.startRun('audit');
    bench.service.commit('audit', 60);
  });

  /** The path of a state in a lane of the picture. */
  const bars = (state: string): Promise<number> => page.locator(`.picture-area .st-${state}`).count();

  it('are listed with what they wait for, and their story has its picture and its records', async () => {
    await bench.open('#v1?run=audit&tab=threads');
    const server = page.locator('.thread-item', { hasText: 'server' });
    await eventually(() => server.innerText()).toMatch(/server 2\s+blocked on receive\s+waits for a message on inbox\s+#30 ReplyRecv · no scheduling context/);
    expect(await page.locator('.thread-item').first().innerText()).toContain('budget 5 ms of 10 ms');
    await server.click();
    const story = page.getByRole('article', { name: 'Story of server' });
    await story.getByText('It waits for a message on inbox').waitFor();
    expect(await story.getByLabel('Who could wake it').innerText()).toContain('client sends (last in #59)');
    expect(await story.locator('.picture-labels li').allInnerTexts()).toEqual(['server', 'client']);
    expect(page.url()).toContain('tab=threads&story=2');
    await story.getByRole('button', { name: 'open record 60' }).first().click();
    await page.locator('.dock').getByText('#60').waitFor();
    await page.keyboard.press('Escape');
    await eventually(() => page.locator('.dock').count()).toBe(0);
    await page.keyboard.press('Escape');
    await page.getByRole('region', { name: 'All threads' }).waitFor();
  });

  it('are reached from a row, from a record, by key and by link', async () => {
    await bench.open();
    await page.locator('.layer .row').last().locator('.thread-link').click();
    await page.getByRole('article', { name: 'Story of root' }).waitFor();
    expect(await page.locator('.dock').count()).toBe(0);
    await page.keyboard.press('1');
    await page.keyboard.press('k');
    await page.keyboard.press('k');
    await page.keyboard.press('k');
    await page.keyboard.press('t');
    await page.getByRole('article', { name: 'Story of client' }).waitFor();
    await page.keyboard.press('k');
    await page.getByRole('article', { name: 'Story of server' }).waitFor();
    await page.reload();
    await page.getByRole('article', { name: 'Story of server' }).waitFor();
    await page.goBack();
    await page.getByRole('article', { name: 'Story of client' }).waitFor();
  });

  it('all of them are lanes, moved and zoomed by keys, wheel and pointer', async () => {
    await bench.open('#v1?run=audit&tab=threads');
    await eventually(() => page.locator('.picture-labels li').allInnerTexts()).toEqual(['server', 'client', 'root', 'thread 4']);
    expect([await bars('Running'), await bars('BlockedOnReply'), await bars('BlockedOnReceive')]).toEqual([3, 1, 1]);
    const ticks = (): Promise<string> => page.locator('.picture-tick text').allTextContents().then((all) => all.join());
    await page.getByRole('button', { name: 'Records', exact: true }).click();
    await eventually(ticks).toContain('#20');
    await page.keyboard.press('+');
    await eventually(ticks).not.toContain('#60');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await eventually(ticks).toContain('#60');
    const picture = (await page.locator('.picture-area').boundingBox())!;
    await page.mouse.move(picture.x + picture.width - 6, picture.y + 34);
    await eventually(() => page.locator('.picture-readout').innerText()).toContain('server blocked on receive for 400 ns, from #60');
    await page.mouse.click(picture.x + picture.width - 6, picture.y + 34);
    await page.locator('.dock').getByText('#60').waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('0');
    await eventually(ticks).toBe('#10,#20,#30,#40,#50,#60');
    await page.mouse.move(picture.x + 3, picture.y + 30);
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, -800);
    await page.keyboard.up('Control');
    await eventually(ticks).not.toContain('#40');
    const before = await ticks();
    await page.mouse.down();
    await page.mouse.move(picture.x - 200, picture.y + 30, { steps: 4 });
    await page.mouse.up();
    await eventually(ticks).not.toBe(before);
    expect(await page.locator('.dock').count()).toBe(0);
  });

  it('are shown as an earlier record leaves them', async () => {
    bench.service.commit('audit', 4000);
    await bench.open('#v1?run=audit&tab=threads');
    await page.getByText('All threads, records 3,561 to 4,060').waitFor();
    await page.getByRole('button', { name: 'Earlier' }).click();
    await page.getByText('All threads, records 3,061 to 3,560').waitFor();
    await page.getByLabel('As record # leaves them').fill('20');
    await page.keyboard.press('Enter');
    await page.getByText('All threads, records 1 to 20').waitFor();
    await eventually(() => page.locator('.thread-item').first().innerText()).toContain('#20');
    expect(page.url()).toContain('to=20');
    await page.getByRole('button', { name: 'The last record' }).click();
    await page.locator('.thread-item', { hasText: 'server' }).click();
    await page.getByText('2,060 earlier states not in the picture').waitFor();
    await page.getByRole('button', { name: 'Show those before record 2061' }).click();
    await page.getByRole('button', { name: 'open record 2060' }).first().waitFor();
  });

  it('have a story that scrolls by keys once it has the focus, and not before', async () => {
    await page.setViewportSize({ width: 1440, height: 600 });
    await bench.open('#v1?run=audit&tab=threads&story=2');
    await page.getByRole('article', { name: 'Story of server' }).waitFor();
    await page.keyboard.press('PageDown');
    await page.getByRole('article', { name: 'Story of thread 4' }).waitFor();
    await page.locator('.thread-view').focus();
    await page.keyboard.press('PageDown');
    await eventually(() => page.evaluate<number>("document.querySelector('.thread-view').scrollTop")).toBeGreaterThan(100);
    expect(await page.getByRole('article', { name: 'Story of thread 4' }).count()).toBe(1);
  });

  it('that hang are named, with why, in the head of an ended run', async () => {
    await bench.open();
    expect(await page.locator('.hang-mark').count()).toBe(0);
    bench.service.endRun('audit');
    await page.getByRole('button', { name: '1 thread hangs' }).click();
    const hung = page.getByRole('article', { name: 'server hangs' });
    expect(await hung.innerText()).toMatch(/It waits for a message on inbox, where nobody that is left was seen to send\.[\s\S]*since #7[\s\S]*nobody sends/);
    await page.getByText('1 thread never started').waitFor();
    await hung.getByRole('button', { name: 'server' }).click();
    await page.getByRole('article', { name: 'Story of server' }).waitFor();
  });

  it('fit a narrow window', async () => {
    await page.setViewportSize({ width: 900, height: 700 });
    await bench.open('#v1?run=audit&tab=threads&story=2');
    await page.getByRole('article', { name: 'Story of server' }).waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(900);
    expect((await page.locator('.picture-area').boundingBox())!.width).toBeGreaterThan(300);
  });

  it('can be exported, and the menu says as what', async () => {
    await bench.open();
    await page.getByText('Export', { exact: true }).click();
    expect(await page.locator('.menu').getByRole('button').count()).toBe(11);
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'export csv of deliveries' }).click();
    expect((await download).suggestedFilename()).toBe('audit.deliveries.csv');
  });
});
