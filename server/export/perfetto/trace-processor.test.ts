// SPDX-License-Identifier: BSD-2-Clause
/**
 * Exports as Perfetto's UI sees them: loaded by trace_processor, its engine, whose tables the UI draws. `SEL4SCOPE_TRACE_PROCESSOR`
 * is the path of a trace_processor_shell of 2026 or later; earlier ones do not know task states of other kernels than Linux.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { STATE } from '../../../schema/abi/thread-state.ts';
import { TRANSITION_FLAG, type TrapRecord } from '../../../schema/trace/trap-record.ts';
import { temporaryDirectory } from '../../testing/fixture.ts';
import { ALICE, BOB, lateReplyRecord, sampleRecord } from '../../testing/sample-records.ts';
import type { ExportFileFormat } from '../../../schema/api/index.ts';
import { exported, randomRecords, storedRun, type SampleOptions } from '../testing/stored-run.ts';

const SHELL = process.env['SEL4SCOPE_TRACE_PROCESSOR'];
if (SHELL === undefined) console.warn('Perfetto exports are NOT loaded into Perfetto itself: SEL4SCOPE_TRACE_PROCESSOR does not name a trace_processor_shell');

/** A file that trace_processor can be asked about. */
class LoadedTrace {
  private readonly folder = temporaryDirectory();
  private readonly path: string;

  constructor(bytes: Uint8Array) {
    this.path = join(this.folder, 'trace');
    writeFileSync(this.path, bytes);
  }

  /** Rows of the columns that come after SELECT. */
  ask(columns: string, rest: string): unknown[][] {
    const queries = join(this.folder, 'query.sql');
    writeFileSync(queries, `SELECT json_array(${columns}) AS answer ${rest};`);
    const [head, ...rows] = execFileSync(SHELL!, ['-q', queries, this.path], { encoding: 'utf8', maxBuffer: 1 << 28, stdio: 'pipe' }).trimEnd().split('\n');
    expect(head).toBe('"answer"');
    // Text is between quotes, and not escaped.
    return rows.map((row) => JSON.parse(row.slice(1, -1)) as unknown[]);
  }

  /** What went wrong as it was loaded. */
  troubles(): unknown[][] {
    return this.ask('name, value', "FROM stats WHERE severity IN ('error', 'data_loss') AND value > 0");
  }
}

function loaded(format: ExportFileFormat, records: readonly TrapRecord[], options: SampleOptions = {}): LoadedTrace {
  return new LoadedTrace(exported(storedRun(records, options).source, { format }));
}

/** Alice waits for a reply, Bob makes her go on, is given a late reply himself, and destroys her. */
function story(): TrapRecord[] {
  const [calls, resumes, refused, yields, late, destroys] = [sampleRecord(1), sampleRecord(2), sampleRecord(3), sampleRecord(4), lateReplyRecord(5), sampleRecord(6)];
  calls.addTransition(ALICE, STATE.Running, STATE.BlockedOnReply);
  resumes.addTransition(ALICE, STATE.BlockedOnReply, STATE.Running);
  destroys.transitionCount = 0;
  destroys.addTransition(ALICE, STATE.Running, STATE.Inactive, TRANSITION_FLAG.destroyed);
  destroys.next = BOB;
  return [calls, resumes, refused, yields, late, destroys];
}

/** An argument of slice s: those of JSON traces are under another key. */
function argument(name: string): string {
  return `coalesce(extract_arg(s.arg_set_id, 'debug.${name}'), extract_arg(s.arg_set_id, 'args.${name}'))`;
}

describe.skipIf(SHELL === undefined)('trace_processor', { timeout: 600_000 }, () => {
  it('finds nothing wrong with any trace, and loses no record', () => {
    for (const format of ['perfetto', 'chrome'] as const) {
      const records = randomRecords(300, 3);
      const trace = loaded(format, records, { subjects: [] });
      expect(trace.troubles(), format).toEqual([]);
      const entries = trace.ask(`${argument('seq')}, s.ts, s.dur`, `FROM slice s WHERE ${argument('outcome')} IS NOT NULL ORDER BY ${argument('seq')}`);
      expect(entries, format).toEqual(records.map(({ seq, entryTime, exitTime }) => [seq, entryTime, exitTime - entryTime]));
    }
  });

  it('names the run and its threads, and knows who has the processor when', () => {
    const trace = loaded('perfetto', story());
    expect(trace.troubles()).toEqual([]);
    expect(trace.ask('name', 'FROM process WHERE pid = 1')).toEqual([['sample.ts on model 13.0.0 (riscv64-mcs)']]);
    expect(trace.ask('tid, t.name', 'FROM thread t JOIN process USING (upid) WHERE pid = 1 ORDER BY tid')).toEqual([[ALICE, 'alice'], [BOB, 'bob']]);
    expect(trace.ask('t.name, s.cpu, s.ts, s.dur, s.end_state', 'FROM sched s JOIN thread t USING (utid) ORDER BY s.ts')).toEqual([
      ['alice', 0, 1000, 300, 'S'], ['bob', 0, 1300, 1000, 'R'], ['alice', 0, 2300, 1000, 'R'], ['bob', 0, 3300, 1000, 'R'],
      ['alice', 0, 4300, 1000, 'R'], ['bob', 0, 5300, -1, null],
    ]);
    expect(trace.ask('state, ts, dur', "FROM thread_state JOIN thread USING (utid) WHERE name = 'alice' ORDER BY ts")).toEqual([
      ['Running', 1000, 300], ['S', 1300, 1000], ['Running', 2300, 1000], ['R', 3300, 1000], ['Running', 4300, 1000], ['R', 5300, 1000], ['X', 6300, -1],
    ]);
  });

  it('has kernel entries with their facts, states, counters and anomalies on the rows of their threads', () => {
    const trace = loaded('perfetto', story(), { anomalies: [{ seq: 2, thread: ALICE }] });
    const onThreads = 'FROM slice s JOIN thread_track k ON s.track_id = k.id JOIN thread t USING (utid)';
    expect(trace.ask(`t.name, s.name, s.category, s.ts, s.dur, s.depth, ${argument('outcome')}, ${argument('error')}`, `${onThreads} WHERE s.category = 'syscall' ORDER BY s.ts`)).toEqual([
      ['alice', 'RISCVPageGetAddress', 'syscall', 1000, 300, 0, 'replied', null], ['bob', 'TCBResume', 'syscall', 2000, 300, 0, 'completed', null],
      ['alice', 'RISCVPageGetAddress', 'syscall', 3000, 300, 0, 'error', 'InvalidCapability'], ['bob', 'Yield', 'syscall', 4000, 300, 0, 'completed', null],
      ['alice', 'RISCVPageGetAddress', 'syscall', 5000, 300, 0, 'replied', null], ['bob', 'TCBResume', 'syscall', 6000, 300, 0, 'completed', null],
    ]);
    expect(trace.ask(`t.name, s.ts, s.dur, ${argument('severity')}, ${argument('detail')}`, `${onThreads} WHERE s.category = 'anomaly' AND s.name LIKE 'K05 %'`)).toEqual([
      ['alice', 2300, 0, 'error', 'too short, by "one" word'],
    ]);
    expect(trace.ask('s.name, s.ts, s.dur', "FROM slice s JOIN track k ON s.track_id = k.id WHERE k.name = 'alice: state' ORDER BY s.ts")).toEqual([
      ['Running', 1000, 300], ['BlockedOnReply', 1300, 1000], ['Running', 2300, 4000],
    ]);
    expect(trace.ask('c.ts, c.value', "FROM counter c JOIN track k ON c.track_id = k.id WHERE k.name = 'bob: budget left'")).toEqual([[2300, 1_000_000]]);
  });

  it('joins both ends of an arrow', () => {
    const joined = `FROM flow f JOIN slice o ON f.slice_out = o.id JOIN slice i ON f.slice_in = i.id
      JOIN thread_track ok ON o.track_id = ok.id JOIN thread ot ON ot.utid = ok.utid JOIN thread_track ik ON i.track_id = ik.id JOIN thread it ON it.utid = ik.utid`;
    for (const format of ['perfetto', 'chrome'] as const) {
      expect(loaded(format, story()).ask('ot.name, o.name, o.ts, it.name, i.name, i.ts', joined), format).toEqual([
        ['alice', 'RISCVPageGetAddress', 5000, 'bob', 'lateReply', 5300],
      ]);
    }
  });
});
