// SPDX-License-Identifier: BSD-2-Clause
/** WebSocket `/live`: sends pages what is committed, as it is. */
import type { FastifyInstance } from 'fastify';
import { LATEST_RUN, LiveQuery } from '../../schema/api/index.ts';
import { RequestError } from '../errors.ts';
import { upgradeRequired } from '../plugins/error-replies.ts';
import type { QueryClient } from '../query/query-client.ts';
import type { LiveHub } from './hub.ts';

export function liveEndpoint(app: FastifyInstance, hub: LiveHub, query: QueryClient): void {
  app.route<{ Querystring: LiveQuery }>({
    method: 'GET',
    url: '/live',
    config: { access: 'read', ticket: true },
    schema: { hide: true, querystring: LiveQuery },
    handler: upgradeRequired,
    preHandler: async (request) => {
      const run = request.query.run ?? LATEST_RUN;
      if (run !== LATEST_RUN && await query.ask('findRun', run) === undefined) throw new RequestError('unknown-run', `there is no run ${run}`, 'GET /api/runs lists them');
    },
    wsHandler: (socket, request) => {
      hub.add(socket, request.query.run ?? LATEST_RUN).catch((error: unknown) => {
        request.log.error(error);
        socket.terminate();
      });
    },
  });
}
