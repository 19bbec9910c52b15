// SPDX-License-Identifier: BSD-2-Clause
/** The service's REST interface, as far as the page uses it. */
import type {
  AnomalyPage, AnomalyQuery, FindingDecision, FindingDetail, FindingPage, FindingQuery, HistoryQuery, LiveTicket, MethodHistory, RecordDetail, RecordPage,
  RecordQuery, RuleList, RunDetail, RunList, ServiceStatus, SessionInfo, ThreadList,
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
