// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import type { JobSummary } from '../../schema/api/index.ts';
import { JobBook } from '../jobs/job-book.ts';
import { PageSocket } from './page-socket.ts';
import { MOST_BUFFERED, type LiveSocket } from './watcher.ts';

class FakeSocket implements LiveSocket {
  bufferedAmount = 0;
  readonly sent: unknown[] = [];
  private readonly waiting: (() => void)[] = [];

  send(data: string, sent: () => void): void {
    this.sent.push(JSON.parse(data));
    this.waiting.push(sent);
  }

  /** Everything under way leaves. */
  drain(): void {
    this.bufferedAmount = 0;
    for (const sent of this.waiting.splice(0)) sent();
  }
}

async function job(at: string): Promise<JobSummary> {
  return (await new JobBook().enter('check', null, { progress: { at } })).summary();
}

describe('a page', () => {
  it('hears of jobs after the first message, not before', async () => {
    const socket = new FakeSocket();
    const page = new PageSocket(socket);
    const first = await job('first');
    page.tell(first);
    expect(socket.sent).toEqual([]);
    page.send('"hello"', () => undefined);
    socket.drain();
    expect(socket.sent).toEqual(['hello', { type: 'job', job: first }]);
  });

  it('that is behind is told the newest of each job when it is back', async () => {
    const socket = new FakeSocket();
    const page = new PageSocket(socket);
    let drained = 0;
    page.send('"hello"', () => { drained++; });
    socket.bufferedAmount = MOST_BUFFERED + 1;
    const [one, other] = [await job('one'), await job('other')];
    for (let recordsDone = 0; recordsDone < 1000; recordsDone++) page.tell({ ...one, progress: { ...one.progress, recordsDone } });
    page.tell(other);
    expect(socket.sent).toEqual(['hello']);
    socket.drain();
    expect(drained).toBe(1);
    expect(socket.sent.slice(1)).toEqual([{ type: 'job', job: { ...one, progress: { ...one.progress, recordsDone: 999 } } }, { type: 'job', job: other }]);
  });
});
