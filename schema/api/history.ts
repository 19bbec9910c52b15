// SPDX-License-Identifier: BSD-2-Clause
/** Which release broke or mended a rule at a method. */
import { Type, type Static } from 'typebox';
import { Natural } from './common.ts';

/** Query of `GET /api/history`. */
export const HistoryQuery = Type.Object({
  rule: Type.String({ pattern: '^[A-Z][0-9]{2}$', description: 'rule id, e.g. K05' }),
  method: Type.String({ minLength: 1, maxLength: 64, description: 'method id, e.g. SchedContextConsumed; or a system call name' }),
}, { additionalProperties: false });
export type HistoryQuery = Static<typeof HistoryQuery>;

/** `bad`: the rule was broken; `good`: the method was invoked, and it was not; `untested`: no run invoked the method. */
export const Verdict = Type.Enum(['bad', 'good', 'untested'] as const);
export type Verdict = Static<typeof Verdict>;

/** What the runs of one release say. */
export const ReleaseHistory = Type.Object({
  /** Empty for runs whose release is not known. */
  release: Type.String(),
  verdict: Verdict,
  /** Runs that invoked the method or broke the rule, and those of them that broke it. */
  runs: Natural,
  badRuns: Natural,
  /** Records of the method, and anomalies of the rule at it. */
  records: Natural,
  count: Natural,
  /** Runs that were judged by another revision of the rules; `sel4scope recheck` judges them anew. */
  outdated: Natural,
  /** A record that broke the rule, of the newest run. */
  example: Type.Union([Type.Object({ run: Type.String(), seq: Natural }), Type.Null()]),
});
export type ReleaseHistory = Static<typeof ReleaseHistory>;

/** Two releases that were tested one after the other and do not agree. */
export const Turn = Type.Object({
  kind: Type.Enum(['broke', 'mended'] as const),
  /** The first release with the new verdict, and the last with the old one. */
  release: Type.String(),
  after: Type.String(),
  /** Releases between them that were not tested: the change may have come with any of these. */
  untested: Type.Array(Type.String()),
});
export type Turn = Static<typeof Turn>;

/** The releases of one kind of kernel in one configuration. */
export const HistoryLine = Type.Object({
  kernel: Type.Enum(['model', 'image'] as const),
  configuration: Type.String(),
  /** From the oldest to the newest release, runs of no known release last; untested releases between tested ones are there. */
  releases: Type.Array(ReleaseHistory),
  turns: Type.Array(Turn),
});
export type HistoryLine = Static<typeof HistoryLine>;

/** `GET /api/history`. */
export const MethodHistory = Type.Object({
  rule: Type.String(),
  title: Type.String(),
  method: Type.String(),
  lines: Type.Array(HistoryLine),
}, { $id: 'MethodHistory' });
export type MethodHistory = Static<typeof MethodHistory>;
