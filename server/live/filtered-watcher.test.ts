// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { Compile } from 'typebox/compile';
import { LiveMessage, type RecordRow, type RunSummary } from '../../schema/api/index.ts';
import type { RunNews } from '../ingest/messages.ts';
import { FilteredWatcher, MOST_RECORDS, type Matches } from './filtered-watcher.ts';
import { MOST_BUFFERED, type LiveSocket } from './watcher.ts';

const message = Compile(LiveMessage);

class FakeSocket implements LiveSocket {
  bufferedAmount = 0;
  readonly sent: LiveMessage[] = [];
  private readonly waiting: (() => void)[] = [];

  send(data: string, sent: () => void): void {
    const parsed: unknown = JSON.parse(data);
    expect(message.Check(parsed)).toBe(true);
    this.sent.push(parsed as LiveMessage);
    if (this.bufferedAmount === 0) return sent();
    this.waiting.push(sent);
  }

  free(): void {
    this.bufferedAmount = 0;
    for (const sent of this.waiting.splice(0)) sent();
  }
}

function summary(run: string, records: number, startedAt = '2026-01-01T00:00:00.000Z'): RunSummary {
  return {
    run, program: 'p', kernel: 'model', kernelVersion: '', configuration: 'riscv64-mcs', seed: 0, defects: [], release: '', build: '', machine: '', commit: '', tags: [],
    state: 'running', end: null, endDetail: '', startedAt, changedAt: startedAt, records, time: 0, anomalies: { error: 0, warning: 0, info: 0 }, recordsDroppedAt: null,
  };
}

function news(run: RunSummary, recordsBefore: number, more: Partial<RunNews> = {}): RunNews {
  return { run, recordsBefore, started: false, ended: false, threads: [], rows: [], anomalies: [], anomaliesFound: 0, ...more };
}

const row = (seq: number): RecordRow => ({
  seq, time: 0, thread: 1, cause: 'syscall', syscall: 'Call', capType: '', object: 0, method: '', outcome: 'completed', reply: null, anomalies: 0,
});

/** Every tenth record fulfils the conditions; at most `most` of one look are shown. */
function everyTenth(most: number, looks: [number, number][]): Matches {
  return (_run, from, to) => {
    looks.push([from, to]);
    const first = Math.ceil(from / 10) * 10;
    const records = Math.max(0, Math.floor((to - first) / 10) + 1);
    const shown = Math.min(records, most);
    return Promise.resolve({ rows: Array.from({ length: shown }, (_, i) => row(first + 10 * (records - shown + i))), records, anomalies: [], anomaliesFound: 0 });
  };
}

const settle = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });

describe('FilteredWatcher', () => {
  it('sends what fulfils the conditions of all that was committed, not only of the newest rows', async () => {
    const socket = new FakeSocket();
    const looks: [number, number][] = [];
    const watcher = new FilteredWatcher('a', socket, everyTenth(100, looks));
    watcher.greet({ type: 'hello', run: summary('a', 5), threads: [] });
    watcher.news(news(summary('a', 25), 5, { started: true, threads: [{ id: 1, name: 'x' }], rows: [row(25)] }));
    await settle();
    watcher.news(news(summary('other', 9), 0));
    watcher.news(news(summary('a', 25), 25, { ended: true }));
    await settle();
    expect(socket.sent.map(({ type }) => type)).toEqual(['hello', 'run-started', 'threads', 'records', 'run-ended']);
    expect(socket.sent[3]).toMatchObject({ rows: [{ seq: 10 }, { seq: 20 }], summary: { records: 25 } });
    expect(looks).toEqual([[6, 25]]);
  });

  it('counts what fulfils them and is too much', async () => {
    const socket = new FakeSocket();
    const watcher = new FilteredWatcher('a', socket, everyTenth(2, []));
    watcher.greet({ type: 'hello', run: summary('a', 0), threads: [] });
    watcher.news(news(summary('a', 100), 0));
    await settle();
    expect(socket.sent.slice(1)).toMatchObject([{ type: 'skipped', records: 8, from: 1, to: 89 }, { type: 'records', rows: [{ seq: 90 }, { seq: 100 }] }]);
  });

  it('goes on where it was when the connection takes more, and looks at no more than a part at once', async () => {
    const socket = new FakeSocket();
    const looks: [number, number][] = [];
    const watcher = new FilteredWatcher('latest', socket, everyTenth(1, looks));
    watcher.greet({ type: 'hello', run: null, threads: [] });
    socket.bufferedAmount = MOST_BUFFERED + 1;
    watcher.news(news(summary('a', 10), 0, { started: true }));
    watcher.news(news(summary('a', MOST_RECORDS + 20), 10, { ended: true }));
    await settle();
    expect([looks, socket.sent.length]).toEqual([[], 1]);
    socket.free();
    watcher.news(news(summary('a', MOST_RECORDS + 20), MOST_RECORDS + 20));
    await settle();
    await settle();
    expect(looks).toEqual([[1, MOST_RECORDS], [MOST_RECORDS + 1, MOST_RECORDS + 20]]);
    expect(socket.sent.map(({ type }) => type)).toEqual(['hello', 'run-started', 'skipped', 'records', 'skipped', 'records', 'run-ended']);
    const missed = socket.sent.reduce((sum, sent) => sum + (sent.type === 'skipped' ? sent.records : 0), 0);
    expect(missed + 2).toBe(Math.floor((MOST_RECORDS + 20) / 10));
  });

  it('moves on to a newer run, and says what it missed when the store does not answer', async () => {
    const socket = new FakeSocket();
    const watcher = new FilteredWatcher('latest', socket, () => Promise.reject(new Error('busy')));
    watcher.greet({ type: 'hello', run: summary('a', 7), threads: [] });
    watcher.news(news(summary('b', 3, '2026-01-02T00:00:00.000Z'), 0, { started: true }));
    watcher.news(news(summary('a', 9), 7));
    await settle();
    expect(socket.sent.slice(1)).toMatchObject([{ type: 'run-started', run: { run: 'b' } }, { type: 'skipped', run: 'b', records: 3, from: 1, to: 3 }, { type: 'records', rows: [] }]);
  });
});
