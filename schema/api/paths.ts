// SPDX-License-Identifier: BSD-2-Clause
/**
 * Every operation of the REST interface: its name, method, path, and whether it takes a query or a body. This is what a
 * client needs at run time; `operations.ts` says with which schemas, and a test holds both against the routes.
 */
export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface OperationPath {
  readonly method: HttpMethod;
  /** With `:name` for each path parameter. */
  readonly path: `/api/${string}`;
  readonly input?: 'query' | 'body';
  /** The body is a file of this media type. */
  readonly upload?: string;
  /** The answer is a file, not JSON. */
  readonly file?: true;
}

/** Media type of trace files (IANA). */
export const TRACE_FILE_TYPE = 'application/vnd.sqlite3';

export const PATHS = {
  session: { method: 'GET', path: '/api/session' },
  liveTicket: { method: 'POST', path: '/api/live-ticket' },
  status: { method: 'GET', path: '/api/status' },
  runs: { method: 'GET', path: '/api/runs', input: 'query' },
  run: { method: 'GET', path: '/api/runs/:run' },
  threads: { method: 'GET', path: '/api/runs/:run/threads' },
  thread: { method: 'GET', path: '/api/runs/:run/threads/:thread', input: 'query' },
  threadStates: { method: 'GET', path: '/api/runs/:run/thread-states', input: 'query' },
  hang: { method: 'GET', path: '/api/runs/:run/hang', input: 'query' },
  changeTags: { method: 'PATCH', path: '/api/runs/:run/tags', input: 'body' },
  records: { method: 'GET', path: '/api/runs/:run/records', input: 'query' },
  record: { method: 'GET', path: '/api/runs/:run/records/:seq' },
  exportRun: { method: 'GET', path: '/api/runs/:run/export', input: 'query', file: true },
  anomalies: { method: 'GET', path: '/api/anomalies', input: 'query' },
  findings: { method: 'GET', path: '/api/findings', input: 'query' },
  finding: { method: 'GET', path: '/api/findings/:fingerprint' },
  decide: { method: 'PATCH', path: '/api/findings/:fingerprint', input: 'body' },
  history: { method: 'GET', path: '/api/history', input: 'query' },
  compare: { method: 'GET', path: '/api/compare', input: 'query' },
  sql: { method: 'POST', path: '/api/sql', input: 'body' },
  sqlSchema: { method: 'GET', path: '/api/sql/schema' },
  recheck: { method: 'POST', path: '/api/recheck', input: 'body' },
  jobs: { method: 'GET', path: '/api/jobs', input: 'query' },
  job: { method: 'GET', path: '/api/jobs/:job' },
  restartJob: { method: 'POST', path: '/api/jobs/:job/restart' },
  cancelJob: { method: 'DELETE', path: '/api/jobs/:job' },
  importRuns: { method: 'POST', path: '/api/import', input: 'query', upload: TRACE_FILE_TYPE },
  prune: { method: 'POST', path: '/api/admin/prune', input: 'body' },
  planPrune: { method: 'POST', path: '/api/admin/prune/plan', input: 'body' },
  checkStore: { method: 'POST', path: '/api/admin/check' },
  backup: { method: 'GET', path: '/api/admin/backup', file: true },
  rules: { method: 'GET', path: '/api/rules' },
  rule: { method: 'GET', path: '/api/rules/:id' },
  interfaces: { method: 'GET', path: '/api/interfaces/:configuration' },
} as const satisfies Readonly<Record<string, OperationPath>>;

export type OperationId = keyof typeof PATHS;
