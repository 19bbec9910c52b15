// SPDX-License-Identifier: BSD-2-Clause
/** The service's REST interface, as far as the page uses it. */
import type {
  AnomalyPage, AnomalyQuery, ErrorBody, FindingDecision, FindingDetail, FindingPage, FindingQuery, HistoryQuery, MethodHistory, RecordDetail, RecordPage,
  RecordQuery, RuleList, RunDetail, RunList, ServiceStatus, SessionInfo, ThreadList,
} from '../../../schema/api/index.ts';

/** The service answered that it cannot, and why. */
export class ApiError extends Error {
  /** The service's stable name of the error; `unreachable` when no answer came at all. */
  readonly code: string;
  readonly hint: string | undefined;

  constructor(code: string, message: string, hint?: string) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.hint = hint;
  }
}

/** What a person is told of a failed request. */
export function explainFailure(failure: unknown): string {
  if (!(failure instanceof Error)) return String(failure);
  return failure instanceof ApiError && failure.hint !== undefined ? `${failure.message}; ${failure.hint}` : failure.message;
}

/** A request was given up by the page itself. */
export function isAbort(failure: unknown): boolean {
  return failure instanceof Error && failure.name === 'AbortError';
}

const ACCEPT_JSON = { accept: 'application/json' };

type Query = Readonly<Record<string, string | number | undefined>>;

export class Api {
  private readonly fetch: typeof fetch;

  constructor(fetchImplementation: typeof fetch) {
    this.fetch = fetchImplementation;
  }

  status(): Promise<ServiceStatus> {
    return this.get('api/status');
  }

  runs(): Promise<RunList> {
    return this.get('api/runs');
  }

  run(run: string): Promise<RunDetail> {
    return this.get(`api/runs/${encodeURIComponent(run)}`);
  }

  threads(run: string): Promise<ThreadList> {
    return this.get(`api/runs/${encodeURIComponent(run)}/threads`);
  }

  records(run: string, query: RecordQuery, signal?: AbortSignal): Promise<RecordPage> {
    return this.get(`api/runs/${encodeURIComponent(run)}/records`, query, signal);
  }

  record(run: string, seq: number): Promise<RecordDetail> {
    return this.get(`api/runs/${encodeURIComponent(run)}/records/${seq}`);
  }

  anomalies(query: AnomalyQuery, signal?: AbortSignal): Promise<AnomalyPage> {
    return this.get('api/anomalies', query, signal);
  }

  findings(query: FindingQuery): Promise<FindingPage> {
    return this.get('api/findings', query);
  }

  finding(fingerprint: string): Promise<FindingDetail> {
    return this.get(`api/findings/${encodeURIComponent(fingerprint)}`);
  }

  /** Decides about a finding; resolves to it as it is then. */
  decide(fingerprint: string, decision: FindingDecision): Promise<FindingDetail> {
    return this.ask(`api/findings/${encodeURIComponent(fingerprint)}`, {
      method: 'PATCH', headers: { ...ACCEPT_JSON, 'content-type': 'application/json' }, body: JSON.stringify(decision),
    });
  }

  history(query: HistoryQuery): Promise<MethodHistory> {
    return this.get('api/history', query);
  }

  /** Who the page is to the service, and what it may do. */
  session(): Promise<SessionInfo> {
    return this.get('api/session');
  }

  rules(): Promise<RuleList> {
    return this.get('api/rules');
  }

  /** Throws an {@link ApiError}, or what the browser throws for an aborted request. */
  private get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value));
    const text = parameters.toString();
    return this.ask(text === '' ? path : `${path}?${text}`, { headers: ACCEPT_JSON, ...(signal === undefined ? {} : { signal }) });
  }

  /** The one place from which the page asks the service. */
  private async ask<T>(url: string, init: RequestInit): Promise<T> {
    let response: Response;
    try {
      response = await this.fetch(url, init);
    } catch (failure) {
      if (isAbort(failure)) throw failure;
      throw new ApiError('unreachable', 'the service does not answer');
    }
    if (response.ok) return await response.json() as T;
    throw await errorOf(response);
  }
}

async function errorOf(response: Response): Promise<ApiError> {
  try {
    const body = await response.json() as ErrorBody;
    return new ApiError(body.error, body.message, body.hint);
  } catch {
    return new ApiError('internal', `the service answered with status ${response.status}`);
  }
}
