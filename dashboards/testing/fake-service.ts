// SPDX-License-Identifier: BSD-2-Clause
/**
 * A trace service of made-up runs for the tests of the page: the real service's routes, headers and message forms,
 * with a test deciding what happens when. Whatever it says is checked against the schemas first.
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { WebSocketServer, type WebSocket } from 'ws';
import {
  AnomalyPage, FindingDetail, FindingPage, HangReport, Job, LATEST_RUN, LiveMessage, MethodHistory, RecordDetail, RecordPage, RuleList, RunComparison, RunDetail, RunList, ServiceStatus, SessionInfo, SqlResult, SqlSchema, ThreadList, ThreadStates, ThreadStory,
  type Finding, type FindingChange, type JobSummary, type RecordRow, type RunSummary, type SqlQuery,
} from '../../schema/api/index.ts';
import { ANOMALY_EVERY, anomalyRow, findingOf, historyOf, recordDetail, recordRow, RULE, runSummary, THREADS } from './fixtures.ts';
import { comparisonOf, endedJob, jobOf, recordsAnswer, SQL_SCHEMA } from './page-fixtures.ts';
import { hangReport, laneAnswer, threadStates, threadStory } from './thread-fixtures.ts';

const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
/** As the real service sends it; `img-src data:` left out, for the page needs none. */
const POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const checkLive = checker(LiveMessage);

interface Watcher {
  readonly socket: WebSocket;
  readonly run: string;
}

export class FakeService {
  /** Newest first. */
  readonly runs: RunSummary[] = [];
  version = '0.1.0';
  /** What the page may do. */
  access: SessionInfo['access'] = ['read', 'ingest', 'admin'];
  /** What was decided about the one finding, newest first. */
  readonly changes: FindingChange[] = [];
  /** Requests of records since the start. */
  recordRequests = 0;
  private readonly pages: string;
  private readonly server: Server;
  private readonly sockets = new WebSocketServer({ noServer: true });
  private readonly watchers = new Set<Watcher>();
  private port = 0;

  /** `pages`: folder of the built page. */
  constructor(pages: string) {
    this.pages = pages;
    this.server = createServer((request, response) => this.answer(request, response));
    this.server.on('upgrade', (request, socket, head) => {
      const run = new URL(request.url!, 'http://localhost').searchParams.get('run') ?? LATEST_RUN;
      if (run !== LATEST_RUN && this.find(run) === undefined) {
        socket.end('HTTP/1.1 404 Not Found\r\n\r\n');
        return;
      }
      this.sockets.handleUpgrade(request, socket, head, (client) => this.greet(client, run));
    });
  }

  /** Listens, on the port of the last time if there was one. */
  async start(): Promise<string> {
    await new Promise<void>((resolve) => { this.server.listen(this.port, '127.0.0.1', resolve); });
    this.port = (this.server.address() as AddressInfo).port;
    return `http://127.0.0.1:${this.port}`;
  }

  /** Breaks all connections. */
  async stop(): Promise<void> {
    for (const { socket } of this.watchers) socket.terminate();
    this.server.closeAllConnections();
    await new Promise((resolve) => { this.server.close(resolve); });
  }

  startRun(run: string, change: Partial<RunSummary> = {}): void {
    this.runs.unshift(runSummary(run, { state: 'running', end: null, ...change }));
    this.tell(run, { type: 'run-started', run: this.runs[0]! }, true);
    this.tell(run, { type: 'threads', run, threads: [...THREADS] });
  }

  endRun(run: string): void {
    const summary = this.change(run, { state: 'ended', end: 'completed' });
    this.tell(run, { type: 'run-ended', run: summary });
  }

  /** The feed tells of a job. */
  tellJob(job: JobSummary): void {
    for (const { socket } of this.watchers) send(socket, { type: 'job', job });
  }

  /** Commits records; the feed leaves out the first `skip` of them. */
  commit(run: string, records: number, skip = 0): void {
    const before = this.find(run)!.records;
    const last = before + records;
    const found = anomaliesUpTo(last);
    const summary = this.change(run, { records: last, time: last * 1370, anomalies: { error: found, warning: 0, info: 0 } });
    const hidden = anomaliesUpTo(before + skip) - anomaliesUpTo(before);
    if (skip > 0) this.tell(run, { type: 'skipped', run, records: skip, anomalies: hidden, threads: 0, from: before + 1, to: before + skip });
    const rows = rowsOf(before + skip + 1, last);
    this.tell(run, { type: 'records', run, rows, summary });
    const anomalies = rows.filter((row) => row.anomalies > 0).map((row) => anomalyRow(run, row.seq));
    if (anomalies.length > 0) this.tell(run, { type: 'anomalies', run, anomalies });
  }

  private greet(socket: WebSocket, run: string): void {
    const watcher = { socket, run };
    this.watchers.add(watcher);
    socket.on('close', () => this.watchers.delete(watcher));
    send(socket, { type: 'hello', run: this.find(run) ?? null, threads: this.find(run) === undefined ? [] : [...THREADS] });
  }

  private tell(run: string, message: LiveMessage, starts = false): void {
    for (const watcher of this.watchers) {
      const latest = watcher.run === LATEST_RUN && (starts || this.runs[0]?.run === run);
      if (latest || watcher.run === run) send(watcher.socket, message);
    }
  }

  private find(run: string): RunSummary | undefined {
    return run === LATEST_RUN ? this.runs[0] : this.runs.find((each) => each.run === run);
  }

  private change(run: string, change: Partial<RunSummary>): RunSummary {
    const index = this.runs.findIndex((each) => each.run === run);
    return (this.runs[index] = { ...this.runs[index]!, ...change });
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url!, 'http://localhost');
    response.setHeader('content-security-policy', POLICY);
    response.setHeader('x-content-type-options', 'nosniff');
    if (!url.pathname.startsWith('/api/')) return this.answerFile(url.pathname === '/' ? 'index.html' : url.pathname.slice(1), response);
    if (url.pathname.endsWith('/export')) return this.answerExport(url, response);
    response.setHeader('content-type', 'application/json');
    if (request.method === 'PATCH') return this.decide(request, response);
    if (request.method === 'POST' && url.pathname === '/api/sql') return this.askSql(request, response);
    const body = this.answerApi(url.pathname.slice('/api/'.length), url.searchParams);
    response.statusCode = body === undefined ? 404 : 200;
    response.end(JSON.stringify(body ?? { error: 'not-found', message: `nothing at ${url.pathname}` }));
  }

  private answerExport({ pathname, searchParams }: URL, response: ServerResponse): void {
    const table = searchParams.get('table') ?? '';
    response.setHeader('content-disposition', `attachment; filename="${pathname.split('/')[3]!}${table === '' ? '' : `.${table}`}.${searchParams.get('format')!}"`);
    response.end('the trace');
  }

  private askSql(request: IncomingMessage, response: ServerResponse): void {
    readBody<SqlQuery>(request, ({ sql, parameters, limit = 1000 }) => {
      const { first, last } = (parameters ?? {}) as { first?: number; last?: number };
      const wrong = sql.startsWith('DROP');
      response.statusCode = wrong ? 400 : 200;
      const answer = (): unknown => checkSql(first === undefined || last === undefined ? recordsAnswer(this.runs[0]!.run, limit) : laneAnswer(sql, first, last));
      response.end(JSON.stringify(wrong ? { error: 'bad-request', message: 'the query begins with DROP: only SELECT is answered' } : answer()));
    });
  }

  private decide(request: IncomingMessage, response: ServerResponse): void {
    readBody<{ state: FindingChange['state']; reason: string; release?: string }>(request, ({ state, reason, release = '' }) => {
      const wrong = release !== '' && !/^\d+\.\d+\.\d+$/.test(release);
      if (!wrong) this.changes.unshift({ state, reason, fixedIn: release, at: '2026-01-06T08:00:00.000Z' });
      response.statusCode = wrong ? 400 : 200;
      response.end(JSON.stringify(wrong ? { error: 'bad-request', message: 'field "release" must be a release such as 13.0.0' } : this.findingDetail()));
    });
  }

  /** The one finding, of all runs with anomalies. */
  private finding(): Finding {
    const { state, reason, fixedIn } = this.changes[0] ?? { state: 'open', reason: '', fixedIn: '' };
    return findingOf(this.runs.filter(({ records }) => records >= ANOMALY_EVERY).map(({ run, release, records }) => ({ run, release, count: anomaliesUpTo(records) })), { state, reason, fixedIn });
  }

  private findingDetail(): unknown {
    const finding = this.finding();
    const occurrences = this.runs.filter(({ records }) => records >= ANOMALY_EVERY).map(({ run, program, kernel, kernelVersion, configuration, release, startedAt, records }) => ({
      run, program, kernel, kernelVersion, configuration, release, startedAt, count: anomaliesUpTo(records), firstSeq: ANOMALY_EVERY, lastSeq: anomaliesUpTo(records) * ANOMALY_EVERY, recordsKept: true,
    }));
    const run = occurrences[0]?.run ?? '';
    return checkFinding({ finding, changes: this.changes, occurrences, example: { run, seq: ANOMALY_EVERY, href: `/api/runs/${run}/records/${ANOMALY_EVERY}` } });
  }

  private answerFile(name: string, response: ServerResponse): void {
    try {
      const content = readFileSync(join(this.pages, name));
      response.setHeader('content-type', TYPES[extname(name)] ?? 'text/plain');
      response.end(content);
    } catch {
      response.statusCode = 404;
      response.end();
    }
  }

  private answerApi(path: string, query: URLSearchParams): unknown {
    const [, name, part, seq] = path.split('/');
    if (path === 'status') return checkStatus({ service: 'sel4scope', version: this.version, startedAt: '2026-01-05T09:00:00.000Z', dataFile: 'traces.db', dataBytes: 1, runs: this.runs.length, records: 0, anomalies: 0, producers: 0, watchers: this.watchers.size, pendingBatches: 0 });
    if (path === 'runs') return checkRuns({ runs: this.runs, next: null });
    if (path === 'rules') return checkRules({ rules: [RULE] });
    if (path === 'anomalies') return this.anomalies(query);
    if (path === 'compare') return checkComparison(comparisonOf(this.find(query.get('a')!)!, this.find(query.get('b')!)!));
    if (path === 'sql/schema') return checkSqlSchema(SQL_SCHEMA);
    if (path === 'recheck') return checkJob({ ...endedJob(), ...jobOf() });
    if (path.startsWith('jobs/')) return checkJob(endedJob());
    if (path === 'session') return checkSession({ tokens: true, name: 'page', access: this.access });
    if (path === 'findings') {
      const finding = this.finding();
      return checkFindings({ findings: (query.get('state') ?? finding.state).split(',').includes(finding.state) ? [finding] : [], next: null });
    }
    if (path.startsWith('findings/')) return this.findingDetail();
    if (path === 'history') return checkHistory(historyOf(this.runs.find(({ records }) => records >= ANOMALY_EVERY)?.run ?? ''));
    const run = this.find(decodeURIComponent(name ?? ''));
    if (run === undefined) return undefined;
    if (part === undefined) return rollup(run, this.finding());
    if (part === 'threads' && seq === undefined) return checkThreads({ threads: THREADS });
    if (part === 'threads') return checkStory(threadStory(run.run, Number(seq), Math.min(run.records, Number(query.get('to') ?? Infinity)), Number(query.get('limit') ?? 200)));
    if (part === 'thread-states') return checkStates(threadStates(run.run, Math.min(run.records, Number(query.get('at') ?? Infinity))));
    if (part === 'hang') return checkHang(hangReport(run.run, run.records));
    if (part === 'records' && seq === undefined) return this.records(run, query);
    return part === 'records' && Number(seq) <= run.records ? checkDetail(recordDetail(run.run, Number(seq))) : undefined;
  }

  private records(run: RunSummary, query: URLSearchParams): unknown {
    this.recordRequests++;
    const limit = Number(query.get('limit') ?? 200);
    const to = Math.min(run.records, Number(query.get('to') ?? run.records));
    const rows: RecordRow[] = [];
    let seq = Number(query.get('from') ?? 1);
    for (; seq <= to && rows.length < limit; seq++) {
      const row = recordRow(seq);
      const wanted = (!query.has('thread') || row.thread === Number(query.get('thread'))) && (!query.has('outcome') || row.outcome === query.get('outcome'))
        && (!query.has('anomalies') || row.anomalies > 0) && (!query.has('method') || (row.method || row.syscall || row.cause) === query.get('method'));
      if (wanted) rows.push(row);
    }
    return checkPage({ rows, next: seq <= to ? seq : null });
  }

  private anomalies(query: URLSearchParams): unknown {
    const run = this.find(query.get('run') ?? LATEST_RUN)!;
    const limit = Number(query.get('limit') ?? 200);
    const after = Number(query.get('after') ?? 0);
    const rows = rowsOf(after + 1, run.records).filter((row) => row.anomalies > 0);
    const page = rows.slice(0, limit).map((row) => anomalyRow(run.run, row.seq));
    return checkAnomalies({ anomalies: page, next: rows.length > limit ? page.at(-1)!.id : null });
  }
}

/** The body of a request, once it is there. */
function readBody<T>(request: IncomingMessage, use: (body: T) => void): void {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => use(JSON.parse(Buffer.concat(parts).toString()) as T));
}

function rollup(summary: RunSummary, { state, reason }: Finding): unknown {
  const found = anomaliesUpTo(summary.records);
  const methods = ['CNodeMint', 'UntypedRetype', 'SchedContextConsumed', 'Send', 'ReplyRecv', 'vmFault'].map((method) => ({ method, outcome: 'replied', records: 1, time: 420, longest: 420 }));
  const group = { ...anomalyRow(summary.run, ANOMALY_EVERY), count: found, kept: found, firstSeq: ANOMALY_EVERY, lastSeq: found * ANOMALY_EVERY };
  const { fingerprint, rule, severity, method, count, kept, firstSeq, lastSeq } = group;
  return checkRollup({ summary, replies: summary.records, methods, anomalies: found === 0 ? [] : [{ fingerprint, rule, severity, method, count, kept, firstSeq, lastSeq, state, reason }] });
}

function rowsOf(from: number, to: number): RecordRow[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => recordRow(from + i));
}

function anomaliesUpTo(seq: number): number {
  return Math.floor(seq / ANOMALY_EVERY);
}

function send(socket: WebSocket, message: LiveMessage): void {
  socket.send(JSON.stringify(checkLive(message)));
}

/** Passes a value on if it has the form of the schema; a fake that says what the service never would proves nothing. */
function checker(schema: TSchema): (value: unknown) => unknown {
  const validator = Compile(schema);
  return (value) => {
    if (!validator.Check(value)) throw new Error(`the fake service made a wrong message: ${JSON.stringify([...validator.Errors(value)][0])}`);
    return value;
  };
}

const checkSession = checker(SessionInfo);
const checkComparison = checker(RunComparison);
const checkSqlSchema = checker(SqlSchema);
const checkJob = checker(Job);
const checkSql = checker(SqlResult);
const checkStory = checker(ThreadStory);
const checkStates = checker(ThreadStates);
const checkHang = checker(HangReport);
const checkStatus = checker(ServiceStatus);
const checkRuns = checker(RunList);
const checkRules = checker(RuleList);
const checkRollup = checker(RunDetail);
const checkThreads = checker(ThreadList);
const checkPage = checker(RecordPage);
const checkDetail = checker(RecordDetail);
const checkAnomalies = checker(AnomalyPage);
const checkFindings = checker(FindingPage);
const checkFinding = checker(FindingDetail);
const checkHistory = checker(MethodHistory);
