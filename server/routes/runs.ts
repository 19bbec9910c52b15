// SPDX-License-Identifier: BSD-2-Clause
import type { FastifyInstance } from 'fastify';
import { RunDetail, RunList, RunParams, ThreadList } from '../../schema/api/index.ts';
import type { QueryClient } from '../query/query-client.ts';
import { NoQuery, responses } from './responses.ts';

export function runRoutes(app: FastifyInstance, query: QueryClient): void {
  app.get('/runs', {
    schema: { summary: 'All runs, newest first', querystring: NoQuery, response: responses(RunList) },
  }, () => query.ask('runs'));

  app.get<{ Params: RunParams }>('/runs/:run', {
    schema: { summary: 'One run with its counts', params: RunParams, querystring: NoQuery, response: responses(RunDetail) },
  }, (request) => query.ask('run', request.params.run));

  app.get<{ Params: RunParams }>('/runs/:run/threads', {
    schema: { summary: 'Names of the threads of a run', params: RunParams, querystring: NoQuery, response: responses(ThreadList) },
  }, (request) => query.ask('threads', request.params.run));
}
