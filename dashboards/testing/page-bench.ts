// SPDX-License-Identifier: BSD-2-Clause
/** For tests of the page in a browser: for each its own fake service and its own tab, in which nothing may complain. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { buildDashboard } from '../build.ts';
import { launchBrowser, watch } from './browser.ts';
import { FakeService } from './fake-service.ts';

export class PageBench {
  service!: FakeService;
  page!: Page;
  /** Of the service. */
  url!: string;
  /** What the browser said; to be empty when the test ends. */
  complaints: string[] = [];

  /** Opens the page with a link. */
  async open(hash = ''): Promise<void> {
    await this.page.goto(`${this.url}/${hash}`);
  }
}

/** Call in a `describe`. */
export function pageBench(): PageBench {
  const bench = new PageBench();
  let pages: string;
  let browser: Browser;
  beforeAll(async () => {
    pages = mkdtempSync(join(tmpdir(), 'sel4scope-pages-'));
    await buildDashboard(pages);
    browser = await launchBrowser();
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    rmSync(pages, { recursive: true });
  });
  beforeEach(async () => {
    bench.service = new FakeService(pages);
    bench.url = await bench.service.start();
    bench.page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    bench.complaints = watch(bench.page);
  });
  afterEach(async () => {
    await bench.page.close();
    await bench.service.stop();
    expect(bench.complaints).toEqual([]);
  });
  return bench;
}
