// SPDX-License-Identifier: BSD-2-Clause
import { Type, type Static } from 'typebox';
import { Natural, OutcomeName, RunId } from './common.ts';
import { RunSummary } from './runs.ts';

/** What differs when two runs are compared: everything, or the protocol alone. */
export const ComparisonDepth = Type.Enum(['words', 'protocol'] as const, {
  description: '`words` compares the words of messages too; `protocol` only outcomes, message info, errors, what was written for whom, and thread states',
});
export type ComparisonDepth = Static<typeof ComparisonDepth>;

/** Query of `GET /api/compare`. */
export const ComparisonQuery = Type.Object({
  a: RunId,
  b: RunId,
  depth: Type.Optional(ComparisonDepth),
}, { additionalProperties: false });
export type ComparisonQuery = Static<typeof ComparisonQuery>;

/** One field of a pair of records that differs, as JSON of the record names it; `null` where a side has no such field. */
export const FieldDifference = Type.Object({
  field: Type.String(),
  a: Type.Union([Type.String(), Type.Null()]),
  b: Type.Union([Type.String(), Type.Null()]),
});
export type FieldDifference = Static<typeof FieldDifference>;

/** A pair of records that should be equal. One side is null when the other run has no record to match. */
export const RecordDifference = Type.Object({
  a: Type.Union([Natural, Type.Null()]),
  b: Type.Union([Natural, Type.Null()]),
  /** What the records do: thread, and method, system call or cause. */
  what: Type.String(),
  fields: Type.Array(FieldDifference),
});
export type RecordDifference = Static<typeof RecordDifference>;

/** Virtual time from entry to exit of the records of one method, ns. */
export const Latency = Type.Object({ median: Natural, p99: Natural, longest: Natural });
export type Latency = Static<typeof Latency>;

/** One method, system call or cause in both runs. */
export const MethodComparison = Type.Object({
  method: Type.String(),
  /** Records of each run. */
  a: Natural,
  b: Natural,
  /** Pairs whose requests differ: the threads did not do the same. */
  requests: Natural,
  /** Pairs with equal requests whose answers differ: the kernels did not do the same. */
  answers: Natural,
  /** Records without a partner in the other run. */
  unmatched: Natural,
  /** Mean virtual time from entry to exit in each run, ns; null without records. */
  meanTimeA: Type.Union([Type.Number(), Type.Null()]),
  meanTimeB: Type.Union([Type.Number(), Type.Null()]),
  latencyA: Type.Union([Latency, Type.Null()]),
  latencyB: Type.Union([Latency, Type.Null()]),
  /** How often each outcome in each run; those that occur. */
  outcomes: Type.Array(Type.Object({ outcome: OutcomeName, a: Natural, b: Natural })),
  /** The first pair that differs, or null. */
  first: Type.Union([RecordDifference, Type.Null()]),
});
export type MethodComparison = Static<typeof MethodComparison>;

/** Two runs record by record: the n-th time that a thread does something is matched with the n-th time in the other run. */
export const RunComparison = Type.Object({
  a: RunSummary,
  b: RunSummary,
  /**
   * Ids of those of the two whose records retention has dropped. Then counts alone are compared: outcomes and mean times are
   * those that were counted, `unmatched` is the difference in number, and nothing else is known.
   */
  recordsDropped: Type.Optional(Type.Array(Type.String())),
  /** Pairs compared. */
  pairs: Natural,
  /** The record of run a (or b, where a has no partner) that differs first. */
  first: Type.Union([RecordDifference, Type.Null()]),
  /** Those that differ first. */
  methods: Type.Array(MethodComparison),
}, { $id: 'RunComparison' });
export type RunComparison = Static<typeof RunComparison>;
