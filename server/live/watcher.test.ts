// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { Compile } from 'typebox/compile';
import { LiveMessage, type RecordRow, type RunSummary } from '../../schema/api/index.ts';
import type { RunNews } from '../ingest/messages.ts';
import { MOST_BUFFERED, Watcher, type LiveSocket } from './watcher.ts';

const message = Compile(LiveMessage);

class FakeSocket implements LiveSocket {
  bufferedAmount = 0;
  /** Whether data leaves at once. */
  fast = true;
  readonly sent: LiveMessage[] = [];
  private readonly waiting: (() => void)[] = [];

  send(data: string, sent: () => void): void {
    const parsed: unknown = JSON.parse(data);
    expect(message.Check(parsed) || message.Errors(parsed)).toBe(true);
    this.sent.push(parsed as LiveMessage);
    if (this.fast) return sent();
    this.bufferedAmount += MOST_BUFFERED;
    this.waiting.push(sent);
  }

  /** Everything under way leaves. */
  drain(): void {
    this.bufferedAmount = 0;
    for (const sent of this.waiting.splice(0)) sent();
  }

  types(): string[] {
    return this.sent.splice(0).map((each) => each.type);
  }
}

function run(id: string, records: number, more: Partial<RunSummary> = {}): RunSummary {
  return {
    run: id, program: 'p.ts', kernel: 'model', kernelVersion: '13.0.0', configuration: 'riscv64-mcs', seed: 0, defects: [],
    release: '', build: '', machine: '', commit: '', tags: [], recordsDroppedAt: null, state: 'running', end: null,
    endDetail: '', startedAt: '2026-01-01T00:00:00.000Z', changedAt: '2026-01-01T00:00:00.000Z', records, time: 0, anomalies: { error: 0, warning: 0, info: 0 }, ...more,
  };
}

function row(seq: number): RecordRow {
  return { seq, time: seq, thread: 1, cause: 'syscall', syscall: 'Call', capType: '', object: 0, method: '', outcome: 'replied', reply: null, anomalies: 0 };
}

/** News of records `first` to `last`, of which the rows from `rowsFrom` on are at hand. */
function news(id: string, first: number, last: number, rowsFrom = first, more: Partial<RunNews> = {}): RunNews {
  const rows = Array.from({ length: Math.max(0, last - rowsFrom + 1) }, (_, i) => row(rowsFrom + i));
  return { run: run(id, last), recordsBefore: first - 1, started: false, ended: false, threads: [], rows, anomalies: [], anomaliesFound: 0, ...more };
}

function following(target: string, records: number): { socket: FakeSocket; watcher: Watcher } {
  const socket = new FakeSocket();
  const watcher = new Watcher(target, socket);
  watcher.greet({ type: 'hello', run: run('a', records), threads: [] });
  socket.sent.length = 0;
  return { socket, watcher };
}

describe('a page that keeps up', () => {
  it('gets what happens, in the order in which it makes sense', () => {
    const { socket, watcher } = following('a', 0);
    watcher.news(news('a', 1, 3, 1, { started: true, ended: true, threads: [{ id: 1, name: 'alice' }] }));
    expect(socket.types()).toEqual(['run-started', 'threads', 'records', 'run-ended']);
  });

  it('is told how many records are not among the rows', () => {
    const { socket, watcher } = following('a', 10);
    watcher.news(news('a', 11, 1000, 900, { anomaliesFound: 5 }));
    expect(socket.sent[0]).toEqual({ type: 'skipped', run: 'a', records: 889, anomalies: 5, threads: 0, from: 11, to: 899 });
    expect(socket.sent[1]).toMatchObject({ type: 'records', summary: { records: 1000 } });
  });

  it('gets no row twice', () => {
    const { socket, watcher } = following('a', 10);
    watcher.news(news('a', 6, 12));
    expect(socket.sent).toMatchObject([{ type: 'records', rows: [{ seq: 11 }, { seq: 12 }] }]);
  });

  it('of one run hears nothing of others', () => {
    const { socket, watcher } = following('a', 0);
    watcher.news(news('b', 1, 3, 1, { started: true, run: run('b', 3, { startedAt: '2026-02-01T00:00:00.000Z' }) }));
    expect(socket.sent).toEqual([]);
  });
});

describe('a page that follows the latest run', () => {
  it('goes on to a newer one, and not back to an older one', () => {
    const { socket, watcher } = following('latest', 5);
    const newer = run('b', 2, { startedAt: '2026-02-01T00:00:00.000Z' });
    watcher.news(news('b', 1, 2, 1, { run: newer, started: true }));
    expect(socket.sent).toMatchObject([{ type: 'run-started', run: { run: 'b' } }, { type: 'records', rows: [{ seq: 1 }, { seq: 2 }] }]);
    socket.sent.length = 0;
    watcher.news(news('a', 6, 7, 6, { started: true }));
    expect(socket.sent).toEqual([]);
  });

  it('waits for the first one', () => {
    const socket = new FakeSocket();
    const watcher = new Watcher('latest', socket);
    watcher.greet({ type: 'hello', run: null, threads: [] });
    watcher.news(news('a', 1, 0, 1, { started: true }));
    expect(socket.types()).toEqual(['hello', 'run-started']);
  });
});

describe('news before the greeting', () => {
  it('follow it as a count', () => {
    const socket = new FakeSocket();
    const watcher = new Watcher('a', socket);
    watcher.news(news('a', 5, 8, 5, { threads: [{ id: 1, name: 'alice' }] }));
    expect(socket.sent).toEqual([]);
    watcher.greet({ type: 'hello', run: run('a', 6), threads: [] });
    expect(socket.sent).toMatchObject([{ type: 'hello' }, { type: 'skipped', records: 2, from: 7, to: 8, threads: 1 }, { type: 'records', rows: [], summary: { records: 8 } }]);
  });

  it('are dropped when the greeting has them', () => {
    const socket = new FakeSocket();
    const watcher = new Watcher('a', socket);
    watcher.news(news('a', 5, 8));
    watcher.greet({ type: 'hello', run: run('a', 8), threads: [] });
    watcher.news(news('a', 9, 9));
    expect(socket.types()).toEqual(['hello', 'records']);
  });
});

describe('a page that is behind', () => {
  it('costs no memory, and is told what it missed when it is back', () => {
    const { socket, watcher } = following('a', 0);
    socket.fast = false;
    watcher.news(news('a', 1, 100));
    watcher.news(news('a', 101, 200));
    expect(socket.types()).toEqual(['records', 'records']);
    for (let first = 201; first < 1001; first += 100) watcher.news(news('a', first, first + 99, first, { anomaliesFound: 2, threads: [{ id: first, name: 'x' }] }));
    watcher.news(news('a', 1001, 1001, 1001, { ended: true, run: run('a', 1001, { state: 'ended' }) }));
    expect(socket.sent).toEqual([]);
    socket.fast = true;
    socket.drain();
    expect(socket.sent).toEqual([
      { type: 'skipped', run: 'a', records: 801, anomalies: 16, threads: 8, from: 201, to: 1001 },
      { type: 'records', run: 'a', rows: [], summary: run('a', 1001, { state: 'ended' }) },
      { type: 'run-ended', run: run('a', 1001, { state: 'ended' }) },
    ]);
  });

  it('hears of a new run, and not of the end of the old one', () => {
    const { socket, watcher } = following('latest', 0);
    socket.bufferedAmount = 2 * MOST_BUFFERED;
    watcher.news(news('a', 1, 100, 1, { ended: true }));
    watcher.news(news('b', 1, 50, 1, { started: true, run: run('b', 50, { startedAt: '2026-02-01T00:00:00.000Z' }) }));
    watcher.news(news('b', 51, 60, 51, { run: run('b', 60, { startedAt: '2026-02-01T00:00:00.000Z' }) }));
    expect(socket.sent).toEqual([]);
    socket.bufferedAmount = 0;
    watcher.news(news('b', 61, 61, 61, { run: run('b', 61, { startedAt: '2026-02-01T00:00:00.000Z' }) }));
    expect(socket.sent).toMatchObject([{ type: 'run-started', run: { run: 'b' } }, { type: 'skipped', from: 1, to: 60, records: 60 }, { type: 'records', rows: [] },
      { type: 'records', rows: [{ seq: 61 }] }]);
  });
});
