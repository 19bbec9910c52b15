// SPDX-License-Identifier: BSD-2-Clause
import { Type, type Static } from 'typebox';
import { Moment, Natural, RunId, SeveritySchema, VirtualTime } from './common.ts';
import { PageLimit } from './records.ts';

/** One anomaly as kept. */
export const AnomalyRow = Type.Object({
  /** Grows with every stored anomaly, over all runs: the cursor of paging. */
  id: Natural,
  run: Type.String(),
  seq: Natural,
  time: VirtualTime,
  rule: Type.String(),
  severity: SeveritySchema,
  /** Thread concerned; usually the invoker. */
  thread: Natural,
  /** Its best name; empty when none is known. */
  threadName: Type.String(),
  /** Method id, or system call name where there is none. */
  method: Type.String(),
  /** What was seen and what was expected. */
  detail: Type.String(),
  /** The same for the same rule, method and situation, in every run. */
  fingerprint: Type.String(),
  /** When the service stored it. */
  foundAt: Moment,
});
export type AnomalyRow = Static<typeof AnomalyRow>;

/** Query of `GET /api/anomalies`. */
export const AnomalyQuery = Type.Object({
  run: Type.Optional(RunId),
  rule: Type.Optional(Type.String({ pattern: '^[A-Z][0-9]{2}$', description: 'rule id, e.g. K05' })),
  method: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'method id, e.g. SchedContextConsumed; or a system call name' })),
  thread: Type.Optional(Type.Integer({ minimum: 0, maximum: 0xffff_ffff, description: 'thread concerned' })),
  severity: Type.Optional(SeveritySchema),
  fingerprint: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'names the rule, the method and the situation' })),
  after: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: '`next` of the page before' })),
  limit: PageLimit,
}, { additionalProperties: false });
export type AnomalyQuery = Static<typeof AnomalyQuery>;

/** A page of anomalies, in the order in which they were found. */
export const AnomalyPage = Type.Object({
  anomalies: Type.Array(AnomalyRow),
  /** `after` of the next page, or null when this is the last. */
  next: Type.Union([Natural, Type.Null()]),
}, { $id: 'AnomalyPage' });
export type AnomalyPage = Static<typeof AnomalyPage>;
