// SPDX-License-Identifier: BSD-2-Clause
/**
 * Keeps other web pages out. The service has no login, so it must answer only pages that it served itself: a Host
 * that is no loopback name is a DNS name that was pointed at this machine (rebinding), and an Origin other than our own
 * is another page; browsers send one with WebSockets, to which the same-origin policy does not apply.
 */
import type { FastifyInstance } from 'fastify';
import { sendError } from './error-replies.ts';

const LOOPBACK_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?$/i;

export function useLoopbackOnly(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    const host = request.headers.host ?? '';
    if (!LOOPBACK_HOST.test(host)) {
      return sendError(reply, 403, { error: 'forbidden-host', message: `this service answers as localhost only, not as ${JSON.stringify(host)}`, hint: 'open http://localhost with the port of the service' });
    }
    const origin = request.headers.origin;
    if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`) {
      return sendError(reply, 403, { error: 'forbidden-origin', message: `requests from pages of ${JSON.stringify(origin)} are not answered` });
    }
    return undefined;
  });
}
