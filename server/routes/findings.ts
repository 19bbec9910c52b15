// SPDX-License-Identifier: BSD-2-Clause
import type { FastifyInstance } from 'fastify';
import { FindingDecision, FindingDetail, FindingPage, FindingParams, FindingQuery, HistoryQuery, MethodHistory } from '../../schema/api/index.ts';
import '../access.ts';
import type { IngestClient } from '../ingest/ingest-client.ts';
import type { QueryClient } from '../query/query-client.ts';
import { NoQuery, responses } from './responses.ts';

export function findingRoutes(app: FastifyInstance, query: QueryClient, ingest: IngestClient): void {
  app.get<{ Querystring: FindingQuery }>('/findings', {
    schema: { summary: 'Anomalies of one fingerprint over all runs, with their state', querystring: FindingQuery, response: responses(FindingPage) },
  }, (request) => query.ask('findings', request.query));

  app.get<{ Params: FindingParams }>('/findings/:fingerprint', {
    schema: { summary: 'One finding: what happened to it, and the runs that show it', params: FindingParams, querystring: NoQuery, response: responses(FindingDetail) },
  }, (request) => query.ask('finding', request.params.fingerprint));

  app.patch<{ Params: FindingParams; Body: FindingDecision }>('/findings/:fingerprint', {
    config: { access: 'admin' },
    schema: { summary: 'Decide about a finding', params: FindingParams, querystring: NoQuery, body: FindingDecision, response: responses(FindingDetail) },
  }, async (request) => {
    const { fingerprint } = request.params;
    await ingest.administer('decide', fingerprint, request.body);
    return query.ask('finding', fingerprint);
  });

  app.get<{ Querystring: HistoryQuery }>('/history', {
    schema: { summary: 'Which release broke or mended a rule at a method', querystring: HistoryQuery, response: responses(MethodHistory) },
  }, (request) => query.ask('history', request.query));
}
