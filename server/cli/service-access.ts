// SPDX-License-Identifier: BSD-2-Clause
/** Where commands find their traces: a service that runs already, or one of their own on the data directory. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Option, type Command } from 'commander';
import type { TraceClientOptions } from '../../emulator/probe/trace-client.ts';
import type { ErrorBody, ServiceStatus } from '../../schema/api/index.ts';
import type { Service, ServiceOptions as OwnServiceOptions } from '../app.ts';
import { packageFile } from '../package-paths.ts';
import { dataFile, isTraceFile } from '../store/location.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { readBytes } from './input-files.ts';

export const DEFAULT_PORT = 7474;
const LOOPBACK = '127.0.0.1';
/** How long a service may take to say that it is one, ms. */
const PROBE_TIMEOUT = 1500;
const JSON_BODY = { 'content-type': 'application/json' };

export interface ServiceOptions {
  /** URL of a running service. */
  readonly server?: string;
  /** Directory of the traces. */
  readonly data?: string;
  /** File with the token for the service. */
  readonly tokenFile?: string;
}

/** A service, however it is reached. */
export interface ServiceAccess {
  /** Of the dashboard; undefined when nobody but this process can reach the service. */
  readonly url: string | undefined;
  /** Answer of `GET path`. Throws a CommandError with the service's message. */
  get<T>(path: string, query?: Readonly<Record<string, string | number | undefined>>): Promise<T>;
  /** Answer of a request that changes something, with a JSON body if it has one. Throws as `get` does. */
  send<T>(method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<T>;
  /** Where the trace will be when the access is closed, if not in the service's data file. */
  readonly traceFile?: string;
  /** WebSocket URL for producers. */
  ingestUrl(): Promise<string>;
  /** What producers need besides. */
  readonly traceOptions: TraceClientOptions;
  close(): Promise<void>;
}

/** A service in another process. */
export interface RemoteAccess extends ServiceAccess {
  readonly url: string;
  /** Answer of `POST path` with a file of that many bytes as its body. Throws as `get` does. */
  upload<T>(path: string, query: Readonly<Record<string, string | undefined>>, file: { readonly stream: AsyncIterable<Uint8Array>; readonly bytes: number; readonly type: string }): Promise<T>;
}

/** Adds `--server`, `--token-file` and `--data`. */
export function withServiceOptions(command: Command): Command {
  return command
    .option('--server <url>', `a running service (default: http://${LOOPBACK}:${DEFAULT_PORT} if one runs there)`)
    .option('--token-file <file>', 'file with the token for the service (default: $SEL4SCOPE_TOKEN)')
    .addOption(new Option('--data <dir>', 'directory of the traces').env('SEL4SCOPE_DATA'));
}

/** Endings of files, which nobody gives a directory. */
const FILE_ENDING = /\.(?:s4trace|sel4trace|db|sqlite3?)$/i;

/** Directory of the traces: as given, or the user's data folder. Throws a CommandError for what looks like a file that is not there. */
export function dataDirectory(given: string | undefined): string {
  if (given !== undefined && FILE_ENDING.test(given) && !existsSync(given)) {
    throw new CommandError(EXIT.unreadable, `there is no file ${given}`, '--data takes a trace file that is there, or a directory, which needs another name');
  }
  if (given !== undefined) return resolve(given);
  const base = process.env['XDG_DATA_HOME'];
  return join(base !== undefined && base !== '' ? base : join(homedir(), '.local', 'share'), 'sel4scope');
}

/** Makes a service on a data directory with the built dashboard. Nothing listens yet. */
export async function ownService(data: string | undefined, options: Partial<OwnServiceOptions> = {}): Promise<Service> {
  const { createService } = await import('../app.ts');
  const directory = dataDirectory(data);
  return createService({ ...options, dataDirectory: directory, ...(isTraceFile(directory) ? { readOnly: true } : {}), dashboards: fileURLToPath(packageFile('dist/dashboards/public')) });
}

/** The service that the options name, else the one on the default port, else an own one. */
export async function accessService(options: ServiceOptions): Promise<ServiceAccess> {
  return await findService(options) ?? ownAccess(await ownService(options.data));
}

/** The service that the options name, else the one on the default port if it has the directory; undefined when there is none. */
export async function findService(options: ServiceOptions): Promise<RemoteAccess | undefined> {
  const token = tokenOf(options);
  if (options.server !== undefined) {
    const url = options.server.replace(/\/+$/, '');
    const found = await statusOf(url, token);
    if (found === undefined) throw new CommandError(EXIT.unreadable, `no sel4scope service answers at ${url}`, 'start one with `sel4scope serve`, or leave --server out');
    // Commands that only send traces work with a token that may not ask.
    if ('refusal' in found && found.refusal.error !== 'forbidden-access') throw refused(url, found.refusal);
    return remote(url, token);
  }
  const url = `http://${LOOPBACK}:${DEFAULT_PORT}`;
  const found = await statusOf(url, token);
  if (found !== undefined && 'refusal' in found && options.data === undefined) throw refused(url, found.refusal);
  if (found !== undefined && 'status' in found && (options.data === undefined || found.status.dataFile === dataFile(dataDirectory(options.data)))) return remote(url, token);
  return undefined;
}

/** Directory of the traces for commands that read them without a service: as given, else that of the service on the default port, else the user's. */
export async function localDirectory(data: string | undefined): Promise<string> {
  const found = data === undefined ? await statusOf(`http://${LOOPBACK}:${DEFAULT_PORT}`, tokenOf({})) : undefined;
  return found !== undefined && 'status' in found ? found.status.dataFile : dataDirectory(data);
}

/** What a running service answers to `GET path`, piece by piece. Throws a CommandError with the service's message. */
export async function download(options: ServiceOptions & { readonly server: string }, path: string, query: Readonly<Record<string, string | number | undefined>>): Promise<AsyncIterable<Uint8Array>> {
  const url = options.server.replace(/\/+$/, '');
  const response = await fetch(`${url}${withQuery(path, query)}`, { headers: authorization(tokenOf(options)) });
  if (!response.ok) return answer(false, await response.json());
  return response.body!;
}

/** The token that the options or the environment give; undefined for none. Throws a CommandError for a file that holds none. */
function tokenOf({ tokenFile }: ServiceOptions): string | undefined {
  const text = tokenFile === undefined ? process.env['SEL4SCOPE_TOKEN'] ?? '' : Buffer.from(readBytes(tokenFile)).toString('utf8');
  const token = text.trim();
  if (token === '' && tokenFile === undefined) return undefined;
  if (/^[\x21-\x7e]{1,256}$/.test(token)) return token;
  throw new CommandError(EXIT.usage, `${tokenFile ?? 'SEL4SCOPE_TOKEN'} holds no token`, 'it is the one line that `sel4scope token new` shows once; the line with sha256: is for the service');
}

function refused(url: string, { message, hint }: ErrorBody): CommandError {
  return new CommandError(EXIT.unreadable, `${url}: ${message}`, hint);
}

/** What a service says of itself, or why it says nothing; undefined when there is none. */
async function statusOf(url: string, token: string | undefined): Promise<{ status: ServiceStatus } | { refusal: ErrorBody } | undefined> {
  try {
    const response = await fetch(`${url}/api/status`, { signal: AbortSignal.timeout(PROBE_TIMEOUT), headers: authorization(token) });
    const body = await response.json() as Partial<ServiceStatus & ErrorBody>;
    if (body.service === 'sel4scope') return { status: body as ServiceStatus };
    return body.error === 'unauthorized' || body.error === 'forbidden-access' || body.error === 'too-many-failures' ? { refusal: body as ErrorBody } : undefined;
  } catch {
    return undefined;
  }
}

function authorization(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

function remote(url: string, token: string | undefined): RemoteAccess {
  return {
    url,
    traceOptions: token === undefined ? {} : { token },
    get: async (path, query) => {
      const response = await fetch(`${url}${withQuery(path, query)}`, { headers: authorization(token) });
      return answer(response.ok, await response.json());
    },
    send: async (method, path, body) => {
      const response = await fetch(`${url}${path}`, { method, headers: { ...authorization(token), ...(body === undefined ? {} : JSON_BODY) }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
      return answer(response.ok, await response.json());
    },
    upload: async (path, query, { stream, bytes, type }) => {
      const headers = { ...authorization(token), 'content-type': type, 'content-length': String(bytes) };
      const response = await fetch(`${url}${withQuery(path, query)}`, { method: 'POST', headers, body: stream, duplex: 'half' } as RequestInit);
      return answer(response.ok, await response.json());
    },
    ingestUrl: () => Promise.resolve(`${url.replace(/^http/, 'ws')}/ingest`),
    close: () => Promise.resolve(),
  };
}

/** A service of this process that nobody else reaches. */
export function ownAccess(service: Service, token?: string): ServiceAccess {
  let listening: Promise<string> | undefined;
  return {
    url: undefined,
    traceOptions: {},
    get: async (path, query) => {
      const response = await service.app.inject({ method: 'GET', url: withQuery(path, query), headers: authorization(token) });
      return answer(response.statusCode < 300, response.json());
    },
    send: async (method, path, body) => {
      const response = await service.app.inject({ method, url: path, headers: { ...authorization(token), ...(body === undefined ? {} : JSON_BODY) }, ...(body === undefined ? {} : { payload: JSON.stringify(body) }) });
      return answer(response.statusCode < 300, response.json());
    },
    ingestUrl: () => (listening ??= service.listen({ port: 0 }).then(({ ingestUrl }) => ingestUrl)),
    close: () => service.close(),
  };
}

/** `get` on a service of this process, with a token that it knows. */
export function inProcess(service: Service, url: string, ingestUrl: string, token: string): ServiceAccess {
  return { ...ownAccess(service, token), url, ingestUrl: () => Promise.resolve(ingestUrl) };
}

function withQuery(path: string, query: Readonly<Record<string, string | number | undefined>> = {}): string {
  const given = Object.entries(query).filter((entry): entry is [string, string | number] => entry[1] !== undefined);
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given.map(([k, v]): [string, string] => [k, String(v)])).toString()}`;
}

function answer<T>(ok: boolean, body: unknown): T {
  if (ok) return body as T;
  const { error, message, hint } = body as ErrorBody;
  throw new CommandError(error === 'bad-request' ? EXIT.usage : EXIT.unreadable, message, hint);
}
