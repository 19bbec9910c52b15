// SPDX-License-Identifier: BSD-2-Clause
/**
 * Version 2: where a run comes from, its tags, what retention took away; time per method; anomalies of one fingerprint
 * over all runs (`finding`) with what people decided about them (`finding_change`).
 *
 * Runs of version 1 know none of it: texts are empty, times per method null.
 */
export const sql = `
ALTER TABLE run ADD COLUMN release TEXT NOT NULL DEFAULT '';
ALTER TABLE run ADD COLUMN build TEXT NOT NULL DEFAULT '';
ALTER TABLE run ADD COLUMN machine TEXT NOT NULL DEFAULT '';
ALTER TABLE run ADD COLUMN git_commit TEXT NOT NULL DEFAULT '';
ALTER TABLE run ADD COLUMN rules TEXT NOT NULL DEFAULT '';
ALTER TABLE run ADD COLUMN records_dropped_at INTEGER NOT NULL DEFAULT 0;

CREATE TABLE run_tag (
  run INTEGER NOT NULL REFERENCES run (id),
  tag TEXT NOT NULL,
  PRIMARY KEY (run, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_by_tag ON run_tag (tag, run);

ALTER TABLE method_count ADD COLUMN time INTEGER;
ALTER TABLE method_count ADD COLUMN longest INTEGER;
CREATE INDEX method_count_by_method ON method_count (method, run);

ALTER TABLE anomaly_group ADD COLUMN first_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE anomaly_group ADD COLUMN last_at INTEGER NOT NULL DEFAULT 0;
UPDATE anomaly_group SET
  first_at = coalesce((SELECT found_at FROM anomaly WHERE anomaly.run = anomaly_group.run AND anomaly.seq = first_seq LIMIT 1), (SELECT started_at FROM run WHERE id = anomaly_group.run)),
  last_at = coalesce((SELECT found_at FROM anomaly WHERE anomaly.run = anomaly_group.run AND anomaly.seq = last_seq LIMIT 1), (SELECT changed_at FROM run WHERE id = anomaly_group.run));
CREATE INDEX anomaly_group_by_fingerprint ON anomaly_group (fingerprint);
CREATE INDEX anomaly_group_by_rule ON anomaly_group (rule, method);

CREATE TABLE finding (
  fingerprint TEXT PRIMARY KEY,
  rule TEXT NOT NULL,
  severity TEXT NOT NULL,
  method TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'acknowledged', 'expected', 'fixed', 'regressed')),
  reason TEXT NOT NULL DEFAULT '',
  fixed_in TEXT NOT NULL DEFAULT '',
  changed_at INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX finding_by_rule ON finding (rule, method);
INSERT INTO finding (fingerprint, rule, severity, method, state, changed_at, first_at, last_at)
  SELECT fingerprint, min(rule), min(severity), min(method), 'open', min(first_at), min(first_at), max(last_at) FROM anomaly_group GROUP BY fingerprint;

CREATE TABLE finding_change (
  id INTEGER PRIMARY KEY,
  fingerprint TEXT NOT NULL REFERENCES finding (fingerprint),
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  fixed_in TEXT NOT NULL DEFAULT '',
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX finding_change_by_fingerprint ON finding_change (fingerprint);
`;
