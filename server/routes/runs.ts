// SPDX-License-Identifier: BSD-2-Clause
import type { FastifyInstance } from 'fastify';
import { RunDetail, RunList, RunParams, RunQuery, RunSummary, TagChange, ThreadList } from '../../schema/api/index.ts';
import '../access.ts';
import type { IngestClient } from '../ingest/ingest-client.ts';
import type { QueryClient } from '../query/query-client.ts';
import { NoQuery, responses } from './responses.ts';

export function runRoutes(app: FastifyInstance, query: QueryClient, ingest: IngestClient): void {
  app.get<{ Querystring: RunQuery }>('/runs', {
    schema: { summary: 'Runs, newest first', querystring: RunQuery, response: responses(RunList) },
  }, (request) => query.ask('runs', request.query));

  app.get<{ Params: RunParams }>('/runs/:run', {
    schema: { summary: 'One run with its counts', params: RunParams, querystring: NoQuery, response: responses(RunDetail) },
  }, (request) => query.ask('run', request.params.run));

  app.get<{ Params: RunParams }>('/runs/:run/threads', {
    schema: { summary: 'Names of the threads of a run', params: RunParams, querystring: NoQuery, response: responses(ThreadList) },
  }, (request) => query.ask('threads', request.params.run));

  app.patch<{ Params: RunParams; Body: TagChange }>('/runs/:run/tags', {
    config: { access: 'admin' },
    schema: { summary: 'Add and remove tags of a run', params: RunParams, querystring: NoQuery, body: TagChange, response: responses(RunSummary) },
  }, (request) => ingest.administer('changeTags', request.params.run, request.body));
}
