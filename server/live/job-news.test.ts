// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { JobSummary } from '../../schema/api/index.ts';
import { JobBook } from '../jobs/job-book.ts';
import { JobNews } from './job-news.ts';

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); });

function bookAndNews(): { book: JobBook; news: JobNews; passed: JobSummary[] } {
  const passed: JobSummary[] = [];
  const news = new JobNews((job) => passed.push(job));
  return { book: new JobBook({ advanced: news.changed }), news, passed };
}

describe('news of jobs', () => {
  it('pass on at once that a job waits, begins and ends', async () => {
    const { book, passed } = bookAndNews();
    const job = await book.enter('check', null);
    job.begin();
    job.end('failed', 'no room');
    expect(passed).toMatchObject([{ id: job.id, kind: 'check', state: 'waiting' }, { state: 'running', endedAt: null }, { state: 'failed', error: 'no room', endedAt: expect.any(String) as string }]);
  });

  it('pass on progress four times a second, the last of it always, and nothing after the end', async () => {
    const { book, passed } = bookAndNews();
    const job = await book.enter('check', null);
    job.begin();
    for (let recordsDone = 1; recordsDone <= 1000; recordsDone++) {
      job.advance({ recordsDone });
      vi.advanceTimersByTime(1);
    }
    job.advance({ recordsDone: 1001 });
    vi.advanceTimersByTime(250);
    expect(passed.map(({ progress }) => progress.recordsDone)).toEqual([0, 0, 250, 500, 750, 1000, 1001]);
    job.advance({ recordsDone: 1002 });
    job.end('done');
    vi.advanceTimersByTime(10_000);
    expect(passed.slice(7)).toMatchObject([{ state: 'done', progress: { recordsDone: 1002 } }]);
  });

  it('tell of two jobs each for itself', async () => {
    const { book, passed } = bookAndNews();
    const jobs = [await book.enter('check', null), await book.enter('backup', null)];
    for (const job of jobs) job.begin();
    for (const job of jobs) job.advance({ at: 'a run' });
    vi.advanceTimersByTime(250);
    expect(passed.slice(4).map(({ kind, progress }) => [kind, progress.at])).toEqual([['check', 'a run'], ['backup', 'a run']]);
  });

  it('end when they are closed', async () => {
    const { book, news, passed } = bookAndNews();
    const job = await book.enter('check', null);
    job.advance({ at: 'a run' });
    news.close();
    vi.advanceTimersByTime(1000);
    expect(passed).toHaveLength(1);
  });
});
