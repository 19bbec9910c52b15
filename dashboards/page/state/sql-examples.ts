// SPDX-License-Identifier: BSD-2-Clause
/** Questions to begin with. */
export interface SqlExample {
  readonly title: string;
  readonly sql: string;
}

export const SQL_EXAMPLES: readonly SqlExample[] = [
  { title: 'What the run does, and how it ends', sql: 'SELECT activity, outcome, count(*) AS records\nFROM records WHERE run = :run\nGROUP BY 1, 2 ORDER BY records DESC' },
  { title: 'Methods that take longest', sql: 'SELECT activity, outcome, records, mean, longest\nFROM methods WHERE run = :run\nORDER BY longest DESC LIMIT 20' },
  { title: 'Errors with their record', sql: "SELECT seq, thread, thread_name, method, error\nFROM records WHERE run = :run AND outcome = 'error'\nLIMIT 200" },
  { title: 'Who sends to whom', sql: 'SELECT kind, invoker, thread, thread_name, count(*) AS messages, min(seq) AS first_seq\nFROM deliveries WHERE run = :run AND thread <> invoker\nGROUP BY 1, 2, 3 ORDER BY messages DESC' },
  { title: 'How often each thread enters each state', sql: 'SELECT thread, thread_name, to_state, count(*) AS times, max(seq) AS last_seq\nFROM transitions WHERE run = :run\nGROUP BY 1, 3 ORDER BY 1, times DESC' },
  { title: 'Anomalies with what was asked', sql: 'SELECT a.rule, a.run, a.seq, r.syscall, r.method, r.error\nFROM anomalies a JOIN records_in(a.run, a.seq) r\nWHERE a.run = :run LIMIT 200' },
  { title: 'All runs', sql: 'SELECT run, program, kernel, configuration, release, records, errors, started_at\nFROM runs ORDER BY started_at DESC' },
];
