// SPDX-License-Identifier: BSD-2-Clause
/** Puts what a recheck found in place of what was found before: one transaction, so a crash leaves the one or the other. */
import type { Database } from 'better-sqlite3';
import { RULES_REVISION } from '../../schema/rules/catalogue.ts';
import { RequestError } from '../errors.ts';
import { Findings } from '../store/findings.ts';
import { runOfRow, SELECT_RUN, type RunRow, type StoredRun } from '../store/run-row.ts';
import type { StoredGroup } from '../store/trace-store.ts';
import type { CheckedGroup, RecheckPlan } from './plan.ts';

/**
 * Anomalies that stay keep their id and the time when they were found. Throws a RequestError `conflict` when the run
 * changed after it was checked, and what SQLite throws; then nothing is changed.
 */
export function applyPlan(db: Database, plan: RecheckPlan, now: number, isOpen: (run: string) => boolean = () => false): void {
  db.prepare('ATTACH ? AS plan').run(plan.file);
  try {
    db.transaction(() => {
      const run = unchangedRun(db, plan, isOpen);
      replaceRows(db, plan, now);
      replaceGroups(db, run, plan, now);
      if (plan.rule === null) {
        db.prepare('UPDATE run SET rules = ? WHERE id = ?').run(RULES_REVISION, plan.run);
        db.prepare('INSERT OR REPLACE INTO rule_state (run, seq, body) VALUES (?, ?, ?)').run(plan.run, plan.records, plan.ruleState);
      }
      db.prepare(COUNT_ANOMALIES).run({ run: plan.run, now });
    }).immediate();
  } finally {
    db.exec('DETACH plan');
  }
}

function unchangedRun(db: Database, { run: key, records, rulesBefore }: RecheckPlan, isOpen: (run: string) => boolean): StoredRun {
  const row = db.prepare(`${SELECT_RUN} WHERE id = ?`).get(key) as RunRow | undefined;
  const run = row && runOfRow(row);
  if (run === undefined || run.state === 'running' || run.importing || run.records !== records || run.rules !== rulesBefore || run.recordsDroppedAt !== 0
    || isOpen(run.description.id)) {
    throw new RequestError('conflict', `run ${run?.description.id ?? key} changed while it was checked`, 'check it again');
  }
  return run;
}

function replaceRows(db: Database, { run }: RecheckPlan, now: number): void {
  db.exec('DELETE FROM anomaly WHERE id IN (SELECT id FROM plan.gone)');
  db.exec(`UPDATE anomaly SET time = changed.time, severity = changed.severity, thread = changed.thread, method = changed.method, detail = changed.detail
    FROM plan.changed AS changed WHERE anomaly.id = changed.id`);
  db.prepare(`INSERT INTO anomaly (run, seq, time, rule, severity, thread, method, detail, fingerprint, found_at)
    SELECT :run, seq, time, rule, severity, thread, method, detail, fingerprint, :now FROM plan.added ORDER BY rowid`).run({ run, now });
}

function replaceGroups(db: Database, run: StoredRun, { rule, groups }: RecheckPlan, now: number): void {
  const findings = new Findings(db);
  const before = new Map((db.prepare('SELECT fingerprint, first_at AS firstAt, last_at AS lastAt FROM anomaly_group WHERE run = ? AND (:rule IS NULL OR rule = :rule)')
    .all(run.key, { rule }) as Pick<StoredGroup, 'fingerprint' | 'firstAt' | 'lastAt'>[]).map((group) => [group.fingerprint, group]));
  db.prepare('DELETE FROM anomaly_group WHERE run = ? AND (:rule IS NULL OR rule = :rule)').run(run.key, { rule });
  const insert = db.prepare(`INSERT INTO anomaly_group (run, fingerprint, rule, severity, method, found, kept, first_seq, last_seq, first_at, last_at)
    VALUES (:run, :fingerprint, :rule, :severity, :method, :found, :kept, :firstSeq, :lastSeq, :firstAt, :lastAt)`);
  for (const group of groups) {
    const stored = storedGroup(group, before.get(group.fingerprint), now);
    insert.run({ run: run.key, ...stored });
    findings.seen(run, stored);
    before.delete(group.fingerprint);
  }
  for (const fingerprint of before.keys()) findings.forget(fingerprint);
}

function storedGroup({ grown, ...group }: CheckedGroup, before: Pick<StoredGroup, 'firstAt' | 'lastAt'> | undefined, now: number): StoredGroup {
  return { ...group, firstAt: before?.firstAt ?? now, lastAt: before === undefined || grown ? now : before.lastAt };
}

const COUNT_ANOMALIES = `UPDATE run SET changed_at = :now,
  errors = (SELECT coalesce(sum(found), 0) FROM anomaly_group WHERE run = :run AND severity = 'error'),
  warnings = (SELECT coalesce(sum(found), 0) FROM anomaly_group WHERE run = :run AND severity = 'warning'),
  infos = (SELECT coalesce(sum(found), 0) FROM anomaly_group WHERE run = :run AND severity = 'info') WHERE id = :run`;
