// SPDX-License-Identifier: BSD-2-Clause
/** WebSocket `/live`: sends pages what is committed, as it is. */
import type { FastifyInstance } from 'fastify';
import { LATEST_RUN, LiveQuery } from '../../schema/api/index.ts';
import { RequestError } from '../errors.ts';
import { interfacesByName } from '../interfaces.ts';
import { upgradeRequired } from '../plugins/error-replies.ts';
import type { QueryClient } from '../query/query-client.ts';
import { activityCode } from '../store/activity.ts';
import type { LiveHub } from './hub.ts';

const BUNDLED = ['riscv64-mcs', 'riscv64-classic'];

export function liveEndpoint(app: FastifyInstance, hub: LiveHub, query: QueryClient): void {
  app.route<{ Querystring: LiveQuery }>({
    method: 'GET',
    url: '/live',
    config: { access: 'read', ticket: true },
    schema: { hide: true, querystring: LiveQuery },
    handler: upgradeRequired,
    preHandler: async (request) => {
      const run = request.query.run ?? LATEST_RUN;
      const found = await query.ask('findRun', run);
      if (run !== LATEST_RUN) {
        if (found === undefined) throw new RequestError('unknown-run', `there is no run ${run}`, 'GET /api/runs lists them');
        request.query.run = found.run;
      }
      const { method } = request.query;
      // A run that comes later may be of another configuration; what no configuration has is refused.
      const configurations = found === undefined || run === LATEST_RUN ? BUNDLED : [found.configuration];
      if (method !== undefined && configurations.every((name) => activityCode(method, interfacesByName(name)) === undefined)) {
        throw new RequestError('bad-request', `there is no method, system call or cause ${JSON.stringify(method)}`, 'GET /api/interfaces/:configuration lists the methods');
      }
    },
    wsHandler: (socket, request) => {
      const { run = LATEST_RUN, ...given } = request.query;
      hub.add(socket, run, Object.fromEntries(Object.entries(given).filter(([name]) => name !== 'ticket'))).catch((error: unknown) => {
        request.log.error(error);
        socket.terminate();
      });
    },
  });
}
