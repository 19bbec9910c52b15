// SPDX-License-Identifier: BSD-2-Clause
import type { FastifyInstance } from 'fastify';
import { HangQuery, HangReport, RunParams, ThreadParams, ThreadQuery, ThreadStates, ThreadStatesQuery, ThreadStory } from '../../schema/api/index.ts';
import { RequestError } from '../errors.ts';
import type { QueryClient } from '../query/query-client.ts';
import { responses } from './responses.ts';

export function threadRoutes(app: FastifyInstance, query: QueryClient): void {
  app.get<{ Params: ThreadParams; Querystring: ThreadQuery }>('/runs/:run/threads/:thread', {
    schema: { summary: 'The story of a thread: states over time, what it waits for, who could wake it', params: ThreadParams, querystring: ThreadQuery, response: responses(ThreadStory) },
  }, (request) => {
    const { from, to } = request.query;
    if (from !== undefined && to !== undefined && from > to) throw new RequestError('bad-request', `"from" (${from}) is above "to" (${to})`);
    return query.ask('threadStory', request.params.run, request.params.thread, request.query);
  });

  app.get<{ Params: RunParams; Querystring: ThreadStatesQuery }>('/runs/:run/thread-states', {
    schema: { summary: 'All threads as a record leaves them: state, what they wait for, scheduling context, last trap', params: RunParams, querystring: ThreadStatesQuery, response: responses(ThreadStates) },
  }, (request) => query.ask('threadStates', request.params.run, request.query));

  app.get<{ Params: RunParams; Querystring: HangQuery }>('/runs/:run/hang', {
    schema: { summary: 'Threads that can never run again, and why', params: RunParams, querystring: HangQuery, response: responses(HangReport) },
  }, (request) => query.ask('hang', request.params.run, request.query));
}
