// SPDX-License-Identifier: BSD-2-Clause
/**
 * Version 1. The blob of a chunk comes last in its row, so that the other columns are read without its pages.
 * A key row of a chunk says how many of its records have a thread, method, outcome or system call (`KEY` of keys.ts).
 */
export const sql = `
CREATE TABLE run (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  program TEXT NOT NULL,
  kernel TEXT NOT NULL CHECK (kernel IN ('model', 'image')),
  kernel_version TEXT NOT NULL,
  configuration TEXT NOT NULL,
  seed INTEGER NOT NULL,
  defects TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'ended', 'interrupted')),
  end TEXT,
  end_detail TEXT NOT NULL DEFAULT '',
  started_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  records INTEGER NOT NULL DEFAULT 0,
  replies INTEGER NOT NULL DEFAULT 0,
  time INTEGER NOT NULL DEFAULT 0,
  errors INTEGER NOT NULL DEFAULT 0,
  warnings INTEGER NOT NULL DEFAULT 0,
  infos INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE chunk (
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES run (id),
  first_seq INTEGER NOT NULL,
  count INTEGER NOT NULL,
  first_time INTEGER NOT NULL,
  last_time INTEGER NOT NULL,
  body BLOB NOT NULL,
  UNIQUE (run, first_seq)
) STRICT;
CREATE INDEX chunk_by_time ON chunk (run, first_time);

CREATE TABLE chunk_key (
  run INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  key INTEGER NOT NULL,
  first_seq INTEGER NOT NULL,
  records INTEGER NOT NULL,
  PRIMARY KEY (run, kind, key, first_seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE subject (
  run INTEGER NOT NULL,
  id INTEGER NOT NULL,
  type INTEGER NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (run, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE method_count (
  run INTEGER NOT NULL,
  method TEXT NOT NULL,
  outcome INTEGER NOT NULL,
  records INTEGER NOT NULL,
  PRIMARY KEY (run, method, outcome)
) STRICT, WITHOUT ROWID;

CREATE TABLE anomaly (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run INTEGER NOT NULL REFERENCES run (id),
  seq INTEGER NOT NULL,
  time INTEGER NOT NULL,
  rule TEXT NOT NULL,
  severity TEXT NOT NULL,
  thread INTEGER NOT NULL,
  method TEXT NOT NULL,
  detail TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  found_at INTEGER NOT NULL
) STRICT;
CREATE INDEX anomaly_by_run ON anomaly (run);
CREATE INDEX anomaly_by_seq ON anomaly (run, seq);
CREATE INDEX anomaly_by_rule ON anomaly (run, rule);

CREATE TABLE anomaly_group (
  run INTEGER NOT NULL,
  fingerprint TEXT NOT NULL,
  rule TEXT NOT NULL,
  severity TEXT NOT NULL,
  method TEXT NOT NULL,
  found INTEGER NOT NULL,
  kept INTEGER NOT NULL,
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  PRIMARY KEY (run, fingerprint)
) STRICT, WITHOUT ROWID;

CREATE TABLE rule_state (
  run INTEGER PRIMARY KEY,
  seq INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;
`;
