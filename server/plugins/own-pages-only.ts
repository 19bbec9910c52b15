// SPDX-License-Identifier: BSD-2-Clause
/**
 * Keeps other web pages out, with tokens and without. A Host that is no name of this service is a DNS name that was
 * pointed at this machine (rebinding), and an Origin other than our own is another page; browsers send one with every
 * write and with WebSockets, to which the same-origin policy does not apply.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { plainAddress } from '../safety/addresses.ts';
import { sendError } from './error-replies.ts';

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];
const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::[0-9]{1,5})?$/;

/** @param allowHosts further names under which the service answers */
export function useOwnPagesOnly(app: FastifyInstance, allowHosts: readonly string[]): void {
  const further = new Set(allowHosts.map((name) => (name.includes(':') ? `[${name}]` : name).toLowerCase()));
  const known = new Set([...LOOPBACK_NAMES, ...further]);

  app.addHook('onRequest', async (request, reply) => {
    const host = (request.headers.host ?? '').toLowerCase();
    const name = HOST.exec(host)?.[1];
    if (name === undefined || (!known.has(name) && name !== ownAddress(request))) {
      return sendError(reply, 403, {
        error: 'forbidden-host',
        message: `this service answers as ${['localhost', ...further].join(', ')} only, not as ${JSON.stringify(host)}`,
        hint: further.size === 0 ? 'open http://localhost with the port of the service, or start it with --allow-host NAME' : '--allow-host adds a name',
      });
    }
    const origin = request.headers.origin?.toLowerCase();
    // A proxy that does the encryption may stand before a name that was allowed.
    if (origin !== undefined && origin !== `${request.protocol}://${host}` && !(further.has(name) && origin === `https://${host}`)) {
      return sendError(reply, 403, { error: 'forbidden-origin', message: `requests from pages of ${JSON.stringify(origin)} are not answered` });
    }
    return undefined;
  });
}

/** The address that the connection came to, as a Host names it. No DNS name, hence nothing that could be pointed here. */
function ownAddress({ socket }: FastifyRequest): string | undefined {
  if (socket.localAddress === undefined) return undefined;
  const address = plainAddress(socket.localAddress);
  return address.includes(':') ? `[${address}]` : address;
}
