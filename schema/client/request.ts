// SPDX-License-Identifier: BSD-2-Clause
/** One request to the service's REST interface. */
import type { ErrorBody } from '../api/common.ts';
import type { OperationPath } from '../api/paths.ts';
import { ClientError } from './error.ts';

export interface RequestOptions {
  readonly signal?: AbortSignal;
}

export interface Target {
  /** Of the service, without a slash at the end. */
  readonly url: string;
  readonly token: () => string | undefined;
  readonly fetch: typeof fetch;
}

/** Names of the parameters in a path, in their order. */
export function pathParameters(path: string): string[] {
  return [...path.matchAll(/:(\w+)/g)].map((match) => match[1]!);
}

/** A file as what is sent: a `Blob` is read while it is sent. */
export type UploadBody = Blob | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;

/** What goes with a request. */
export interface Given {
  /** Query or JSON body, as the operation takes it. */
  readonly input: unknown;
  /** The body of an operation that takes a file. */
  readonly file: UploadBody | undefined;
}

/** Answer of an operation: the parsed body, or the response itself for a file. Rejects with a {@link ClientError}, or as `fetch` does for an aborted request. */
export async function request(target: Target, operation: OperationPath, parameters: readonly unknown[], { input, file: upload }: Given, { signal }: RequestOptions = {}): Promise<unknown> {
  const { method, input: kind, file } = operation;
  const token = target.token();
  const headers: Record<string, string> = { accept: file === true ? '*/*' : 'application/json' };
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
  if (kind === 'body') headers['content-type'] = 'application/json';
  if (operation.upload !== undefined) headers['content-type'] = operation.upload;
  const address = `${target.url}${filledIn(operation.path, parameters)}${kind === 'query' ? queryText(input) : ''}`;
  let response: Response;
  try {
    response = await target.fetch(address, { method, headers, ...bodyOf(kind === 'body' ? JSON.stringify(input ?? {}) : upload), ...(signal === undefined ? {} : { signal }) });
  } catch (failure) {
    if (signal?.aborted === true) throw failure;
    throw new ClientError('unreachable', 'the service does not answer');
  }
  if (!response.ok) throw await errorOf(response);
  if (file === true) return response;
  try {
    return await response.json();
  } catch (failure) {
    if (signal?.aborted === true) throw failure;
    throw new ClientError('malformed', 'the answer broke off, or is none of this service', response.status);
  }
}

function bodyOf(body: string | UploadBody | undefined): RequestInit {
  if (body === undefined) return {};
  // A stream is sent while the answer may come already; fetch wants to hear that (Fetch standard, `duplex`).
  return body instanceof ReadableStream ? { body, duplex: 'half' } as RequestInit : { body };
}

function filledIn(path: string, values: readonly unknown[]): string {
  let next = 0;
  return path.replace(/:\w+/g, () => encodeURIComponent(String(values[next++])));
}

function queryText(query: unknown): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) parameters.set(name, String(value));
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

async function errorOf(response: Response): Promise<ClientError> {
  try {
    const { error, message, hint } = await response.json() as ErrorBody;
    if (typeof error === 'string' && typeof message === 'string') return new ClientError(error, message, response.status, hint);
  } catch {
    // Something between here and the service answered in its place.
  }
  return new ClientError('malformed', `the answer has status ${response.status}, and is none of this service`, response.status);
}
