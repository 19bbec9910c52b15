// SPDX-License-Identifier: BSD-2-Clause
/** Questions to a store, answered from a read-only connection; the same in the service and without one. */
import { statSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import {
  DEFAULT_PAGE, type HangQuery, type HangReport, type LiveFilter, type ThreadQuery, type ThreadStates, type ThreadStatesQuery, type ThreadStory, type AnomalyGroup, type AnomalyPage, type AnomalyQuery, type FindingDetail, type FindingPage, type FindingQuery,
  type HistoryQuery, type MethodCount, type MethodHistory, type RecheckRequest, type RecordDetail,
  type JobList, type JobQuery, type ComparisonQuery, type RecordPage, type RecordQuery, type RunComparison, type RunDetail, type RunList, type RunQuery, type RunSummary, type ThreadList,
} from '../../schema/api/index.ts';
import { RULES_REVISION } from '../../schema/rules/catalogue.ts';
import { CAP_TYPE } from '../../schema/abi/cap-types.ts';
import { BatchReader, BatchScan, ReusedMemory } from '../../schema/trace/batch.ts';
import type { Subject } from '../../schema/trace/names.ts';
import { OUTCOMES, TrapRecord } from '../../schema/trace/trap-record.ts';
import { RequestError } from '../errors.ts';
import { interfacesByName } from '../interfaces.ts';
import { findRun, needRun } from '../store/find-run.ts';
import { runSummary, type StoredRun } from '../store/run-row.ts';
import type { KeptJob } from '../store/stored-jobs.ts';
import type { RecheckTarget } from '../recheck/jobs.ts';
import { anomaliesOfRecord, readAnomalies } from './anomalies.ts';
import { findAnomalousChunks, findChunkOf, findChunks, type AnomalousChunk, type FoundChunk } from './chunk-search.ts';
import { compareCounts } from './compare-counts.ts';
import { compareRuns, type ComparedRun } from './compare-runs.ts';
import { readFinding, readFindings } from './findings.ts';
import { readHistory } from './history.ts';
import { readJob, readJobs } from './jobs.ts';
import { liveMatches, type LiveMatches } from './live-matches.ts';
import { recordDetail } from './record-detail.ts';
import { hangOf, storyOf, threadStatesOf } from './threads/index.ts';
import { RecordFilter } from './record-filter.ts';
import { BatchRows } from './record-row.ts';
import { readRuns } from './run-list.ts';

/** Chunks that one page of a filtered query looks into at most; the page then ends early and names the next. */
const MAX_CHUNKS_PER_PAGE = 256;

/** Anomalies are counted for each row of a page that spans so many times its rows, and over all its range otherwise. */
const SPARSE = 64;

export interface StoreTotals {
  readonly runs: number;
  readonly records: number;
  readonly anomalies: number;
  /** Bytes of the database file and its write-ahead log. */
  readonly dataBytes: number;
}

export class TraceReader {
  private readonly db: Database;
  private readonly record = new TrapRecord();
  /** Of the chunk at hand. */
  private readonly memory = new ReusedMemory();

  constructor(db: Database) {
    this.db = db;
  }

  totals(): StoreTotals {
    const sums = this.db.prepare('SELECT count(*) AS runs, coalesce(sum(records), 0) AS records, coalesce(sum(errors + warnings + infos), 0) AS anomalies FROM run')
      .get() as { runs: number; records: number; anomalies: number };
    return { ...sums, dataBytes: fileBytes(this.db.name) + fileBytes(`${this.db.name}-wal`) };
  }

  /** Newest first. */
  runs(query: RunQuery = {}): RunList {
    return readRuns(this.db, query);
  }

  /** The run that a reference names (see `findRun` of the store); undefined when there is none. */
  findRun(run: string): RunSummary | undefined {
    const found = findRun(this.db, run);
    return found === undefined ? undefined : runSummary(found);
  }

  run(run: string): RunDetail {
    const found = this.need(run);
    const anomalies = this.db.prepare(`SELECT fingerprint, rule, anomaly_group.severity, method, found AS count, kept, first_seq AS firstSeq, last_seq AS lastSeq, state, reason
      FROM anomaly_group JOIN (SELECT fingerprint, state, reason FROM finding) USING (fingerprint) WHERE run = ? ORDER BY CASE severity WHEN 'error' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END, found DESC, fingerprint`)
      .all(found.key) as AnomalyGroup[];
    return { summary: runSummary(found), replies: found.replies, methods: this.methodCounts(found.key), anomalies };
  }

  threads(run: string): ThreadList {
    return {
      threads: this.db.prepare('SELECT id, name FROM subject WHERE run = ? AND type = ? ORDER BY id')
        .all(this.need(run).key, CAP_TYPE.Thread) as ThreadList['threads'],
    };
  }

  records(run: string, query: RecordQuery): RecordPage {
    const found = this.needRecords(run);
    const interfaces = interfacesByName(found.description.configuration);
    const filter = new RecordFilter(query, interfaces);
    const limit = query.limit ?? DEFAULT_PAGE;
    const page: RecordPage = { rows: [], next: null };
    let chunks = 0;
    for (const chunk of this.chunksFor(found.key, query, filter)) {
      if (chunks++ === MAX_CHUNKS_PER_PAGE) {
        page.next = chunk.firstSeq;
        break;
      }
      const scan = new BatchScan(chunk.body, this.memory.begin());
      const rows = new BatchRows(scan, interfaces);
      for (const index of filter.matches(scan, limit - page.rows.length, chunk.anomalous)) page.rows.push(rows.at(index));
      if (page.rows.length === limit) {
        page.next = page.rows.at(-1)!.seq + 1;
        break;
      }
    }
    if (page.next !== null && page.next > Math.min(query.to ?? Infinity, found.records)) page.next = null;
    this.countAnomalies(found.key, page);
    return page;
  }

  recordInFull(run: string, seq: number): RecordDetail {
    const found = this.needRecords(run);
    const chunk = findChunkOf(this.db, found.key, seq);
    if (chunk === undefined) {
      throw new RequestError('unknown-record', `run ${found.description.id} has no record ${seq}`,
        found.records === 0 ? 'it has no records yet' : `it has records 1 to ${found.records}`);
    }
    new BatchReader(chunk.body).read(seq - chunk.firstSeq, this.record);
    const interfaces = interfacesByName(found.description.configuration);
    return recordDetail({
      run: found.description.id,
      interfaces,
      record: this.record,
      nameOf: this.namesOf(found.key),
      methodAt: (earlier) => interfaces.byLabel[this.labelAt(found.key, earlier)],
      anomalies: anomaliesOfRecord(this.db, found.key, seq),
    });
  }

  anomalies(query: AnomalyQuery): AnomalyPage {
    return readAnomalies(this.db, query.run === undefined ? undefined : this.need(query.run).key, query);
  }

  findings(query: FindingQuery): FindingPage {
    return readFindings(this.db, query.run === undefined ? undefined : this.need(query.run).key, query);
  }

  finding(fingerprint: string): FindingDetail {
    return readFinding(this.db, fingerprint);
  }

  history(query: HistoryQuery): MethodHistory {
    return readHistory(this.db, query);
  }

  /** The runs that a recheck is asked for, oldest first. Throws a RequestError for one that there is not or that still runs. */
  recheckTargets({ runs, select }: RecheckRequest): RecheckTarget[] {
    if (runs === undefined) {
      return this.db.prepare(`SELECT name AS run, records FROM run WHERE importing = 0 AND (:select = 'all' OR rules <> :revision) ORDER BY id`)
        .all({ select, revision: RULES_REVISION }) as RecheckTarget[];
    }
    return runs.map((run) => {
      const { description, records, state, importing } = this.need(run);
      if (importing) throw new RequestError('conflict', `run ${description.id} is just being imported`, 'the rules of this version judge it then');
      if (state === 'running') throw new RequestError('conflict', `run ${description.id} is still running`, 'recheck it when it has ended');
      return { run: description.id, records };
    });
  }

  /** Two runs, record by record; by their counts when the records of one are not kept any more. */
  compare(query: ComparisonQuery): RunComparison {
    const [a, b] = [this.need(query.a), this.need(query.b)];
    const summaries = { a: runSummary(a), b: runSummary(b) };
    const recordsDropped = [a, b].filter((run) => run.recordsDroppedAt !== 0).map(({ description }) => description.id);
    if (recordsDropped.length > 0) return { ...summaries, recordsDropped, ...compareCounts(this.methodCounts(a.key), this.methodCounts(b.key)) };
    return { ...summaries, ...compareRuns(this.compared(a), this.compared(b), query.depth ?? 'words') };
  }

  /** Records `from` to `to` and their anomalies, for a live feed with conditions. Throws a RequestError. */
  liveMatches(run: string, conditions: LiveFilter, from: number, to: number, most: number): LiveMatches {
    return liveMatches(this.db, this.need(run), conditions, from, to, most);
  }

  /** Throws a RequestError, also for a thread that the run does not have. */
  threadStory(run: string, thread: number, query: ThreadQuery): ThreadStory {
    return storyOf(this.db, this.need(run), thread, query);
  }

  threadStates(run: string, query: ThreadStatesQuery): ThreadStates {
    return threadStatesOf(this.db, this.need(run), query);
  }

  hang(run: string, query: HangQuery): HangReport {
    return hangOf(this.db, this.need(run), query);
  }

  jobs(query: JobQuery): JobList {
    return readJobs(this.db, query);
  }

  /** Throws a RequestError for a job that there is not. */
  job(id: string): KeptJob {
    return readJob(this.db, id);
  }

  close(): void {
    this.db.close();
  }

  private chunksFor(run: number, query: RecordQuery, filter: RecordFilter): Iterable<FoundChunk & Partial<AnomalousChunk>> {
    return query.anomalies === undefined ? findChunks(this.db, run, query, filter.keys) : findAnomalousChunks(this.db, run, query);
  }

  /** Most frequent first. */
  private methodCounts(run: number): MethodCount[] {
    const counts = this.db.prepare('SELECT method, outcome, records, time, longest FROM method_count WHERE run = ? ORDER BY records DESC, method, outcome')
      .all(run) as (Omit<MethodCount, 'outcome'> & { outcome: number })[];
    return counts.map((count) => ({ ...count, outcome: OUTCOMES[count.outcome]! }));
  }

  private compared({ key, description }: StoredRun): ComparedRun {
    const subjects = new Map((this.db.prepare('SELECT id, type, name FROM subject WHERE run = ?').all(key) as Subject[]).map((subject) => [subject.id, subject]));
    return {
      interfaces: interfacesByName(description.configuration),
      subject: (id) => subjects.get(id),
      records: () => this.allRecords(key),
      record: (seq) => {
        const chunk = findChunkOf(this.db, key, seq)!;
        const record = new TrapRecord();
        new BatchReader(chunk.body).read(seq - chunk.firstSeq, record);
        return record;
      },
    };
  }

  /** Every record of a run, each valid until the next is asked for. */
  private *allRecords(run: number): Iterable<TrapRecord> {
    const record = new TrapRecord();
    for (const chunk of findChunks(this.db, run, {}, [])) {
      const reader = new BatchReader(chunk.body);
      for (let i = 0; i < chunk.count; i++) {
        reader.read(i, record);
        yield record;
      }
    }
  }

  private need(run: string): StoredRun {
    return needRun(this.db, run);
  }

  /** A run whose records are there. */
  private needRecords(run: string): StoredRun {
    const found = this.need(run);
    if (found.recordsDroppedAt === 0) return found;
    throw new RequestError('records-dropped', `the records of run ${found.description.id} were dropped on ${new Date(found.recordsDroppedAt).toISOString()} to make room`,
      'its counts and anomalies are still there; runs with a tag that retention keeps stay whole');
  }

  private namesOf(run: number): (id: number) => string | undefined {
    const statement = this.db.prepare('SELECT name FROM subject WHERE run = ? AND id = ?').pluck();
    return (id) => statement.get(run, id) as string | undefined;
  }

  /** Label of the method that a record invoked, 0 for none. */
  private labelAt(run: number, seq: number): number {
    const chunk = findChunkOf(this.db, run, seq);
    return chunk === undefined ? 0 : new BatchScan(chunk.body).column('method')[seq - chunk.firstSeq]!;
  }

  private countAnomalies(run: number, page: RecordPage): void {
    if (page.rows.length === 0) return;
    const [from, to] = [page.rows[0]!.seq, page.rows.at(-1)!.seq];
    const isSparse = to - from > SPARSE * page.rows.length;
    const counted = this.db.prepare(`SELECT seq, count(*) FROM anomaly WHERE run = ? AND ${isSparse ? 'seq IN (SELECT value FROM json_each(?))' : 'seq BETWEEN ? AND ?'} GROUP BY seq`).raw()
      .all(run, ...(isSparse ? [JSON.stringify(page.rows.map(({ seq }) => seq))] : [from, to])) as [number, number][];
    const counts = new Map(counted);
    for (const row of page.rows) row.anomalies = counts.get(row.seq) ?? 0;
  }
}

function fileBytes(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
