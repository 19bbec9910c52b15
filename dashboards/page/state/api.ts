// SPDX-License-Identifier: BSD-2-Clause
/** The service's REST interface, as far as the page uses it. */
import type {
  AnomalyPage, AnomalyQuery, ComparisonQuery, ExportQuery, FindingDecision, FindingDetail, FindingPage, FindingQuery, HangReport, HistoryQuery, Job, LiveTicket, MethodHistory, RecordDetail, RecordPage,
  RecheckRequest, RecordQuery, RuleList, RunComparison, RunDetail, RunList, ServiceStatus, SessionInfo, SqlQuery, SqlResult, SqlSchema, ThreadList, ThreadQuery, ThreadStates, ThreadStatesQuery, ThreadStory,
} from '../../../schema/api/index.ts';
import { ClientError, createClient, type Client } from '../../../schema/client/index.ts';

/** What a person is told of a failed request. */
export function explainFailure(failure: unknown): string {
  if (!(failure instanceof Error)) return String(failure);
  return failure instanceof ClientError && failure.hint !== undefined ? `${failure.message}; ${failure.hint}` : failure.message;
}

/** A request was given up by the page itself. */
export function isAbort(failure: unknown): boolean {
  return failure instanceof Error && failure.name === 'AbortError';
}

/** The service wants a token that the page does not have. */
export function isUnauthorized(failure: unknown): boolean {
  return failure instanceof ClientError && failure.code === 'unauthorized';
}

/** Methods reject with a {@link ClientError}, or as the browser does for an aborted request. */
export class Api {
  private readonly client: Client;

  /** @param token asked for each request; undefined for none */
  constructor(fetchImplementation: typeof fetch, token: () => string | undefined) {
    this.client = createClient({ url: '.', fetch: fetchImplementation, token });
  }

  session(): Promise<SessionInfo> {
    return this.client.session();
  }

  liveTicket(): Promise<LiveTicket> {
    return this.client.liveTicket();
  }

  status(): Promise<ServiceStatus> {
    return this.client.status();
  }

  runs(): Promise<RunList> {
    return this.client.runs();
  }

  run(run: string): Promise<RunDetail> {
    return this.client.run(run);
  }

  threads(run: string): Promise<ThreadList> {
    return this.client.threads(run);
  }

  threadStates(run: string, query: ThreadStatesQuery): Promise<ThreadStates> {
    return this.client.threadStates(run, query);
  }

  thread(run: string, thread: number, query: ThreadQuery): Promise<ThreadStory> {
    return this.client.thread(run, thread, query);
  }

  hang(run: string): Promise<HangReport> {
    return this.client.hang(run);
  }

  sqlSchema(): Promise<SqlSchema> {
    return this.client.sqlSchema();
  }

  compare(query: ComparisonQuery): Promise<RunComparison> {
    return this.client.compare(query);
  }

  recheck(request: RecheckRequest): Promise<Job> {
    return this.client.recheck(request);
  }

  job(id: string): Promise<Job> {
    return this.client.job(id);
  }

  cancelJob(id: string): Promise<Job> {
    return this.client.cancelJob(id);
  }

  sql(query: SqlQuery): Promise<SqlResult> {
    return this.client.sql(query);
  }

  /** The trace as a file, to be read from the response. */
  exportRun(run: string, query: ExportQuery): Promise<Response> {
    return this.client.exportRun(run, query);
  }

  records(run: string, query: RecordQuery, signal?: AbortSignal): Promise<RecordPage> {
    return this.client.records(run, query, options(signal));
  }

  record(run: string, seq: number): Promise<RecordDetail> {
    return this.client.record(run, seq);
  }

  anomalies(query: AnomalyQuery, signal?: AbortSignal): Promise<AnomalyPage> {
    return this.client.anomalies(query, options(signal));
  }

  findings(query: FindingQuery): Promise<FindingPage> {
    return this.client.findings(query);
  }

  finding(fingerprint: string): Promise<FindingDetail> {
    return this.client.finding(fingerprint);
  }

  /** Decides about a finding; resolves to it as it is then. */
  decide(fingerprint: string, decision: FindingDecision): Promise<FindingDetail> {
    return this.client.decide(fingerprint, decision);
  }

  history(query: HistoryQuery): Promise<MethodHistory> {
    return this.client.history(query);
  }

  rules(): Promise<RuleList> {
    return this.client.rules();
  }
}

function options(signal: AbortSignal | undefined): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
