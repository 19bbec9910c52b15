// SPDX-License-Identifier: BSD-2-Clause
/** Chrome's JSON, JSON Lines and CSV, each read back by something that does not know how they were written. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EXPORT_TABLES, type ExportTable } from '../../schema/api/index.ts';
import { tagLabel } from '../../schema/abi/message-info.ts';
import { THREAD_STATES } from '../../schema/abi/thread-state.ts';
import { lanesToHex } from '../../schema/abi/word.ts';
import { fromPlain } from '../../schema/trace/plain.ts';
import { CAUSE, DELIVERY_KINDS, OUTCOMES, TRANSITION_FLAG, TrapRecord } from '../../schema/trace/trap-record.ts';
import { DELIVERY_COLUMNS, RECORD_COLUMNS, TRANSITION_COLUMNS } from '../sql/chunk-columns.ts';
import { ALICE, BOB, lateReplyRecord, SAMPLE_SUBJECTS, sampleRecord } from '../testing/sample-records.ts';
import { micros } from './chrome.ts';
import { exportRun } from './export-run.ts';
import type { JsonLine } from './jsonl.ts';
import { quoted } from './tables/csv.ts';
import { exported, randomRecords, storedRun } from './testing/stored-run.ts';

/** RFC 4180, section 2. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at < text.length) {
    let field = '';
    if (text[at] === '"') {
      for (at++; ; at++) {
        if (text[at] !== '"') field += text[at];
        else if (text[at + 1] === '"') field += text[at++];
        else break;
      }
      at++;
    } else {
      const end = text.slice(at).search(/[,\r]/);
      field = text.slice(at, at + end);
      at += end;
    }
    row.push(field);
    if (text[at] === ',') at++;
    else if (text.startsWith('\r\n', at)) {
      rows.push(row);
      row = [];
      at += 2;
    } else throw new Error(`no separator at ${at}`);
    if (row.length > 0 && text[at] === '\r') {
      rows.push([...row, '']);
      row = [];
      at += 2;
    }
  }
  return rows;
}

/** Rows by column names. */
function rowsOf(csv: Buffer): Record<string, string>[] {
  const [names, ...rows] = parseCsv(csv.toString());
  for (const row of rows) expect(row).toHaveLength(names!.length);
  return rows.map((row) => Object.fromEntries(row.map((field, i) => [names![i]!, field])));
}

describe('CSV', () => {
  it('quotes any text so that it is read back', () => {
    fc.assert(fc.property(fc.array(fc.array(fc.oneof(fc.string(), fc.constantFrom('"', ',', '\r\n', '\n', '"a,b"')), { minLength: 2 }), { minLength: 1 }), (rows) => {
      expect(parseCsv(rows.map((row) => `${row.map(quoted).join(',')}\r\n`).join(''))).toEqual(rows);
    }));
  });

  it('has a row for each record, its words in full', () => {
    const records = randomRecords(80, 21);
    const rows = rowsOf(exported(storedRun(records).source, { format: 'csv' }));
    expect(rows.map((row) => [row['seq'], row['time'], row['duration'], row['cptr'], row['outcome'], row['label']])).toEqual(records.map((r) => [
      String(r.seq), String(r.entryTime), String(r.exitTime - r.entryTime), lanesToHex(r.cptrLo, r.cptrHi), OUTCOMES[r.outcome], String(tagLabel(r.tagLo, r.tagHi)),
    ]));
    expect(rows.map(({ words }) => (words === '' ? 0 : words!.split(' ').length))).toEqual(records.map(({ wordCount }) => wordCount));
    expect(rows.map((row) => Number(row['deliveries']))).toEqual(records.map(({ deliveryCount }) => deliveryCount));
  });

  it('has deliveries, transitions and anomalies as tables of their own', () => {
    const records = randomRecords(80, 22);
    const { source } = storedRun(records, { anomalies: [{ seq: 3, thread: ALICE, detail: 'a "b", c\nd' }], subjects: [{ ...SAMPLE_SUBJECTS[0]!, name: 'al"i,ce' }] });
    const deliveries = records.flatMap((r) => r.deliveries.slice(0, r.deliveryCount).map((d, i) => [String(r.seq), String(i), DELIVERY_KINDS[d.kind], lanesToHex(d.badgeLo, d.badgeHi), d.answers === 0 ? '' : String(d.answers)]));
    expect(rowsOf(exported(source, { format: 'csv', table: 'deliveries' })).map((row) => [row['seq'], row['delivery'], row['kind'], row['badge'], row['answers']])).toEqual(deliveries);
    const transitions = records.flatMap((r) => r.transitions.slice(0, r.transitionCount).map((t) => [String(r.seq), String(t.thread), THREAD_STATES[t.from], THREAD_STATES[t.to], (t.flags & TRANSITION_FLAG.orphaned) === 0 ? '0' : '1']));
    expect(rowsOf(exported(source, { format: 'csv', table: 'transitions' })).map((row) => [row['seq'], row['thread'], row['from_state'], row['to_state'], row['orphaned']])).toEqual(transitions);
    expect(rowsOf(exported(source, { format: 'csv', table: 'anomalies' }))).toMatchObject([{ seq: '3', rule: 'K05', thread_name: 'al"i,ce', detail: 'a "b", c\nd' }]);
  });

  it('has the column names also without a row', () => {
    const { source } = storedRun([]);
    for (const table of EXPORT_TABLES) expect(parseCsv(exported(source, { format: 'csv', table }).toString())).toHaveLength(1);
  });

  it('has the columns of the SQL views under the same names', () => {
    const { source } = storedRun([]);
    for (const [table, columns] of Object.entries({ records: RECORD_COLUMNS, deliveries: DELIVERY_COLUMNS, transitions: TRANSITION_COLUMNS })) {
      const [names] = parseCsv(exported(source, { format: 'csv', table: table as ExportTable }).toString());
      expect(names).toEqual(expect.arrayContaining(columns.map(({ name }) => name)));
    }
  });

  it('is the only one with tables, but for Parquet', () => {
    const { source } = storedRun([]);
    expect(() => exportRun(source, { format: 'jsonl', table: 'deliveries', selection: {} })).toThrow('"table" is for csv and parquet');
  });
});

describe('JSON Lines', () => {
  it('lose nothing of any record', () => {
    const records = randomRecords(80, 23);
    const lines = exported(storedRun(records).source, { format: 'jsonl' }).toString().split('\n');
    expect(lines.pop()).toBe('');
    expect(lines.map((line) => comparable(fromPlain(JSON.parse(line), 'mcs')))).toEqual(records.map(comparable));
  });

  it('have the anomalies of a record', () => {
    const records = [1, 2, 3].map((seq) => sampleRecord(seq));
    const { source } = storedRun(records, { anomalies: [{ seq: 2, thread: BOB }] });
    const lines = exported(source, { format: 'jsonl', selection: { from: 2 } }).toString().trim().split('\n').map((line) => JSON.parse(line) as JsonLine);
    expect(lines.map(({ seq, thread, anomalies }) => [seq, thread.name, anomalies.map(({ rule }) => rule)])).toEqual([[2, 'bob', ['K05']], [3, 'alice', []]]);
  });
});

/** A record without what is left over in its buffers. */
function comparable(record: ReturnType<typeof sampleRecord>): unknown {
  const cut = (lanes: Uint32Array, count: number): number[] => [...lanes.subarray(0, 2 * count)];
  return {
    ...record, words: cut(record.words, record.wordCount), caps: cut(record.caps, record.capCount),
    deliveries: record.deliveries.slice(0, record.deliveryCount).map((d) => ({ ...d, words: cut(d.words, d.wordCount) })),
    transitions: record.transitions.slice(0, record.transitionCount),
    // No stray access has no place either.
    ...(record.stray === 0 ? { strayAddressLo: 0, strayAddressHi: 0, strayPcLo: 0, strayPcHi: 0 } : {}),
  };
}

interface ChromeEvent {
  readonly ph: string; readonly pid: number; readonly tid: number; readonly name: string; readonly cat?: string; readonly ts: number; readonly dur?: number; readonly id?: number;
  readonly args: Record<string, unknown>;
}

describe('Chrome\'s JSON', () => {
  it('writes any time exactly', () => {
    fc.assert(fc.property(fc.maxSafeNat(), (ns) => {
      const [whole, decimals = ''] = micros(ns).split('.');
      expect(Number(whole) * 1000 + Number(decimals.padEnd(3, '0')) === ns || BigInt(whole!) * 1000n + BigInt(decimals.padEnd(3, '0')) === BigInt(ns)).toBe(true);
    }));
  });

  it('has slices, states, arrows, counters and marks', () => {
    const records = [sampleRecord(1), sampleRecord(2), sampleRecord(3), sampleRecord(4), lateReplyRecord(5)];
    const bytes = exported(storedRun(records, { anomalies: [{ seq: 3, thread: BOB }] }).source, { format: 'chrome' });
    const { traceEvents, otherData, displayTimeUnit } = JSON.parse(bytes.toString()) as { traceEvents: ChromeEvent[]; otherData: unknown; displayTimeUnit: string };
    expect({ otherData, displayTimeUnit }).toMatchObject({ otherData: { run: 'sample-run', program: 'sample.ts' }, displayTimeUnit: 'ns' });
    const by = (phase: string, category?: string): ChromeEvent[] => traceEvents.filter(({ ph, cat }) => ph === phase && (category === undefined || cat === category));
    expect(by('X', 'syscall').map(({ tid, ts, dur, name }) => [tid, ts, dur, name])).toEqual([
      [ALICE, 1, 0.3, 'RISCVPageGetAddress'], [BOB, 2, 0.3, 'TCBResume'], [ALICE, 3, 0.3, 'RISCVPageGetAddress'], [BOB, 4, 0.3, 'Yield'], [ALICE, 5, 0.3, 'RISCVPageGetAddress'],
    ]);
    expect(by('X', 'state').map(({ pid, tid, ts, name }) => [pid, tid, ts, name])).toEqual([[2, ALICE, 1, 'Running'], [2, BOB, 1.3, 'Running']]);
    expect([by('s')[0], by('f')[0]]).toMatchObject([{ tid: ALICE, ts: 5, id: 1 }, { tid: BOB, ts: 5.3, id: 1, bp: 'e' }]);
    expect(by('X', 'delivery')).toMatchObject([{ tid: BOB, ts: 5.3, dur: 0 }]);
    expect(by('i', 'anomaly')).toMatchObject([{ tid: BOB, ts: 3.3, args: { severity: 'error' } }]);
    expect(by('C').map(({ name, args }) => [name, args['ns']])).toContainEqual(['budget left', 1_000_000]);
    expect(by('M').map(({ pid, args }) => [pid, args['name']])).toContainEqual([2, 'alice']);
  });

  it('gives the idle thread a number, which readers take 0 not to be', () => {
    const idle = new TrapRecord();
    Object.assign(idle, { seq: 1, entryTime: 5, exitTime: 6, cause: CAUSE.interrupt });
    const { traceEvents } = JSON.parse(exported(storedRun([idle]).source, { format: 'chrome' }).toString()) as { traceEvents: ChromeEvent[] };
    const entry = traceEvents.find(({ cat }) => cat === 'interrupt')!;
    expect(traceEvents.find(({ ph, name, pid, tid }) => ph === 'M' && name === 'thread_name' && pid === entry.pid && tid === entry.tid)?.args).toEqual({ name: 'idle thread' });
    expect(entry.tid).not.toBe(0);
  });

  it('is JSON for any trace', () => {
    const records = randomRecords(40, 24);
    const { traceEvents } = JSON.parse(exported(storedRun(records).source, { format: 'chrome' }).toString()) as { traceEvents: ChromeEvent[] };
    expect(traceEvents.filter(({ args }) => args?.['outcome'] !== undefined).map(({ args }) => args['seq'])).toEqual(records.map(({ seq }) => seq));
    expect((JSON.parse(exported(storedRun([]).source, { format: 'chrome' }).toString()) as { traceEvents: ChromeEvent[] }).traceEvents.every(({ ph }) => ph === 'M')).toBe(true);
  });
});
