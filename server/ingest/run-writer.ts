// SPDX-License-Identifier: BSD-2-Clause
/** Takes the batches of one run: checks them, runs the rules, and writes all that follows from them. */
import { CAP_TYPE } from '../../schema/abi/cap-types.ts';
import type { AnomalyRow, RecordRow, RunEndName } from '../../schema/api/index.ts';
import type { InterfaceModel } from '../../schema/idl/model.ts';
import { RuleEngine } from '../../schema/rules/engine.ts';
import type { Anomaly } from '../../schema/rules/rule.ts';
import type { RunSnapshot } from '../../schema/rules/run-state.ts';
import { BatchReader, ReusedMemory, unzigzag } from '../../schema/trace/batch.ts';
import type { Subject } from '../../schema/trace/names.ts';
import { OUTCOME, TrapRecord } from '../../schema/trace/trap-record.ts';
import { recordRow } from '../query/record-row.ts';
import { activityName, activityOf } from '../store/activity.ts';
import { KEY } from '../store/keys.ts';
import { runSummary, type StoredRun } from '../store/run-row.ts';
import { Tally, TimeTally } from '../store/tally.ts';
import type { StoredGroup, TraceStore } from '../store/trace-store.ts';
import { KEPT_PER_FINGERPRINT, LIVE_ROWS, RULE_STATE_INTERVAL } from './limits.ts';
import type { RunNews } from './messages.ts';
import { trimBatch } from './trim-batch.ts';

/** A batch that does not join the records that are there. */
export class SequenceGapError extends Error {
  override readonly name = 'SequenceGapError';
}

/** A batch that is well formed and yet cannot belong to the run. */
export class RefusedBatchError extends Error {
  override readonly name = 'RefusedBatchError';
}

/** What a run's writer asks of the rules; a {@link RuleEngine} has it. */
export type RunRules = Pick<RuleEngine, 'subject' | 'applyBatch' | 'snapshot'>;

/** Makes the rules of a run: new ones, or those that go on from a snapshot. Throws for a snapshot in another form. */
export type MakeRules = (interfaces: InterfaceModel, onAnomaly: (anomaly: Anomaly) => void, snapshot?: RunSnapshot) => RunRules;

/** The rules of the catalogue. */
export const makeRuleEngine: MakeRules = (interfaces, onAnomaly, snapshot) =>
  snapshot === undefined ? new RuleEngine(interfaces, onAnomaly) : RuleEngine.restore(interfaces, onAnomaly, snapshot);

interface Finding {
  readonly anomaly: Anomaly;
  readonly time: number;
}

/** Of the batch at hand: batches are handled one after the other. */
const MEMORY = new ReusedMemory();

/** Above every outcome. */
const OUTCOME_COUNT = 8;

export class RunWriter {
  readonly run: StoredRun;
  private readonly store: TraceStore;
  private readonly interfaces: InterfaceModel;
  private readonly makeRules: MakeRules;
  private readonly rules: RunRules;
  /** What the rules say of the batch at hand. */
  private findings: Finding[] = [];
  private readonly groups = new Map<string, StoredGroup>();
  private readonly threadNames = new Map<number, string>();
  private readonly record = new TrapRecord();

  private readonly threads = new Tally(0, 4096);
  private readonly activities = new Tally(-64, 512);
  private readonly outcomes = new Tally(0, OUTCOME_COUNT);
  /** Activity × outcome, in a batch, and over the whole commit. */
  private readonly batchCounts = new TimeTally(-64 * OUTCOME_COUNT, 512 * OUTCOME_COUNT);
  private readonly methodCounts = new TimeTally(-64 * OUTCOME_COUNT, 512 * OUTCOME_COUNT);

  private ruleStateSeq: number;
  /** They have seen the records of the store and no others. */
  private rulesIntact = true;
  private recordsBefore: number;
  private started = false;
  private ended = false;
  private readonly changedGroups = new Set<StoredGroup>();
  private newThreads = new Map<number, string>();
  private newBatches: BatchReader[] = [];
  private newAnomalies: AnomalyRow[] = [];
  private anomaliesFound = 0;

  /** Opens a run; its rules go on where they were. `makeRules`: for measurements. */
  constructor(store: TraceStore, run: StoredRun, interfaces: InterfaceModel, makeRules = makeRuleEngine) {
    this.store = store;
    this.run = run;
    this.recordsBefore = run.records;
    this.interfaces = interfaces;
    this.makeRules = makeRules;
    for (const group of store.groups(run.key)) this.groups.set(group.fingerprint, group);
    for (const { id, name } of store.subjects(run.key, CAP_TYPE.Thread)) this.threadNames.set(id, name);
    this.rules = this.restoreRules();
    this.ruleStateSeq = run.records;
  }

  /** Sequence number of the first record that is not there. */
  get nextSeq(): number {
    return this.run.records + 1;
  }

  /** The run begins or goes on. */
  start(now: number): void {
    this.run.state = 'running';
    this.run.changedAt = now;
    this.started = true;
  }

  /** Its tags were changed in the store. */
  retag(tags: readonly string[]): void {
    this.run.description = { ...this.run.description, tags };
  }

  end(state: 'ended' | 'interrupted', end: RunEndName | null, detail: string, now: number): void {
    this.run.state = state;
    this.run.end = end;
    this.run.endDetail = detail;
    this.run.changedAt = now;
    this.ended = true;
  }

  /**
   * Takes a batch. Records that are there already are passed over.
   * Throws a BatchError, SequenceGapError or RefusedBatchError before anything is written, and what SQLite throws.
   */
  take(bytes: Uint8Array, watched: boolean, now: number): void {
    // Batches that are kept for the live feed need memory of their own.
    const memory = watched ? undefined : MEMORY.begin();
    let batch = new BatchReader(bytes, memory);
    if (batch.firstSeq > this.nextSeq) {
      throw new SequenceGapError(`the batch begins with record ${batch.firstSeq}, but the next is ${this.nextSeq}; send the records from there`);
    }
    if (batch.count > 0 && batch.firstSeq < this.nextSeq) {
      if (batch.firstSeq + batch.count <= this.nextSeq) return;
      bytes = trimBatch(batch, this.nextSeq);
      batch = new BatchReader(bytes, memory);
    }
    if (batch.count > 0 && batch.header.firstTime < this.run.time) {
      throw new RefusedBatchError(`record ${batch.firstSeq} begins at ${batch.header.firstTime} ns, before the end of the record before it (${this.run.time} ns)`);
    }
    const findings = this.check(batch);
    this.name(batch.subjects);
    if (batch.count > 0) this.store.insertChunk(this.run.key, batch.header, bytes);
    this.countRecords(batch);
    for (const finding of findings) this.keep(finding, now);
    this.run.records += batch.count;
    if (batch.count > 0) this.run.time = batch.header.lastTime;
    this.run.changedAt = now;
    if (watched) this.newBatches.push(batch);
  }

  /** Writes what is summed up over a commit. `ruleState`: also what the rules know, whenever it was written last. */
  flush(ruleState: boolean): void {
    this.methodCounts.forEach((key, records, time, longest) => {
      this.store.addMethodCount(this.run.key, activityName(Math.floor(key / OUTCOME_COUNT), this.interfaces), outcomeOf(key), records, time, longest);
    });
    this.methodCounts.clear();
    for (const group of this.changedGroups) {
      this.store.saveGroup(this.run.key, group);
      // Of an import when it is complete.
      if (!this.run.importing) this.store.findings.seen(this.run, group);
    }
    this.changedGroups.clear();
    this.store.updateRun(this.run);
    if (this.rulesIntact && this.run.records - this.ruleStateSeq >= (ruleState ? 1 : RULE_STATE_INTERVAL)) {
      this.store.saveRuleState(this.run.key, { seq: this.run.records, body: JSON.stringify(this.rules.snapshot()) });
      this.ruleStateSeq = this.run.records;
    }
  }

  /** What changed since the last call; to be asked after the commit. */
  takeNews(): RunNews {
    const news: RunNews = {
      run: runSummary(this.run),
      recordsBefore: this.recordsBefore,
      started: this.started,
      ended: this.ended,
      threads: [...this.newThreads].map(([id, name]) => ({ id, name })),
      rows: this.newRows(),
      anomalies: this.newAnomalies.slice(-LIVE_ROWS),
      anomaliesFound: this.anomaliesFound,
    };
    this.recordsBefore = this.run.records;
    this.started = this.ended = false;
    this.newThreads = new Map();
    this.newBatches = [];
    this.newAnomalies = [];
    this.anomaliesFound = 0;
    return news;
  }

  /** The rules as they were after the last stored record: from their stored knowledge, and the records after it. */
  private restoreRules(): RunRules {
    const state = this.store.ruleState(this.run.key);
    const restored = state && this.rulesFrom(state.body);
    const rules = restored ?? this.makeRules(this.interfaces, this.found);
    const seq = restored === undefined ? 0 : state!.seq;
    for (const body of this.store.chunksFrom(this.run.key, seq + 1)) {
      const batch = new BatchReader(body, MEMORY.begin());
      for (const subject of batch.subjects) rules.subject(subject);
      rules.applyBatch(batch, this.record, Math.max(0, seq + 1 - batch.firstSeq));
      // They were kept when the records came.
      this.findings = [];
    }
    return rules;
  }

  /** Undefined when the knowledge was stored in another form: the rules then see all records again. */
  private rulesFrom(body: string): RunRules | undefined {
    try {
      return this.makeRules(this.interfaces, this.found, JSON.parse(body) as RunSnapshot);
    } catch {
      return undefined;
    }
  }

  private readonly found = (anomaly: Anomaly): void => {
    this.findings.push({ anomaly, time: this.record.entryTime });
  };

  private check(batch: BatchReader): Finding[] {
    this.findings = [];
    try {
      for (const subject of batch.subjects) this.rules.subject(subject);
      this.rules.applyBatch(batch, this.record);
    } catch (error) {
      this.rulesIntact = false;
      throw new RefusedBatchError(`the rules cannot take record ${this.record.seq}: ${error instanceof Error ? error.message : String(error)}`);
    }
    return this.findings;
  }

  private name(subjects: readonly Subject[]): void {
    this.store.saveSubjects(this.run.key, subjects);
    for (const { id, type, name } of subjects) {
      if (type !== CAP_TYPE.Thread) continue;
      this.threadNames.set(id, name);
      this.newThreads.set(id, name);
    }
  }

  private countRecords(batch: BatchReader): void {
    const { thread, cause, syscall, method, outcome } = batch.records;
    for (let i = 0; i < batch.count; i++) {
      const activity = activityOf(cause[i]!, unzigzag(syscall[i]!), method[i]!);
      this.threads.add(thread[i]!);
      this.batchCounts.add(activity * OUTCOME_COUNT + outcome[i]!, batch.exitTimes[i]! - batch.entryTimes[i]!);
    }
    this.batchCounts.forEach((key, records, time, longest) => {
      this.activities.add(Math.floor(key / OUTCOME_COUNT), records);
      this.outcomes.add(outcomeOf(key), records);
      this.methodCounts.add(key, time, records, longest);
    });
    this.batchCounts.clear();
    this.outcomes.forEach((key, records) => { if (key === OUTCOME.replied || key === OUTCOME.error) this.run.replies += records; });
    this.writeKeys(KEY.thread, this.threads, batch.firstSeq);
    this.writeKeys(KEY.activity, this.activities, batch.firstSeq);
    this.writeKeys(KEY.outcome, this.outcomes, batch.firstSeq);
  }

  private writeKeys(kind: number, tally: Tally, firstSeq: number): void {
    tally.forEach((key, records) => this.store.insertKey(this.run.key, kind, key, firstSeq, records));
    tally.clear();
  }

  private keep({ anomaly, time }: Finding, now: number): void {
    const group = this.groupOf(anomaly, now);
    group.found++;
    group.lastSeq = anomaly.seq;
    group.lastAt = now;
    this.changedGroups.add(group);
    this.run.anomalies[anomaly.severity]++;
    this.anomaliesFound++;
    if (group.kept >= KEPT_PER_FINGERPRINT) return;
    group.kept++;
    const id = this.store.insertAnomaly(this.run.key, anomaly, time, now);
    const { rule, severity, seq, thread, method, detail, fingerprint } = anomaly;
    this.newAnomalies.push({
      id, run: this.run.description.id, seq, time, rule, severity, thread, threadName: this.threadNames.get(thread) ?? '',
      method, detail, fingerprint, foundAt: new Date(now).toISOString(),
    });
    if (this.newAnomalies.length >= 2 * LIVE_ROWS) this.newAnomalies = this.newAnomalies.slice(-LIVE_ROWS);
  }

  private groupOf(anomaly: Anomaly, now: number): StoredGroup {
    const { fingerprint, rule, severity, method, seq } = anomaly;
    let group = this.groups.get(fingerprint);
    if (group === undefined) {
      group = { fingerprint, rule, severity, method, found: 0, kept: 0, firstSeq: seq, lastSeq: seq, firstAt: now, lastAt: now };
      this.groups.set(fingerprint, group);
    }
    return group;
  }

  private newRows(): RecordRow[] {
    const kept = new Map<number, number>();
    for (const { seq } of this.newAnomalies) kept.set(seq, (kept.get(seq) ?? 0) + 1);
    const rows: RecordRow[] = [];
    for (const batch of this.newBatches.toReversed()) {
      for (let i = batch.count - 1; i >= 0 && rows.length < LIVE_ROWS; i--) {
        batch.read(i, this.record);
        rows.push(recordRow(this.record, this.interfaces, kept.get(this.record.seq) ?? 0));
      }
    }
    return rows.reverse();
  }
}

/** The outcome of a key of `methodCounts`. */
function outcomeOf(key: number): number {
  return key - OUTCOME_COUNT * Math.floor(key / OUTCOME_COUNT);
}
