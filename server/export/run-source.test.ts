// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LATEST_RUN } from '../../schema/api/index.ts';
import { openWriter } from '../store/open.ts';
import { ALICE, BOB, sampleRecord } from '../testing/sample-records.ts';
import { RunSource } from './run-source.ts';
import { checkSelection, concerns, type Selection } from './selection.ts';
import { randomRecords, storedRun } from './testing/stored-run.ts';

/** Sequence numbers of the records that a selection visits. */
function visited(source: RunSource, selection: Selection): number[] {
  const seqs: number[] = [];
  const looked = [...source.records(selection, (record) => {
    seqs.push(record.seq);
    return record.seq % 5 === 0;
  })];
  for (const seq of seqs) if (seq % 5 === 0) expect(looked).toContain(seq);
  expect(looked).toEqual([...looked].sort((a, b) => a - b));
  return seqs;
}

describe('RunSource', () => {
  it('visits exactly the records of any selection', () => {
    const records = randomRecords(90, 5);
    const { source } = storedRun(records);
    const seq = fc.option(fc.integer({ min: 1, max: 120 }), { nil: undefined });
    const time = fc.option(fc.constantFrom(...records.flatMap(({ entryTime }) => [entryTime, entryTime + 1]), 0), { nil: undefined });
    const thread = fc.option(fc.constantFrom(...records.flatMap((record) => [record.thread, record.deliveries[0]?.thread ?? 0, record.transitions[0]?.thread ?? 0])), { nil: undefined });
    fc.assert(fc.property(fc.record({ from: seq, to: seq, fromTime: time, toTime: time, thread }), (selection) => {
      const { from = 1, to = Infinity, fromTime = 0, toTime = Infinity } = selection;
      const expected = records.filter((record) => record.seq >= from && record.seq <= to && record.entryTime >= fromTime && record.entryTime <= toTime
        && (selection.thread === undefined || concerns(record, selection.thread)));
      expect(visited(source, selection)).toEqual(expected.map((record) => record.seq));
    }));
  });

  it('gives a record its anomalies, and lists them by themselves', () => {
    const records = Array.from({ length: 20 }, (_, i) => sampleRecord(i + 1));
    const { source } = storedRun(records, { anomalies: [{ seq: 3, thread: ALICE }, { seq: 17, thread: BOB }, { seq: 3, thread: BOB, rule: 'K09' }] });
    const found: [number, string][] = [];
    Array.from(source.records({}, (_record, anomalies) => {
      found.push(...anomalies.map(({ seq, rule }): [number, string] => [seq, rule]));
      return false;
    }));
    expect(found).toEqual([[3, 'K05'], [3, 'K09'], [17, 'K05']]);
    const seqs = (selection: Selection): number[] => [...source.anomalies(selection)].map(({ seq }) => seq);
    expect(seqs({})).toEqual([3, 3, 17]);
    expect(seqs({ thread: BOB })).toEqual([3, 17]);
    expect(seqs({ from: 3, to: 16 })).toEqual([3, 3]);
    expect(seqs({ fromTime: 3001 })).toEqual([17]);
    expect(seqs({ toTime: 2999 })).toEqual([]);
  });

  it('knows the last run, and says which run there is not', () => {
    const { db } = storedRun([sampleRecord(1)]);
    expect(new RunSource(db, LATEST_RUN).summary.run).toBe('sample-run');
    expect(() => new RunSource(db, 'other')).toThrow(expect.objectContaining({ fault: 'unknown-run', message: 'there is no run other' }));
  });

  it('says that records are not there any more', () => {
    const { directory, source } = storedRun(Array.from({ length: 20 }, (_, i) => sampleRecord(i + 1)), { anomalies: [{ seq: 9, thread: ALICE }] });
    const writer = openWriter(directory);
    writer.db.exec('DELETE FROM chunk');
    writer.close();
    expect(() => visited(source, {})).toThrow('run sample-run does not have record 1 any more');
    expect([...source.anomalies({})]).toHaveLength(1);
  });

  it('refuses bounds that nothing can meet', () => {
    expect(() => checkSelection({ from: 3, to: 2 })).toThrow('"from" (3) is above "to" (2)');
    expect(() => checkSelection({ fromTime: 3, toTime: 2 })).toThrow('"fromTime" (3) is above "toTime" (2)');
    expect(() => checkSelection({ from: 3, to: 3, fromTime: 2, toTime: 2 })).not.toThrow();
  });
});
