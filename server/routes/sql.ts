// SPDX-License-Identifier: BSD-2-Clause
import type { FastifyInstance } from 'fastify';
import { MOST_SQL_ROWS, SqlQuery, SqlResult, SqlSchema } from '../../schema/api/index.ts';
import { MOST_RESULT_BYTES, sqlTables } from '../sql/documented.ts';
import type { SqlClient } from '../sql/sql-client.ts';
import { NoQuery, responses } from './responses.ts';

const NOTES = [
  'Sequence numbers, ids, counts and virtual times (ns) are INTEGER; 64-bit words are TEXT, 0x and lower-case hexadecimal digits.',
  'Views records, deliveries and transitions are decoded while they are read, in sequence order, only the columns that a query uses: name a run. A range of records costs only itself: records_in(run, first, last), also joined, as in anomalies a JOIN records_in(a.run, a.seq) r.',
  '\'latest\' is the name of the newest run in a query that says \'latest\'; :run is the run that the request names, the newest unless it names one.',
  'Nothing else can be read: tables behind the views, schemas (main.…), sqlite_… and pragma_… are refused.',
];

export function sqlRoutes(app: FastifyInstance, sql: SqlClient): void {
  app.post<{ Body: SqlQuery }>('/sql', {
    schema: { summary: 'Ask in SQL: one SELECT over the views of /api/sql/schema', querystring: NoQuery, body: SqlQuery, response: responses(SqlResult) },
  }, (request) => sql.query(request.body));

  app.get('/sql/schema', {
    schema: { summary: 'What SQL can read', querystring: NoQuery, response: responses(SqlSchema) },
  }, (): SqlSchema => ({
    notes: NOTES, tables: sqlTables(),
    limits: { milliseconds: sql.limits.milliseconds, rows: MOST_SQL_ROWS, bytes: MOST_RESULT_BYTES, memoryBytes: sql.limits.memoryBytes },
  }));
}
