// SPDX-License-Identifier: BSD-2-Clause
/** The operations of `paths.ts` with their schemas: what the API's description groups them by, and what clients are typed by. */
import type { TSchema } from 'typebox';
import { CheckReport, ImportQuery, PrunePlan, PruneReport, RetentionPolicy } from './administration.ts';
import { AnomalyPage, AnomalyQuery } from './anomalies.ts';
import { ComparisonQuery, RunComparison } from './comparison.ts';
import { ExportQuery } from './export.ts';
import { FindingDecision, FindingDetail, FindingPage, FindingParams, FindingQuery } from './findings.ts';
import { HistoryQuery, MethodHistory } from './history.ts';
import { InterfaceDetail, InterfaceParams } from './interfaces.ts';
import { ImportJob, Job, JobList, JobParams, JobQuery, RecheckJob, RecheckRequest } from './jobs.ts';
import type { OperationId } from './paths.ts';
import { RecordDetail } from './record-detail.ts';
import { RecordPage, RecordParams, RecordQuery } from './records.ts';
import { RuleDetail, RuleList, RuleParams } from './rules.ts';
import { RunDetail, RunList, RunParams, RunQuery, RunSummary, TagChange, ThreadList } from './runs.ts';
import { LiveTicket, SessionInfo } from './session.ts';
import { SqlQuery, SqlResult, SqlSchema } from './sql.ts';
import { ServiceStatus } from './status.ts';
import { HangQuery, HangReport, ThreadParams, ThreadQuery, ThreadStates, ThreadStatesQuery, ThreadStory } from './threads.ts';

/** Groups of operations, in the order in which they are described. */
export const OPERATION_TAGS = {
  service: 'The service itself, and who one is to it',
  runs: 'Runs, and how they differ',
  records: 'Records: what each trap did',
  anomalies: 'What the rules found, in one run and over all of them',
  exchange: 'Traces for other tools',
  jobs: 'Work that takes longer than a request',
  upkeep: 'Taking care of what is kept',
  reference: 'Rules and interfaces',
} as const;

export interface Operation {
  readonly tag: keyof typeof OPERATION_TAGS;
  readonly params?: TSchema;
  readonly query?: TSchema;
  readonly body?: TSchema;
  /** Of a 2xx answer; undefined for a file. */
  readonly response?: TSchema;
}

export const OPERATIONS = {
  session: { tag: 'service', response: SessionInfo },
  liveTicket: { tag: 'service', response: LiveTicket },
  status: { tag: 'service', response: ServiceStatus },
  runs: { tag: 'runs', query: RunQuery, response: RunList },
  run: { tag: 'runs', params: RunParams, response: RunDetail },
  threads: { tag: 'runs', params: RunParams, response: ThreadList },
  thread: { tag: 'runs', params: ThreadParams, query: ThreadQuery, response: ThreadStory },
  threadStates: { tag: 'runs', params: RunParams, query: ThreadStatesQuery, response: ThreadStates },
  hang: { tag: 'runs', params: RunParams, query: HangQuery, response: HangReport },
  changeTags: { tag: 'runs', params: RunParams, body: TagChange, response: RunSummary },
  records: { tag: 'records', params: RunParams, query: RecordQuery, response: RecordPage },
  record: { tag: 'records', params: RecordParams, response: RecordDetail },
  exportRun: { tag: 'exchange', params: RunParams, query: ExportQuery },
  anomalies: { tag: 'anomalies', query: AnomalyQuery, response: AnomalyPage },
  findings: { tag: 'anomalies', query: FindingQuery, response: FindingPage },
  finding: { tag: 'anomalies', params: FindingParams, response: FindingDetail },
  decide: { tag: 'anomalies', params: FindingParams, body: FindingDecision, response: FindingDetail },
  history: { tag: 'anomalies', query: HistoryQuery, response: MethodHistory },
  compare: { tag: 'runs', query: ComparisonQuery, response: RunComparison },
  sql: { tag: 'records', body: SqlQuery, response: SqlResult },
  sqlSchema: { tag: 'records', response: SqlSchema },
  recheck: { tag: 'jobs', body: RecheckRequest, response: RecheckJob },
  jobs: { tag: 'jobs', query: JobQuery, response: JobList },
  job: { tag: 'jobs', params: JobParams, response: Job },
  restartJob: { tag: 'jobs', params: JobParams, response: Job },
  cancelJob: { tag: 'jobs', params: JobParams, response: Job },
  importRuns: { tag: 'exchange', query: ImportQuery, response: ImportJob },
  prune: { tag: 'upkeep', body: RetentionPolicy, response: PruneReport },
  planPrune: { tag: 'upkeep', body: RetentionPolicy, response: PrunePlan },
  checkStore: { tag: 'upkeep', response: CheckReport },
  backup: { tag: 'upkeep' },
  rules: { tag: 'reference', response: RuleList },
  rule: { tag: 'reference', params: RuleParams, response: RuleDetail },
  interfaces: { tag: 'reference', params: InterfaceParams, response: InterfaceDetail },
} as const satisfies Readonly<Record<OperationId, Operation>>;
