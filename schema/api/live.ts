// SPDX-License-Identifier: BSD-2-Clause
/**
 * Messages of the live feed, WebSocket `/live?run=ID|latest`, from the service to a page that follows.
 *
 * The first message is `hello`. With `run=latest` the feed moves on to each new run (`run-started`). The feed shows
 * what was committed, in sequence order; what a page or the feed cannot keep up with is counted in `skipped`, and the
 * page reads it over REST when somebody looks. With conditions (`thread=`, `method=`, …) `skipped` counts what fulfils them,
 * and `summary` counts the whole run all the same.
 *
 * Every feed also tells of the service's jobs (`job`): after `hello` of those that are under way, then of each as it begins,
 * gets on and ends. Between two messages of one job that only tell how far it is there is a part of a second.
 */
import { Type, type Static } from 'typebox';
import { AnomalyRow } from './anomalies.ts';
import { Natural, OutcomeName, RunId } from './common.ts';
import { JobSummary } from './jobs.ts';
import { RecordRow } from './records.ts';
import { RunSummary, ThreadRow } from './runs.ts';

/** Conditions of a feed: only records that fulfil all, and only anomalies of the rule, method and thread, are sent. */
const CONDITIONS = {
  thread: Type.Optional(Type.Integer({ minimum: 0, maximum: 0xffff_ffff, description: 'invoking thread' })),
  method: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'method id; or a system call name, for traps without a method' })),
  outcome: Type.Optional(OutcomeName),
  anomalies: Type.Optional(Type.Literal('only', { description: '`only`: records for which anomalies are kept' })),
  rule: Type.Optional(Type.String({ pattern: '^[A-Z][0-9]{2}$', description: 'records with anomalies of this rule' })),
};
export const LiveFilter = Type.Object(CONDITIONS, { additionalProperties: false });
export type LiveFilter = Static<typeof LiveFilter>;

export const LiveQuery = Type.Object({
  run: Type.Optional(RunId),
  ...CONDITIONS,
  ticket: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'of `POST /api/live-ticket`, for browsers of a service that asks for tokens' })),
}, { additionalProperties: false });
export type LiveQuery = Static<typeof LiveQuery>;

/** First message: the followed run as it is now with the names of its threads, or null while there is none. */
export const LiveHello = Type.Object({
  type: Type.Literal('hello'),
  run: Type.Union([RunSummary, Type.Null()]),
  threads: Type.Array(ThreadRow),
});

/** A run begins, or an interrupted one goes on. */
export const LiveRunStarted = Type.Object({ type: Type.Literal('run-started'), run: RunSummary });

/** Names that are new or changed; precedes the first record of a named thread. */
export const LiveThreads = Type.Object({ type: Type.Literal('threads'), run: Type.String(), threads: Type.Array(ThreadRow) });

/** Records just committed. `summary` has the run's counts after them. */
export const LiveRecords = Type.Object({
  type: Type.Literal('records'),
  run: Type.String(),
  rows: Type.Array(RecordRow),
  summary: RunSummary,
});

export const LiveAnomalies = Type.Object({ type: Type.Literal('anomalies'), run: Type.String(), anomalies: Type.Array(AnomalyRow) });

/** What was committed but not sent on this feed since the message before. */
export const LiveSkipped = Type.Object({
  type: Type.Literal('skipped'),
  run: Type.String(),
  records: Natural,
  anomalies: Natural,
  /** Thread names: `GET /api/runs/:run/threads` has them. */
  threads: Natural,
  /** First and last sequence number of the records; both 0 when there are none. */
  from: Natural,
  to: Natural,
});

/** The producer said goodbye (state `ended`) or left (state `interrupted`). */
export const LiveRunEnded = Type.Object({ type: Type.Literal('run-ended'), run: RunSummary });

/** A job as it is now: the last message about a job that has ended has its `endedAt`. `GET /api/jobs/:job` has what it came to. */
export const LiveJob = Type.Object({ type: Type.Literal('job'), job: JobSummary });

export const LiveMessage = Type.Union([LiveHello, LiveRunStarted, LiveThreads, LiveRecords, LiveAnomalies, LiveSkipped, LiveRunEnded, LiveJob]);
export type LiveHello = Static<typeof LiveHello>;
export type LiveRunStarted = Static<typeof LiveRunStarted>;
export type LiveThreads = Static<typeof LiveThreads>;
export type LiveRecords = Static<typeof LiveRecords>;
export type LiveAnomalies = Static<typeof LiveAnomalies>;
export type LiveSkipped = Static<typeof LiveSkipped>;
export type LiveRunEnded = Static<typeof LiveRunEnded>;
export type LiveJob = Static<typeof LiveJob>;
export type LiveMessage = Static<typeof LiveMessage>;
