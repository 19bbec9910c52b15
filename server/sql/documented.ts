// SPDX-License-Identifier: BSD-2-Clause
/** What SQL can read, for people. */
import type { SqlTable } from '../../schema/api/index.ts';
import { CHUNK_TABLES } from './chunk-tables.ts';
import { STORED_VIEWS } from './stored-views.ts';

/** Characters of all text of an answer, about. */
export const MOST_RESULT_BYTES = 32 * 1024 * 1024;
/** The views and functions, as `GET /api/sql/schema` shows them. */
export function sqlTables(): SqlTable[] {
  const run = { name: 'run', type: 'TEXT' as const, about: 'run id' };
  return [
    ...CHUNK_TABLES.flatMap(({ view, range, about, columns }) => {
      const documented = columns.map((column) => ({ name: column.name, type: column.type, about: column.about }));
      return [
        { name: view, call: '', about, columns: [run, ...documented] },
        { name: range, call: `${range}(run, first, last)`, about: `rows of ${view} of the records first to last alone (of first, without last), without a look at others`, columns: documented },
      ];
    }),
    ...STORED_VIEWS.map(({ name, about, columns }) => ({ name, call: '', about, columns: columns.map((column) => ({ name: column.name, type: column.type, about: column.about })) })),
  ];
}

/** Queries that show what can be asked. */
export const SQL_EXAMPLES: readonly string[] = [
  `SELECT activity, outcome, count(*) FROM records WHERE run = 'latest' GROUP BY 1, 2`,
  `SELECT activity, mean, longest FROM methods WHERE run = 'latest' ORDER BY longest DESC LIMIT 10`,
  `SELECT thread_name, to_state, count(*) FROM transitions WHERE run = :run GROUP BY 1, 2`,
  `SELECT a.rule, r.syscall, r.method, r.error FROM anomalies a JOIN records_in(a.run, a.seq) r WHERE a.run = 'latest'`,
  `SELECT run, program, errors FROM runs ORDER BY started_at DESC`,
];
