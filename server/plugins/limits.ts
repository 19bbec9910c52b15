// SPDX-License-Identifier: BSD-2-Clause
/** How much one caller may ask for before anybody looks at what it is. */
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyRequest, FastifyServerOptions } from 'fastify';
import type { ErrorBody } from '../../schema/api/index.ts';
import { networkOf } from '../safety/addresses.ts';
import { sendError } from './error-replies.ts';

export interface Limits {
  /** Characters of path and query. */
  readonly url: number;
  /** Bytes of a body, on routes that do not set another limit. */
  readonly body: number;
  /** Header lines, and bytes of all of them with the request line. */
  readonly headers: number;
  readonly headerBytes: number;
  /** Time to send all headers, and a body that is read whole, ms. */
  readonly headersTime: number;
  readonly requestTime: number;
  /** Connections at a time; more are closed at once. */
  readonly connections: number;
  /** WebSockets of one path at a time: of one network, and of all. */
  readonly socketsOfNetwork: number;
  readonly sockets: number;
}

export const LIMITS: Limits = {
  url: 8192, body: 256 * 1024, headers: 64, headerBytes: 16 * 1024, headersTime: 10_000, requestTime: 30_000,
  connections: 1024, socketsOfNetwork: 64, sockets: 256,
};

/** Most characters of a part of a path: a fingerprint, every one of them escaped. */
const LONGEST_PARAMETER = 600;
/** Time for a body that is taken piece by piece, such as a trace file, ms. */
const LONGEST_UPLOAD = 3_600_000;
/** How often Node looks for connections whose time is over, as a part of that time. */
const CHECKS_PER_TIME = 4;

/** What Node and Fastify watch over themselves. */
export function serverLimits({ body, headerBytes, headersTime, requestTime }: Limits): { readonly http: object; readonly options: FastifyServerOptions } {
  return {
    http: { maxHeaderSize: headerBytes, headersTimeout: headersTime, requestTimeout: Math.max(LONGEST_UPLOAD, requestTime), connectionsCheckingInterval: Math.ceil(headersTime / CHECKS_PER_TIME) },
    options: { bodyLimit: body, requestTimeout: Math.max(LONGEST_UPLOAD, requestTime), routerOptions: { maxParamLength: LONGEST_PARAMETER }, clientErrorHandler: answerBrokenRequest },
  };
}

/** Before all hooks that look into a request. */
export function useLimits(app: FastifyInstance, limits: Limits): void {
  app.server.maxConnections = limits.connections;
  app.addHook('onRequest', async ({ raw }, reply) => {
    if ((raw.url ?? '').length > limits.url) return sendError(reply, 414, tooLarge(`the address is longer than ${limits.url} characters`));
    if (raw.rawHeaders.length > 2 * limits.headers) return sendError(reply, 431, tooLarge(`there are more than ${limits.headers} headers`));
    return undefined;
  });
  limitBodyTime(app, limits.requestTime);
}

/** A body that is read whole has arrived when validation begins; one that is taken piece by piece is its handler's. */
function limitBodyTime(app: FastifyInstance, time: number): void {
  const timers = new WeakMap<FastifyRequest, NodeJS.Timeout>();
  const stop = async (request: FastifyRequest): Promise<void> => clearTimeout(timers.get(request));
  app.addHook('preParsing', async (request) => {
    if (request.headers['content-length'] === undefined && request.headers['transfer-encoding'] === undefined) return;
    timers.set(request, setTimeout(() => sayAndEnd(request.raw.socket, ...TOO_SLOW), time).unref());
  });
  app.addHook('preValidation', stop);
  app.addHook('onResponse', stop);
  app.addHook('onRequestAbort', stop);
}

/** After authentication, for the WebSockets of a scope: counts them by path and network. */
export function useSocketLimits(app: FastifyInstance, { socketsOfNetwork, sockets }: Pick<Limits, 'socketsOfNetwork' | 'sockets'>): void {
  const open = new Map<string, number>();
  app.addHook('onRequest', async (request, reply) => {
    if (!request.ws) return undefined;
    const [ofPath, ofNetwork] = keys(request);
    if ((open.get(ofNetwork) ?? 0) >= socketsOfNetwork || (open.get(ofPath) ?? 0) >= sockets) {
      return sendError(reply.header('retry-after', '5'), 503, { error: 'too-many-connections', message: `too many connections to ${ofPath}`, hint: 'close one, or wait until others do' });
    }
    for (const key of [ofPath, ofNetwork]) open.set(key, (open.get(key) ?? 0) + 1);
    request.raw.socket.once('close', () => {
      for (const key of [ofPath, ofNetwork]) {
        const left = open.get(key)! - 1;
        if (left === 0) open.delete(key);
        else open.set(key, left);
      }
    });
    return undefined;
  });
}

function keys(request: FastifyRequest): [ofPath: string, ofNetwork: string] {
  const path = request.routeOptions.url ?? '';
  return [path, `${path} ${networkOf(request.ip)}`];
}

function tooLarge(message: string): ErrorBody {
  return { error: 'too-large', message };
}

const TOO_SLOW: [string, ErrorBody] = ['408 Request Timeout', { error: 'timeout', message: 'the request did not arrive in time' }];

/** Requests that Node's parser gives up: too many bytes of headers, too slow, or no HTTP. */
const answerBrokenRequest: NonNullable<FastifyServerOptions['clientErrorHandler']> = (error, socket) => {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const [status, body]: [string, ErrorBody] = error.code === 'HPE_HEADER_OVERFLOW'
    ? ['431 Request Header Fields Too Large', tooLarge('the headers are too long')]
    : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? TOO_SLOW
      : ['400 Bad Request', { error: 'bad-request', message: 'this is no HTTP request' }];
  sayAndEnd(socket, status, body);
};

/** Answers past Fastify, on a connection that is of no further use. */
function sayAndEnd(socket: Socket, status: string, body: ErrorBody): void {
  const text = JSON.stringify(body);
  if (socket.writable) socket.write(`HTTP/1.1 ${status}\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`);
  socket.destroySoon();
}
