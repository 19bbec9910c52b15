// SPDX-License-Identifier: BSD-2-Clause
import { expect, it } from 'vitest';
import type { RecordPage, RecordQuery } from '../../../schema/api/index.ts';
import type { Api } from './api.ts';
import { NO_FILTER } from './filter.ts';
import { scanOf } from './scan.ts';

it('asks the service for the page of what passes the filter', async () => {
  const asked: unknown[] = [];
  const page: RecordPage = { rows: [], next: 31 };
  const api = { records: async (run: string, query: RecordQuery, signal: AbortSignal) => { asked.push(run, query, signal); return page; } } as unknown as Api;
  const { signal } = new AbortController();
  expect(await scanOf(api, 'a', { ...NO_FILTER, anomalous: true, thread: 3 })(11, 100, 20, signal)).toBe(page);
  expect(asked).toEqual(['a', { thread: 3, anomalies: 'only', from: 11, to: 100, limit: 20 }, signal]);
});
