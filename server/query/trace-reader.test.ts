// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { beforeAll, afterAll, describe, expect, it } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RecordQuery, RecordRow } from '../../schema/api/index.ts';
import { CAP_TYPE, CAP_TYPE_NONE } from '../../schema/abi/cap-types.ts';
import { STATE } from '../../schema/abi/thread-state.ts';
import { interfacesOf } from '../../schema/idl/load.ts';
import { encodeClientMessage, PROTOCOL_VERSION } from '../../schema/trace/wire.ts';
import { CAUSE, FLAG, OUTCOMES, TrapRecord } from '../../schema/trace/trap-record.ts';
import { Ingest } from '../ingest/ingest.ts';
import { openStore } from '../open-store.ts';
import { openWriter } from '../store/open.ts';
import { TraceStore } from '../store/trace-store.ts';
import { batchOf, SAMPLE_RUN, SAMPLE_SUBJECTS } from '../testing/sample-records.ts';
import type { TraceReader } from './trace-reader.ts';

const RECORDS = 600;
const METHODS = ['TCBResume', 'CNodeCopy', 'RISCVPageGetAddress'];
/** What a record of the random run can be about, as a query names it. */
const ACTIVITIES = [...METHODS, 'Call', 'Yield', 'interrupt', 'vmFault'];
const INTERFACES = interfacesOf('riscv64-mcs');

/** A small generator with a seed. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Records whose threads, activities, outcomes and times are spread unevenly; the rest of them does not matter here. */
function randomRecords(): TrapRecord[] {
  const below = seeded(42);
  let time = 0;
  return Array.from({ length: RECORDS }, (_, i) => {
    const record = new TrapRecord();
    record.seq = i + 1;
    // Several records and several chunks share a time.
    time += below(3) === 0 ? below(50) : 0;
    record.entryTime = record.exitTime = time;
    record.thread = below(2) === 0 ? 1 : below(40);
    const activity = ACTIVITIES[below(5) === 0 ? below(ACTIVITIES.length) : 0]!;
    const method = INTERFACES.byId.get(activity);
    record.cause = activity === 'interrupt' ? CAUSE.interrupt : activity === 'vmFault' ? CAUSE.vmFault : CAUSE.syscall;
    record.syscall = record.cause !== CAUSE.syscall ? 0 : activity === 'Yield' ? -11 : method === undefined ? -1 : -5;
    record.method = method?.label ?? 0;
    record.capType = method === undefined ? CAP_TYPE_NONE : CAP_TYPE.Thread;
    record.outcome = below(4) === 0 ? below(OUTCOMES.length) : 0;
    // Else the rules would have something to say of every record.
    record.nextState = STATE.Running;
    record.flags = FLAG.pcAdvanced | FLAG.nextHasSchedContext;
    return record;
  });
}

const records = randomRecords();
let directory: string;
let reader: TraceReader;
/** Records of which the rules have something to say. */
let anomalous: ReadonlySet<number>;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sel4scope-'));
  const { db, close } = openWriter(directory);
  const ingest = new Ingest(new TraceStore(db), directory, { answer: () => undefined, news: () => undefined, problem: (message) => { throw new Error(message); } });
  ingest.frame(1, encodeClientMessage({ kind: 'hello', protocolVersion: PROTOCOL_VERSION, run: SAMPLE_RUN, resume: false }));
  const below = seeded(7);
  for (let at = 0; at < RECORDS;) {
    const count = 1 + below(25);
    ingest.frame(1, encodeClientMessage({ kind: 'batch', bytes: batchOf(records.slice(at, at + count), at === 0 ? SAMPLE_SUBJECTS : []) }));
    at += count;
  }
  ingest.close();
  close();
  reader = openStore(directory, { readOnly: true });
  anomalous = new Set(reader.anomalies({ limit: 5000 }).anomalies.map(({ seq }) => seq));
});

afterAll(() => {
  reader.close();
  rmSync(directory, { recursive: true });
});

function activityOf(record: TrapRecord): string {
  if (record.method !== 0) return INTERFACES.byLabel[record.method]!.id;
  if (record.cause !== CAUSE.syscall) return record.cause === CAUSE.interrupt ? 'interrupt' : 'vmFault';
  return record.syscall === -11 ? 'Yield' : 'Call';
}

/** What a query means, record by record. */
function expected(query: RecordQuery): number[] {
  return records.filter((record) =>
    record.seq >= (query.from ?? 1) && record.seq <= (query.to ?? Infinity)
    && record.entryTime >= (query.fromTime ?? 0) && record.entryTime <= (query.toTime ?? Infinity)
    && (query.thread === undefined || record.thread === query.thread)
    && (query.method === undefined || activityOf(record) === query.method)
    && (query.outcome === undefined || OUTCOMES[record.outcome] === query.outcome)
    && (query.anomalies === undefined || anomalous.has(record.seq))).map((record) => record.seq);
}

function allPages(query: RecordQuery): RecordRow[] {
  const rows: RecordRow[] = [];
  for (let from = query.from; ;) {
    const page = reader.records('latest', from === undefined ? query : { ...query, from });
    expect(page.rows.length).toBeLessThanOrEqual(query.limit ?? 200);
    rows.push(...page.rows);
    if (page.next === null) return rows;
    expect(page.next).toBeGreaterThan(from ?? 0);
    from = page.next;
  }
}

const seqs = fc.integer({ min: 1, max: RECORDS + 20 });
const times = fc.integer({ min: 0, max: records.at(-1)!.entryTime + 10 });
const queries: fc.Arbitrary<RecordQuery> = fc.record({
  from: seqs, to: seqs, fromTime: times, toTime: times, thread: fc.nat({ max: 41 }), method: fc.constantFrom(...ACTIVITIES, 'TCBSuspend'),
  outcome: fc.constantFrom(...OUTCOMES), anomalies: fc.constant('only' as const), limit: fc.integer({ min: 1, max: 100 }),
}, { requiredKeys: [] });

describe('records by range and filters', () => {
  it('are those that a look at every record finds, over any page size', () => {
    fc.assert(fc.property(queries, (query) => {
      expect(allPages(query).map((row) => row.seq)).toEqual(expected(query));
    }), { numRuns: 500 });
  });

  it('are only those with anomalies if that is asked', () => {
    expect(anomalous.size).toBeGreaterThan(20);
    expect(anomalous.size).toBeLessThan(RECORDS / 2);
    const rows = allPages({ anomalies: 'only', limit: 7 });
    expect(rows.map((row) => row.seq)).toEqual([...anomalous].sort((a, b) => a - b));
    expect(rows.every((row) => row.anomalies > 0)).toBe(true);
  });

  it('say what the record says', () => {
    for (const row of allPages({ limit: 100 })) {
      const record = records[row.seq - 1]!;
      expect(row).toMatchObject({ time: record.entryTime, thread: record.thread, outcome: OUTCOMES[record.outcome], reply: null });
      expect(row.method || (row.cause === 'syscall' ? row.syscall : row.cause)).toBe(activityOf(record));
    }
  });

  it('of an unknown method are an error, not an empty page', () => {
    expect(() => reader.records('latest', { method: 'TCBResmue' })).toThrow('riscv64-mcs has no method, system call or cause "TCBResmue"');
  });
});

describe('one record', () => {
  it('is found in whatever chunk it is', () => {
    for (const record of records) expect(reader.recordInFull('latest', record.seq).row).toMatchObject({ seq: record.seq, time: record.entryTime });
  });

  it.each([RECORDS + 1, Number.MAX_SAFE_INTEGER])('that is not there (%i) is an error that says which are', (seq) => {
    expect(() => reader.recordInFull('latest', seq)).toThrow(`run sample-run has no record ${seq}`);
  });
});

it('the rollup agrees with the records', () => {
  const counts = new Map<string, number>();
  for (const record of records) {
    const key = `${activityOf(record)}/${OUTCOMES[record.outcome]}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const { methods } = reader.run('latest');
  expect(new Map(methods.map(({ method, outcome, records: n }) => [`${method}/${outcome}`, n]))).toEqual(counts);
});

it('names the threads and nothing else', () => {
  expect(reader.threads('sample-run')).toEqual({ threads: [{ id: 1, name: 'alice' }, { id: 2, name: 'bob' }] });
});
