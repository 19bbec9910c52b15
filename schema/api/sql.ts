// SPDX-License-Identifier: BSD-2-Clause
import { Type, type Static } from 'typebox';
import { LATEST_RUN, Natural, RunId } from './common.ts';

/** Rows of an answer unless a query asks for others, and the most that it can ask for. */
export const DEFAULT_SQL_ROWS = 1000;
export const MOST_SQL_ROWS = 100_000;
/** Characters of a query. */
export const MOST_SQL_TEXT = 16_384;

/** A value for a parameter of a query; whole numbers are INTEGER. */
export const SqlParameter = Type.Union([Type.String({ maxLength: MOST_SQL_TEXT }), Type.Number(), Type.Boolean(), Type.Null()]);
export type SqlParameter = Static<typeof SqlParameter>;

/** Body of `POST /api/sql`. */
export const SqlQuery = Type.Object({
  sql: Type.String({ minLength: 1, maxLength: MOST_SQL_TEXT, description: 'one SELECT' }),
  parameters: Type.Optional(Type.Union([Type.Array(SqlParameter, { maxItems: 100 }), Type.Record(Type.String(), SqlParameter)], {
    description: 'values for ?, as a list; or for :name, as an object',
  })),
  run: Type.Optional({ ...RunId, description: `the run that the query calls :run, \`${LATEST_RUN}\` unless given` }),
  explain: Type.Optional(Type.Boolean({ description: 'say how SQLite goes about the query instead of running it' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MOST_SQL_ROWS, description: `most rows of the answer, ${DEFAULT_SQL_ROWS} unless given` })),
}, { additionalProperties: false });
export type SqlQuery = Static<typeof SqlQuery>;

/** A value of an answer: NULL, a number, or text. Integers beyond 2^53 are decimal text, blobs are text `x'…'`. */
export const SqlValue = Type.Union([Type.Null(), Type.Number(), Type.String()]);
export type SqlValue = Static<typeof SqlValue>;

export const SqlResult = Type.Object({
  columns: Type.Array(Type.Object({ name: Type.String() })),
  rows: Type.Array(Type.Array(SqlValue)),
  /** There are more rows than the limit, or than fit an answer. */
  truncated: Type.Boolean(),
  /** Wall-clock time that the query took, ms. */
  elapsed: Type.Number(),
  /** The run that went by the name `latest`, or null when the query does not ask for it or there is none. */
  latest: Type.Union([Type.String(), Type.Null()]),
}, { $id: 'SqlResult' });
export type SqlResult = Static<typeof SqlResult>;

/** A view or table-valued function that queries can use. */
export const SqlTable = Type.Object({
  name: Type.String(),
  /** How it is called, for a function; empty for a view. */
  call: Type.String(),
  about: Type.String(),
  columns: Type.Array(Type.Object({ name: Type.String(), type: Type.Enum(['INTEGER', 'REAL', 'TEXT'] as const), about: Type.String() })),
});
export type SqlTable = Static<typeof SqlTable>;

/** `GET /api/sql/schema`. */
export const SqlSchema = Type.Object({
  /** What holds for all of them, a sentence each. */
  notes: Type.Array(Type.String()),
  tables: Type.Array(SqlTable),
  limits: Type.Object({ milliseconds: Natural, rows: Natural, bytes: Natural, memoryBytes: Natural }),
}, { $id: 'SqlSchema' });
export type SqlSchema = Static<typeof SqlSchema>;
