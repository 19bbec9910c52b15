// SPDX-License-Identifier: BSD-2-Clause
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RULES_REVISION } from '../../schema/rules/catalogue.ts';
import type { Anomaly } from '../../schema/rules/rule.ts';
import { KEPT_PER_FINGERPRINT } from '../ingest/limits.ts';
import { makeRuleEngine, type MakeRules } from '../ingest/run-writer.ts';
import { Administration } from '../store/administration.ts';
import { batchOf, lateReplyRecord, sampleRecord, shortReplyRecord } from '../testing/sample-records.ts';
import { StoredRuns } from '../testing/stored-runs.ts';
import { checkRun } from './check-run.ts';
import type { RecheckPlan } from './plan.ts';

const SHORT = 'K05/RISCVPageGetAddress/Call/replied/rw';
const LATE = 'N02/RISCVPageGetAddress/Call/replied/rw';
const LATER = 5_000_000;

/** The rules of the catalogue, with what they find changed. */
function rulesWith(change: (anomaly: Anomaly) => readonly Anomaly[]): MakeRules {
  return (interfaces, onAnomaly, snapshot) => makeRuleEngine(interfaces, (anomaly) => change(anomaly).forEach(onAnomaly), snapshot);
}

function plan(runs: StoredRuns, run: string, change?: (anomaly: Anomaly) => readonly Anomaly[], rule: string | null = null): RecheckPlan {
  return checkRun(runs.db, run, {
    file: join(runs.directory, 'recheck.plan'), rule, progress: () => undefined, ...(change === undefined ? {} : { makeRules: rulesWith(change) }),
  });
}

function recheck(runs: StoredRuns, run: string, change?: (anomaly: Anomaly) => readonly Anomaly[], rule: string | null = null): RecheckPlan {
  const made = plan(runs, run, change, rule);
  runs.administration.applyRecheck(made);
  return made;
}

/** Everything that a recheck may touch. */
function everything({ db }: StoredRuns): unknown {
  return ['anomaly', 'anomaly_group', 'finding', 'rule_state', 'run'].map((table) => db.prepare(`SELECT * FROM ${table}`).all());
}

function rows({ db }: StoredRuns): unknown[] {
  return db.prepare('SELECT id, seq, rule FROM anomaly ORDER BY seq, rule').raw().all();
}

/** A run with short replies in records 5 and 9 and a late reply in 13, in batches of 4. */
function stored(): StoredRuns {
  const runs = new StoredRuns();
  const writer = runs.add({ id: 'a' }, [1, 2, 3, 4].map((seq) => sampleRecord(seq)), 1000, 'running');
  runs.store.transaction(() => {
    for (const first of [5, 9]) writer.take(batchOf([shortReplyRecord(first), ...[1, 2, 3].map((i) => sampleRecord(first + i))]), false, 1000);
    writer.take(batchOf([lateReplyRecord(13), sampleRecord(14)]), false, 1000);
    writer.end('ended', 'completed', '', 1000);
    writer.flush(true);
  });
  return runs;
}

describe('a recheck', () => {
  it('changes nothing where the rules say the same, but for the mark that they did', () => {
    const runs = stored();
    const before = everything(runs) as [unknown, unknown, unknown, { seq: number; body: string }[], Record<string, unknown>[]];
    runs.db.prepare("UPDATE run SET rules = '0'").run();
    expect(recheck(runs, 'a').tallies).toEqual([
      { rule: 'K05', gone: 0, added: 0, same: 2 }, { rule: 'N02', gone: 0, added: 0, same: 1 }, { rule: 'N03', gone: 0, added: 0, same: 1 },
    ]);
    const after = everything(runs) as typeof before;
    expect(after.slice(0, 4)).toEqual(before.slice(0, 4));
    expect(after[4]).toEqual([{ ...before[4][0], rules: RULES_REVISION, changed_at: expect.any(Number) as number }]);
  });

  it('takes away what a changed rule does not find any more, adds what it finds, and leaves the rest with its id', () => {
    const runs = stored();
    const [first, second, ...late] = rows(runs) as [number, number, string][];
    const { tallies } = recheck(runs, 'a', (anomaly) => {
      if (anomaly.rule === 'K05' && anomaly.seq === 5) return [];
      return anomaly.rule === 'N02' ? [anomaly, { ...anomaly, rule: 'K06', severity: 'warning', fingerprint: 'K06/new/Call/replied/rw', method: 'new' }] : [anomaly];
    });
    expect(tallies).toEqual([
      { rule: 'K05', gone: 1, added: 0, same: 1 }, { rule: 'K06', gone: 0, added: 1, same: 0 }, { rule: 'N02', gone: 0, added: 0, same: 1 }, { rule: 'N03', gone: 0, added: 0, same: 1 },
    ]);
    expect(first![1]).toBe(5);
    expect(rows(runs)).toEqual([second, [expect.any(Number), 13, 'K06'], ...late]);
    const { summary, anomalies } = runs.reader.run('a');
    expect(summary.anomalies.warning).toBe(1);
    expect(summary.anomalies.error + summary.anomalies.warning + summary.anomalies.info).toBe(4);
    expect(anomalies.find(({ rule }) => rule === 'K05')).toMatchObject({ count: 1, kept: 1, firstSeq: 9, lastSeq: 9 });
    expect(anomalies.find(({ rule }) => rule === 'K06')).toMatchObject({ count: 1, state: 'open' });
    expect(runs.reader.finding('K06/new/Call/replied/rw').finding.first).toMatchObject({ run: 'a', seq: 13 });
  });

  it('gives an anomaly that stays its new text and severity', () => {
    const runs = stored();
    const [[id]] = rows(runs) as [[number]];
    recheck(runs, 'a', (anomaly) => [anomaly.rule === 'K05' ? { ...anomaly, severity: 'info', detail: 'said better' } : anomaly]);
    expect(runs.reader.anomalies({ rule: 'K05' }).anomalies.map(({ severity, detail }) => [severity, detail])).toEqual([['info', 'said better'], ['info', 'said better']]);
    expect(runs.reader.anomalies({ rule: 'K05' }).anomalies[0]!.id).toBe(id);
    expect(runs.reader.findRun('a')!.anomalies.info).toBe(2);
    expect(runs.reader.finding(SHORT).finding.severity).toBe('info');
  });

  it('asks one rule alone: all others stay, and so does the revision', () => {
    const runs = stored();
    runs.db.prepare("UPDATE run SET rules = '0'").run();
    const before = rows(runs);
    recheck(runs, 'a', () => [], 'N02');
    expect(rows(runs)).toEqual(before.filter((row) => (row as unknown[])[2] !== 'N02'));
    expect(runs.db.prepare('SELECT rules FROM run').pluck().get()).toBe('0');
    expect(runs.reader.run('a').anomalies.map(({ rule }) => rule).sort()).toEqual(['K05', 'N03']);
  });

  it('keeps several anomalies of one rule in one record apart', () => {
    const runs = stored();
    const double = (anomaly: Anomaly): Anomaly[] => (anomaly.rule === 'K05' ? [anomaly, { ...anomaly, detail: 'second' }] : [anomaly]);
    expect(recheck(runs, 'a', double).tallies[0]).toEqual({ rule: 'K05', gone: 0, added: 2, same: 2 });
    const ids = rows(runs);
    expect(recheck(runs, 'a', double).tallies[0]).toEqual({ rule: 'K05', gone: 0, added: 0, same: 4 });
    expect(rows(runs)).toEqual(ids);
  });

  it('forgets a finding that no run shows any more, unless somebody decided something about it', () => {
    const runs = stored();
    runs.administration.decide(SHORT, { state: 'acknowledged', reason: 'known' });
    recheck(runs, 'a', () => []);
    expect(rows(runs)).toEqual([]);
    expect(runs.reader.run('a').summary.anomalies).toEqual({ error: 0, warning: 0, info: 0 });
    expect(() => runs.reader.finding(LATE)).toThrow(/no finding/);
    expect(runs.reader.finding(SHORT).finding).toMatchObject({ state: 'acknowledged', count: 0, runs: 0 });
  });

  it('brings a fixed finding back only in a run that started after the fix', () => {
    const runs = stored();
    recheck(runs, 'a', () => []);
    runs.db.exec(`INSERT INTO finding (fingerprint, rule, severity, method, state, changed_at, first_at, last_at) VALUES ('${SHORT}', 'K05', 'error', 'm', 'fixed', 2000, 1, 1)`);
    recheck(runs, 'a');
    expect(runs.reader.finding(SHORT).finding).toMatchObject({ state: 'fixed', count: 2 });
    runs.db.exec('UPDATE finding SET changed_at = 500');
    recheck(runs, 'a');
    expect(runs.reader.finding(SHORT).finding.state).toBe('regressed');
  });

  it('counts a flood beyond the rows that are kept', () => {
    const runs = new StoredRuns();
    const flood = KEPT_PER_FINGERPRINT + 40;
    runs.add({ id: 'flood' }, Array.from({ length: flood }, (_, i) => shortReplyRecord(1 + i)), 1000);
    expect(recheck(runs, 'flood').tallies[0]).toEqual({ rule: 'K05', gone: 0, added: 0, same: flood });
    // Without the first 100 the last rows move up, and fewer than the limit are left.
    expect(recheck(runs, 'flood', (anomaly) => (anomaly.seq <= 100 ? [] : [anomaly])).tallies[0]).toMatchObject({ gone: 140, added: 40 });
    expect(runs.reader.run('flood').anomalies[0]).toMatchObject({ count: flood - 100, kept: flood - 100, firstSeq: 101, lastSeq: flood });
    recheck(runs, 'flood');
    expect(runs.reader.run('flood').anomalies[0]).toMatchObject({ count: flood, kept: KEPT_PER_FINGERPRINT, firstSeq: 1, lastSeq: flood });
    expect(runs.db.prepare('SELECT count(*), max(seq) FROM anomaly').raw().get()).toEqual([KEPT_PER_FINGERPRINT, KEPT_PER_FINGERPRINT]);
  });

  it('gives the rules of an interrupted run what they know now, so that it goes on with it', () => {
    const runs = stored();
    const seq = runs.db.prepare('SELECT seq FROM rule_state').pluck().get();
    runs.db.exec("UPDATE rule_state SET body = '{}'");
    recheck(runs, 'a');
    expect(runs.db.prepare('SELECT seq FROM rule_state').pluck().get()).toBe(seq);
    expect(JSON.parse(runs.db.prepare('SELECT body FROM rule_state').pluck().get() as string)).toMatchObject({ version: 1 });
  });
});

describe('a run is left as it is', () => {
  it.each<[why: string, sql: string, message: RegExp]>([
    ['running', "UPDATE run SET state = 'running'", /still running/],
    ['records-dropped', `UPDATE run SET records_dropped_at = ${LATER}`, /not kept any more/],
    ['damaged', 'DELETE FROM chunk WHERE first_seq = 5', /records 5 to 8 .* are missing/],
    ['damaged', 'DELETE FROM chunk WHERE first_seq = 13', /records 13 to 14 .* are missing/],
    ['damaged', "UPDATE chunk SET body = x'0102' WHERE first_seq = 5", /cannot be read/],
    ['removed', "UPDATE run SET name = 'b'", /not there any more/],
  ])('%s, when it is asked: %s', (why, sql, message) => {
    const runs = stored();
    runs.db.exec(sql);
    const before = everything(runs);
    expect(() => plan(runs, 'a')).toThrow(expect.objectContaining({ name: 'NotCheckedError', why, message: expect.stringMatching(message) as string }));
    expect(everything(runs)).toEqual(before);
  });

  it.each(["UPDATE run SET state = 'running'", 'UPDATE run SET records = records + 1', `UPDATE run SET records_dropped_at = ${LATER}`, "UPDATE run SET rules = 'x'"])('when it changes meanwhile: %s', (sql) => {
    const runs = stored();
    const made = plan(runs, 'a', () => []);
    runs.db.exec(sql);
    const before = everything(runs);
    expect(() => runs.administration.applyRecheck(made)).toThrow(/changed while it was checked/);
    expect(everything(runs)).toEqual(before);
    expect(runs.db.pragma('database_list')).toHaveLength(1);
  });

  it('when a connection has it open, whose counts are in memory', () => {
    const runs = stored();
    expect(() => new Administration(runs.db, (run) => run === 'a').applyRecheck(plan(runs, 'a'))).toThrow(/changed while it was checked/);
  });

  it('when the exchange fails half way', () => {
    const runs = stored();
    const made = plan(runs, 'a', () => []);
    const before = everything(runs);
    runs.db.exec("CREATE TRIGGER full BEFORE DELETE ON anomaly_group BEGIN SELECT raise(ABORT, 'no room'); END");
    expect(() => runs.administration.applyRecheck(made)).toThrow('no room');
    expect(everything(runs)).toEqual(before);
    runs.db.exec('DROP TRIGGER full');
    runs.administration.applyRecheck(made);
    expect(rows(runs)).toEqual([]);
  });

  it('when the file of the plan is not what it was', () => {
    const runs = stored();
    const made = plan(runs, 'a');
    const before = everything(runs);
    expect(existsSync(made.file) && readFileSync(made.file).subarray(0, 6).toString()).toBe('SQLite');
    expect(() => runs.administration.applyRecheck({ ...made, file: join(runs.directory, 'service.lock') })).toThrow();
    expect(everything(runs)).toEqual(before);
  });
});
