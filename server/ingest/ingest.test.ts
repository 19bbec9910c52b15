// SPDX-License-Identifier: BSD-2-Clause
/** Ingest without sockets and threads: where the store fails, and what a commit is. */
import type { Database } from 'better-sqlite3';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { randomRecord } from '../../schema/trace/random-record.ts';
import { encodeClientMessage, PROTOCOL_VERSION } from '../../schema/trace/wire.ts';
import { TraceReader } from '../query/trace-reader.ts';
import { openWriter } from '../store/open.ts';
import { TraceStore } from '../store/trace-store.ts';
import { temporaryDirectory } from '../testing/fixture.ts';
import { batchOf, sampleBatch, SAMPLE_RUN, shortReplyRecord } from '../testing/sample-records.ts';
import { Ingest } from './ingest.ts';
import { COMMIT_FRAMES, COMMIT_MS, KEPT_PER_FINGERPRINT, LIVE_ROWS } from './limits.ts';
import type { Answer, RunNews } from './messages.ts';

class Bench {
  readonly db: Database;
  readonly reader: TraceReader;
  readonly ingest: Ingest;
  readonly answers: Answer[] = [];
  readonly news: RunNews[] = [];
  readonly problems: (string | undefined)[] = [];

  constructor() {
    const directory = temporaryDirectory();
    const { db, close } = openWriter(directory);
    onTestFinished(close);
    this.db = db;
    this.reader = new TraceReader(db);
    this.ingest = new Ingest(new TraceStore(db), directory, {
      answer: (answers) => this.answers.push(...answers),
      news: (news) => this.news.push(...news),
      problem: (message) => this.problems.push(message),
    });
  }

  hello(connection: number, id: string, resume = false): void {
    this.ingest.frame(connection, encodeClientMessage({ kind: 'hello', protocolVersion: PROTOCOL_VERSION, run: { ...SAMPLE_RUN, id }, resume }));
  }

  batch(connection: number, bytes: Uint8Array): void {
    this.ingest.frame(connection, encodeClientMessage({ kind: 'batch', bytes }));
  }

  /** Answers since the last call, as connection and message. */
  said(): [number, Answer['message']][] {
    return this.answers.splice(0).map(({ connection, message }) => [connection, message]);
  }
}

describe('a commit', () => {
  it(`takes ${COMMIT_FRAMES} batches, and nothing is acknowledged before it`, () => {
    const bench = new Bench();
    bench.hello(1, 'a');
    bench.said();
    for (let i = 0; i < COMMIT_FRAMES - 1; i++) bench.batch(1, sampleBatch(1 + 4 * i, 4 + 4 * i));
    expect(bench.said()).toEqual([]);
    expect(bench.reader.findRun('a')).toMatchObject({ records: 0 });
    bench.batch(1, sampleBatch(1 + 4 * (COMMIT_FRAMES - 1), 4 * COMMIT_FRAMES));
    expect(bench.said()).toEqual([[1, { kind: 'ack', committedSeq: 4 * COMMIT_FRAMES, finished: false }]]);
    expect(bench.reader.findRun('a')).toMatchObject({ records: 4 * COMMIT_FRAMES });
  });

  it(`comes ${COMMIT_MS} ms after the first batch at the latest`, () => {
    vi.useFakeTimers();
    onTestFinished(() => { vi.useRealTimers(); });
    const bench = new Bench();
    bench.hello(1, 'a');
    bench.said();
    bench.batch(1, sampleBatch(1, 4));
    vi.advanceTimersByTime(COMMIT_MS - 1);
    expect(bench.said()).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(bench.said()).toEqual([[1, { kind: 'ack', committedSeq: 4, finished: false }]]);
  });

  it('serves several producers, and the mistake of one is not the others\'', () => {
    const bench = new Bench();
    bench.hello(1, 'a');
    bench.hello(2, 'b');
    bench.said();
    bench.batch(1, sampleBatch(1, 8));
    bench.batch(2, new Uint8Array([1, 2, 3]));
    bench.batch(2, sampleBatch(1, 8));
    bench.ingest.disconnect(3);
    expect(bench.said()).toMatchObject([
      [2, { kind: 'ack', committedSeq: 0 }],
      [2, { kind: 'problem', code: 'badBatch', fatal: true }],
      [1, { kind: 'ack', committedSeq: 8 }],
    ]);
    expect(bench.reader.findRun('a')).toMatchObject({ records: 8, state: 'running' });
    expect(bench.reader.findRun('b')).toMatchObject({ records: 0, state: 'interrupted' });
  });
});

describe('a full disk', () => {
  it('costs what was not acknowledged and nothing else, and is over when there is room', () => {
    const bench = new Bench();
    bench.hello(1, 'a');
    bench.batch(1, sampleBatch(1, 100));
    bench.ingest.disconnect(99);
    expect(bench.said().at(-1)).toEqual([1, { kind: 'ack', committedSeq: 100, finished: false }]);

    const pages = bench.db.pragma('page_count', { simple: true }) as number;
    bench.db.pragma(`max_page_count = ${pages}`);
    bench.batch(1, sampleBatch(101, 12_000));
    bench.ingest.disconnect(99);
    expect(bench.said()).toEqual([[1, { kind: 'problem', code: 'store', fatal: false, message: expect.stringMatching(/no room left.*--data/) as string }]]);
    expect(bench.problems).toEqual([expect.stringContaining('no room left')]);
    expect(bench.reader.records('a', { from: 90 }).rows.map((row) => row.seq)).toEqual([90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100]);

    bench.db.pragma('max_page_count = 100000');
    bench.hello(2, 'a', true);
    expect(bench.said()).toMatchObject([[2, { kind: 'welcome', nextSeq: 101 }]]);
    expect(bench.problems.at(-1)).toBeUndefined();
    bench.batch(2, sampleBatch(101, 12_000));
    bench.ingest.close();
    expect(bench.said()[0]).toEqual([2, { kind: 'ack', committedSeq: 12_000, finished: false }]);
    expect(bench.reader.run('a')).toMatchObject({ summary: { records: 12_000, state: 'interrupted' }, replies: 6000 });
  });
});

describe('a flood of one anomaly', () => {
  it('is counted, and kept up to a limit', () => {
    const bench = new Bench();
    const flood = KEPT_PER_FINGERPRINT + 500;
    bench.hello(1, 'a');
    bench.ingest.watch(true);
    for (let first = 1; first <= flood; first += 3500) {
      bench.batch(1, batchOf(Array.from({ length: 3500 }, (_, i) => shortReplyRecord(first + i))));
    }
    bench.ingest.close();
    const { anomalies: [group], summary } = bench.reader.run('a');
    expect(group).toMatchObject({ rule: 'K05', count: flood, kept: KEPT_PER_FINGERPRINT, firstSeq: 1, lastSeq: flood });
    expect(summary.anomalies.error).toBeGreaterThanOrEqual(flood);
    expect(bench.reader.anomalies({ rule: 'K05', limit: 5000, after: KEPT_PER_FINGERPRINT - 10 }).anomalies.length).toBeLessThanOrEqual(10);
    const news = bench.news.find((each) => each.anomaliesFound > 0)!;
    expect(news.anomalies).toHaveLength(LIVE_ROWS);
  });
});

it('takes any records that the wire can carry', () => {
  const bench = new Bench();
  let state = 3;
  const below = (n: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  bench.hello(1, 'a');
  bench.ingest.watch(true);
  let [seq, time] = [1, 0];
  for (let batch = 0; batch < 60; batch++) {
    const records = Array.from({ length: 10 }, () => {
      const record = randomRecord(below, seq++, time);
      time = record.exitTime;
      return record;
    });
    bench.batch(1, batchOf(records));
  }
  bench.ingest.close();
  expect(bench.said().filter(([, message]) => message.kind === 'problem').map(([, message]) => (message as { code: string }).code)).toEqual(['shuttingDown']);
  expect(bench.reader.findRun('a')).toMatchObject({ records: 600 });
  for (let each = 1; each < seq; each += 7) expect(bench.reader.recordInFull('a', each).row.seq).toBe(each);
});
