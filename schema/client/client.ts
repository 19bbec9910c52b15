// SPDX-License-Identifier: BSD-2-Clause
/**
 * Typed client of the trace service, for browsers and Node: one method for each operation of `schema/api/operations.ts`,
 * named as there. Its arguments are the path parameters in their order, then the query or the body where the operation
 * has one, then options.
 *
 *     const client = createClient({ url: 'https://traces.example.org:7474', token });
 *     const { runs } = await client.runs({ tag: 'nightly' });
 *     for await (const row of client.allRecords('latest', { outcome: 'error' })) console.log(row.seq, row.method);
 *
 * Methods reject with a {@link ClientError}.
 */
import type { Static, TSchema } from 'typebox';
import type { AnomalyQuery, AnomalyRow } from '../api/anomalies.ts';
import type { JobQuery, JobSummary } from '../api/jobs.ts';
import type { LATEST_RUN } from '../api/common.ts';
import type { Finding, FindingQuery } from '../api/findings.ts';
import type { LiveMessage } from '../api/live.ts';
import type { OPERATIONS } from '../api/operations.ts';
import { PATHS, type OperationId, type OperationPath } from '../api/paths.ts';
import type { RecordQuery, RecordRow } from '../api/records.ts';
import type { RunQuery, RunSummary } from '../api/runs.ts';
import { ClientError } from './error.ts';
import { liveMessages, type Socket } from './live.ts';
import { pathParameters, request, type RequestOptions, type Target, type UploadBody } from './request.ts';

export interface ClientOptions {
  /** Of the service, e.g. `http://127.0.0.1:7474`; `.` in pages that the service serves itself. */
  readonly url: string;
  /** For services that ask for one; a function is asked for each request. */
  readonly token?: string | (() => string | undefined);
  /** In place of the global ones. */
  readonly fetch?: typeof fetch;
  readonly WebSocket?: new (url: string) => Socket;
}

// A value of its own: the schemas beside the original are much to load for a page.
const LATEST: typeof LATEST_RUN = 'latest';

type Operations = typeof OPERATIONS;
type SchemaOf<Id extends OperationId, Part extends string> = Operations[Id] extends Readonly<Record<Part, infer S extends TSchema>> ? Static<S> : undefined;
type ParameterNames<Path> = Path extends `${string}:${infer Name}/${infer Rest}` ? [Name, ...ParameterNames<Rest>] : Path extends `${string}:${infer Name}` ? [Name] : [];
type ParameterValues<Names, Values> = { [K in keyof Names]: Names[K] extends keyof Values ? Values[Names[K]] : never };
type Optional<T> = object extends T ? [value?: T | undefined] : [value: T];
type Input<Id extends OperationId> = (typeof PATHS)[Id] extends { readonly input: infer Kind extends 'query' | 'body' } ? Optional<SchemaOf<Id, Kind>> : [];

type Upload<Id extends OperationId> = (typeof PATHS)[Id] extends { readonly upload: string } ? [file: UploadBody] : [];

/** Arguments of an operation. */
export type OperationArguments<Id extends OperationId> =
  [...parameters: ParameterValues<ParameterNames<(typeof PATHS)[Id]['path']>, SchemaOf<Id, 'params'>>, ...upload: Upload<Id>, ...input: Input<Id>, options?: RequestOptions];
/** What an operation answers: a body, or for a file the response to read it from. */
export type OperationAnswer<Id extends OperationId> = (typeof PATHS)[Id] extends { readonly file: true } ? Response : SchemaOf<Id, 'response'>;

type Methods = { readonly [Id in OperationId]: (...args: OperationArguments<Id>) => Promise<OperationAnswer<Id>> };

export interface Client extends Methods {
  /** Everything that matches, page by page as it is read. */
  allRuns(query?: RunQuery, options?: RequestOptions): AsyncGenerator<RunSummary, void, void>;
  allRecords(run: string, query?: RecordQuery, options?: RequestOptions): AsyncGenerator<RecordRow, void, void>;
  allAnomalies(query?: AnomalyQuery, options?: RequestOptions): AsyncGenerator<AnomalyRow, void, void>;
  allFindings(query?: FindingQuery, options?: RequestOptions): AsyncGenerator<Finding, void, void>;
  allJobs(query?: JobQuery, options?: RequestOptions): AsyncGenerator<JobSummary, void, void>;
  /**
   * What is committed, as it is, of one run or of whichever is the newest. Connects again when the connection is lost; each
   * connection begins with `hello`, whose run says how many records there are by now. Ends when `signal` aborts.
   */
  live(run?: string, options?: RequestOptions): AsyncGenerator<LiveMessage, void, void>;
}

export function createClient(options: ClientOptions): Client {
  const { token } = options;
  const target: Target = {
    url: options.url.replace(/\/+$/, ''),
    token: typeof token === 'function' ? token : () => token,
    fetch: options.fetch ?? ((input, init) => fetch(input, init)),
  };
  const methods = Object.fromEntries(Object.entries<OperationPath>(PATHS).map(([id, operation]) => [id, methodOf(target, operation)])) as unknown as Methods;
  return {
    ...methods,
    allRuns: (query, more) => pages((after: string | undefined) => methods.runs({ ...query, ...given({ after }) }, more), ({ runs }) => runs),
    allRecords: (run, query, more) => pages((from: number | undefined) => methods.records(run, { ...query, ...given({ from }) }, more), ({ rows }) => rows),
    allAnomalies: (query, more) => pages((after: number | undefined) => methods.anomalies({ ...query, ...given({ after }) }, more), ({ anomalies }) => anomalies),
    allFindings: (query, more) => pages((after: string | undefined) => methods.findings({ ...query, ...given({ after }) }, more), ({ findings }) => findings),
    allJobs: (query, more) => pages((after: string | undefined) => methods.jobs({ ...query, ...given({ after }) }, more), ({ jobs }) => jobs),
    live: (run = LATEST, { signal } = {}) => liveMessages({
      open: async () => openLive(options, target, run, target.token() === undefined ? undefined : (await methods.liveTicket(signal === undefined ? {} : { signal })).ticket),
      explain: async () => { await (run === LATEST ? methods.status() : methods.run(run)); },
    }, signal ?? new AbortController().signal),
  };
}

function methodOf(target: Target, operation: OperationPath): (...args: unknown[]) => Promise<unknown> {
  const parameters = pathParameters(operation.path).length;
  return (...args) => {
    const more = args.slice(parameters);
    const file = operation.upload === undefined ? undefined : more.shift() as UploadBody;
    const input = operation.input === undefined ? undefined : more.shift();
    return request(target, operation, args.slice(0, parameters), { input, file }, more[0] as RequestOptions | undefined);
  };
}

/** @param read the page that begins at `next` of the one before, or the first */
async function* pages<Next, Page extends { readonly next: Next | null }, Row>(read: (next: Next | undefined) => Promise<Page>, rowsOf: (page: Page) => readonly Row[]): AsyncGenerator<Row, void, void> {
  for (let next: Next | undefined; ;) {
    const page = await read(next);
    yield* rowsOf(page);
    if (page.next === null) return;
    next = page.next;
  }
}

/** A cursor as part of a query; nothing of it for the first page. */
function given<T extends Readonly<Record<string, unknown>>>(cursor: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.values(cursor).includes(undefined) ? {} : cursor as { [K in keyof T]?: Exclude<T[K], undefined> };
}

function openLive(options: ClientOptions, { url }: Target, run: string, ticket: string | undefined): Socket {
  const Implementation = options.WebSocket ?? (globalThis as { readonly WebSocket?: new (url: string) => Socket }).WebSocket;
  if (Implementation === undefined) throw new ClientError('unreachable', 'there is no WebSocket here; give createClient one');
  const base = (globalThis as { readonly location?: { readonly href: string } }).location?.href;
  const address = new URL(`${url}/live`, base);
  address.protocol = address.protocol.replace('http', 'ws');
  address.hash = '';
  address.search = new URLSearchParams({ run, ...(ticket === undefined ? {} : { ticket }) }).toString();
  return new Implementation(address.href);
}
