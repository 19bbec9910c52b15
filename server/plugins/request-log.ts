// SPDX-License-Identifier: BSD-2-Clause
/**
 * What the service writes down of requests: never a token, a ticket or a query, which is where they would be. What is
 * logged is chosen field by field; the redaction stands behind it for whoever logs a whole request one day.
 */
import type { FastifyInstance } from 'fastify';
import { pino, type DestinationStream, type Level, type Logger } from 'pino';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const satisfies readonly Level[];
export type LogLevel = (typeof LOG_LEVELS)[number];

const SECRET_HEADERS = ['authorization', 'cookie', '"set-cookie"', '"sec-websocket-protocol"', '"proxy-authorization"'];
const REDACTED = [
  ...['headers', 'req.headers', 'request.headers', 'res.headers', 'err.headers'].flatMap((place) => SECRET_HEADERS.map((name) => (name.startsWith('"') ? `${place}[${name}]` : `${place}.${name}`))),
  'token', 'ticket', '*.token', '*.ticket', 'query.ticket', '*.query.ticket', '*.authorization',
];

/** A log of JSON lines. */
export function serviceLog(level: LogLevel, stream: DestinationStream): Logger {
  return pino({
    level,
    redact: { paths: REDACTED, censor: '[secret]' },
    serializers: { req: ({ method, url }: { method?: string; url?: string }) => ({ method, path: url?.split('?')[0] }) },
  }, stream);
}

/** One line for each request that was answered. */
export function useRequestLog(app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => {
    request.log.info({
      method: request.method, path: request.url.split('?')[0], status: reply.statusCode, ms: Math.round(reply.elapsedTime),
      address: request.ip, ...(request.caller === null || request.caller.name === '' ? {} : { caller: request.caller.name }),
    }, 'answered');
  });
  app.addHook('preHandler', async (request) => {
    if (request.ws) request.log.info({ path: request.url.split('?')[0], address: request.ip, ...(request.caller === null ? {} : { caller: request.caller.name }) }, 'connected');
  });
}
