// SPDX-License-Identifier: BSD-2-Clause
/** Every answer that is not 2xx is an `ErrorBody`. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorBody } from '../../schema/api/index.ts';
import { RequestError, StoreError, type RequestFault } from '../errors.ts';

const STATUS: Readonly<Record<RequestFault, number>> = {
  'bad-request': 400, 'unknown-run': 404, 'unknown-record': 404, 'unknown-rule': 404, 'unknown-configuration': 404, 'unknown-finding': 404, 'unknown-job': 404, conflict: 409,
  'records-dropped': 410, 'read-only': 403, 'too-large': 413, timeout: 503, unavailable: 503,
};

export function useErrorReplies(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    if (error instanceof RequestError) {
      return sendError(reply, STATUS[error.fault], { error: error.fault, message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) });
    }
    if (error instanceof StoreError) return sendError(reply, 503, { error: 'unavailable', message: error.message });
    const status = (error as { statusCode?: number }).statusCode ?? 500;
    if (status < 500) return sendError(reply, status, { error: status === 413 ? 'too-large' : 'bad-request', message: (error as Error).message });
    request.log.error(error);
    return sendError(reply, 500, { error: 'internal', message: 'the service failed to answer; its log says why' });
  });

  app.setNotFoundHandler((request, reply) => sendError(reply, 404, {
    error: 'not-found',
    message: `nothing here: ${request.method} ${request.url.split('?')[0]}`,
    hint: 'the API is described at /api/openapi.json',
  }));
}

/** Answers a request that cannot be routed, such as one whose path is not percent-encoded text. */
export function refuseUnroutable(error: Error & { readonly statusCode?: number }, _request: FastifyRequest, reply: FastifyReply): void {
  sendError(reply, error.statusCode ?? 400, { error: 'bad-request', message: error.message });
}

/** Answers a plain request for a route that is a WebSocket. */
export async function upgradeRequired(_request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  return sendError(reply.header('upgrade', 'websocket'), 426, { error: 'bad-request', message: 'this is a WebSocket; connect to it with one' });
}

export function sendError(reply: FastifyReply, status: number, body: ErrorBody): FastifyReply {
  return reply.code(status).type('application/json; charset=utf-8').send(JSON.stringify(body));
}
