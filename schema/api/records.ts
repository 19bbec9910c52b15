// SPDX-License-Identifier: BSD-2-Clause
import { Type, type Static } from 'typebox';
import { CauseName, Natural, OutcomeName, RunId, VirtualTime } from './common.ts';

/** One record as a row of a table: what a page shows without opening it. */
export const RecordRow = Type.Object({
  seq: Natural,
  /** Virtual time of kernel entry. */
  time: VirtualTime,
  /** Invoking thread; 0 for the idle thread. */
  thread: Natural,
  cause: CauseName,
  /** System call name; its number as text when the configuration has no such call; empty when the trap is no system call. */
  syscall: Type.String(),
  /** Capability type; empty when no capability was looked up. */
  capType: Type.String(),
  object: Natural,
  /** Method id; empty when the invoked capability has no such method. */
  method: Type.String(),
  outcome: OutcomeName,
  /** What the invoker received in this very trap, or null for nothing. */
  reply: Type.Union([Type.Object({ label: Natural, length: Natural }), Type.Null()]),
  /** Anomalies kept for this record. */
  anomalies: Natural,
});
export type RecordRow = Static<typeof RecordRow>;

/** Most rows of one page. */
export const MAX_PAGE = 5000;
export const DEFAULT_PAGE = 200;

export const PageLimit = Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_PAGE, description: `rows per page, ${DEFAULT_PAGE} unless given` }));

/** Query of `GET /api/runs/:run/records`. */
export const RecordQuery = Type.Object({
  from: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'first sequence number; also takes `next` of the page before' })),
  to: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'last sequence number' })),
  fromTime: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'entered at this virtual time or later, ns' })),
  toTime: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'entered at this virtual time or before, ns' })),
  thread: Type.Optional(Type.Integer({ minimum: 0, maximum: 0xffff_ffff, description: 'invoking thread' })),
  method: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'method id; or a system call name, for traps without a method' })),
  outcome: Type.Optional(OutcomeName),
  anomalies: Type.Optional(Type.Literal('only', { description: '`only`: records for which anomalies are kept' })),
  limit: PageLimit,
}, { additionalProperties: false });
export type RecordQuery = Static<typeof RecordQuery>;

/** A page of records in sequence order. */
export const RecordPage = Type.Object({
  rows: Type.Array(RecordRow),
  /**
   * `from` of the next page, or null when nothing is left up to `to` or the run's last record. A page of a sparse
   * filter may hold fewer rows than the limit and still have a next one.
   */
  next: Type.Union([Natural, Type.Null()]),
}, { $id: 'RecordPage' });
export type RecordPage = Static<typeof RecordPage>;

export const RecordParams = Type.Object({
  run: RunId,
  seq: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'sequence number' }),
}, { additionalProperties: false });
export type RecordParams = Static<typeof RecordParams>;
