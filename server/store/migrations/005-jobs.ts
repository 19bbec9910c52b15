// SPDX-License-Identifier: BSD-2-Clause
/**
 * Version 5: runs that an import has not completed are marked, and jobs are kept. `request`, `progress` and `result` of a
 * job are JSON; times are ms since 1970.
 */
export const sql = `
ALTER TABLE run ADD COLUMN importing INTEGER NOT NULL DEFAULT 0 CHECK (importing IN (0, 1));

CREATE TABLE job (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  ended_at INTEGER,
  request TEXT NOT NULL,
  progress TEXT NOT NULL,
  error TEXT,
  result TEXT NOT NULL
) STRICT;
CREATE INDEX job_by_kind ON job (kind, id);
CREATE INDEX job_by_state ON job (state, id);
`;
