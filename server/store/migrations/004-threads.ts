// SPDX-License-Identifier: BSD-2-Clause
/**
 * Version 4: what the records say of a run's threads, so that questions about them need not read them all. `thread_checkpoint` has the
 * whole history after record `seq`, as JSON of that revision; `thread_chunk` how many states a thread entered and how many
 * faults it raised in a chunk. Runs of earlier versions have neither: their records are read.
 */
export const sql = `
CREATE TABLE thread_checkpoint (
  run INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  body TEXT NOT NULL,
  UNIQUE (run, seq)
) STRICT;

CREATE TABLE thread_chunk (
  run INTEGER NOT NULL,
  thread INTEGER NOT NULL,
  first_seq INTEGER NOT NULL,
  changes INTEGER NOT NULL,
  faults INTEGER NOT NULL,
  PRIMARY KEY (run, thread, first_seq)
) STRICT, WITHOUT ROWID;
`;
