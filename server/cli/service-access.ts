// SPDX-License-Identifier: BSD-2-Clause
/** Where commands find their traces: a service that runs already, or one of their own on the data directory. */
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Option, type Command } from 'commander';
import type { ErrorBody, ServiceStatus } from '../../schema/api/index.ts';
import type { Service } from '../app.ts';
import { packageFile } from '../package-paths.ts';
import { dataFile } from '../store/location.ts';
import { CommandError, EXIT } from './exit-codes.ts';

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
}

/** A service, however it is reached. */
export interface ServiceAccess {
  /** Of the dashboard; undefined when nobody but this process can reach the service. */
  readonly url: string | undefined;
  /** Answer of `GET path`. Throws a CommandError with the service's message. */
  get<T>(path: string, query?: Readonly<Record<string, string | number | undefined>>): Promise<T>;
  /** Answer of a request that changes something, with a JSON body if it has one. Throws as `get` does. */
  send<T>(method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<T>;
  /** WebSocket URL for producers. */
  ingestUrl(): Promise<string>;
  close(): Promise<void>;
}

/** Adds `--server` and `--data`. */
export function withServiceOptions(command: Command): Command {
  return command
    .option('--server <url>', `a running service (default: http://${LOOPBACK}:${DEFAULT_PORT} if one runs there)`)
    .addOption(new Option('--data <dir>', 'directory of the traces').env('SEL4SCOPE_DATA'));
}

/** Directory of the traces: as given, or the user's data folder. */
export function dataDirectory(given: string | undefined): string {
  if (given !== undefined) return resolve(given);
  const base = process.env['XDG_DATA_HOME'];
  return join(base !== undefined && base !== '' ? base : join(homedir(), '.local', 'share'), 'sel4scope');
}

/** Makes a service on a data directory with the built dashboard. Nothing listens yet. */
export async function ownService(data: string | undefined): Promise<Service> {
  const { createService } = await import('../app.ts');
  return createService({ dataDirectory: dataDirectory(data), dashboards: fileURLToPath(packageFile('dist/dashboards/public')) });
}

/** The service that the options name, else the one on the default port, else an own one. */
export async function accessService(options: ServiceOptions): Promise<ServiceAccess> {
  if (options.server !== undefined) {
    const url = options.server.replace(/\/+$/, '');
    if (await statusOf(url) === undefined) {
      throw new CommandError(EXIT.unreadable, `no sel4scope service answers at ${url}`, 'start one with `sel4scope serve`, or leave --server out');
    }
    return remote(url);
  }
  const url = `http://${LOOPBACK}:${DEFAULT_PORT}`;
  const status = await statusOf(url);
  if (status !== undefined && (options.data === undefined || status.dataFile === dataFile(dataDirectory(options.data)))) return remote(url);
  return own(await ownService(options.data));
}

/** Directory of the traces for commands that read them without a service: as given, else that of the service on the default port, else the user's. */
export async function localDirectory(data: string | undefined): Promise<string> {
  const status = data === undefined ? await statusOf(`http://${LOOPBACK}:${DEFAULT_PORT}`) : undefined;
  return status === undefined ? dataDirectory(data) : dirname(status.dataFile);
}

/** What a running service answers to `GET path`, piece by piece. Throws a CommandError with the service's message. */
export async function download(server: string, path: string, query: Readonly<Record<string, string | number | undefined>>): Promise<AsyncIterable<Uint8Array>> {
  const url = server.replace(/\/+$/, '');
  const response = await fetch(`${url}${withQuery(path, query)}`);
  if (!response.ok) return answer(false, await response.json());
  return response.body!;
}

async function statusOf(url: string): Promise<ServiceStatus | undefined> {
  try {
    const response = await fetch(`${url}/api/status`, { signal: AbortSignal.timeout(PROBE_TIMEOUT) });
    const status = await response.json() as Partial<ServiceStatus>;
    return status.service === 'sel4scope' ? status as ServiceStatus : undefined;
  } catch {
    return undefined;
  }
}

function remote(url: string): ServiceAccess {
  return {
    url,
    get: async (path, query) => {
      const response = await fetch(`${url}${withQuery(path, query)}`);
      return answer(response.ok, await response.json());
    },
    send: async (method, path, body) => {
      const response = await fetch(`${url}${path}`, { method, ...(body === undefined ? {} : { headers: JSON_BODY, body: JSON.stringify(body) }) });
      return answer(response.ok, await response.json());
    },
    ingestUrl: () => Promise.resolve(`${url.replace(/^http/, 'ws')}/ingest`),
    close: () => Promise.resolve(),
  };
}

function own(service: Service): ServiceAccess {
  let listening: Promise<string> | undefined;
  return {
    url: undefined,
    get: async (path, query) => {
      const response = await service.app.inject({ method: 'GET', url: withQuery(path, query) });
      return answer(response.statusCode < 300, response.json());
    },
    send: async (method, path, body) => {
      const response = await service.app.inject({ method, url: path, ...(body === undefined ? {} : { headers: JSON_BODY, payload: JSON.stringify(body) }) });
      return answer(response.statusCode < 300, response.json());
    },
    ingestUrl: () => (listening ??= service.listen({ port: 0 }).then(({ ingestUrl }) => ingestUrl)),
    close: () => service.close(),
  };
}

/** `get` on a service of this process. */
export function inProcess(service: Service, url: string, ingestUrl: string): ServiceAccess {
  return { ...own(service), url, ingestUrl: () => Promise.resolve(ingestUrl) };
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
