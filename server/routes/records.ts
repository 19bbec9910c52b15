// SPDX-License-Identifier: BSD-2-Clause
import type { FastifyInstance } from 'fastify';
import { RecordDetail, RecordPage, RecordParams, RecordQuery, RunParams } from '../../schema/api/index.ts';
import { RequestError } from '../errors.ts';
import type { QueryClient } from '../query/query-client.ts';
import { NoQuery, responses } from './responses.ts';

export function recordRoutes(app: FastifyInstance, query: QueryClient): void {
  app.get<{ Params: RunParams; Querystring: RecordQuery }>('/runs/:run/records', {
    schema: {
      summary: 'Records of a run, in sequence order, by range, thread, method, outcome, and whether there are anomalies',
      params: RunParams, querystring: RecordQuery, response: responses(RecordPage),
    },
  }, (request) => {
    checkRange(request.query, 'from', 'to');
    checkRange(request.query, 'fromTime', 'toTime');
    return query.ask('records', request.params.run, request.query);
  });

  app.get<{ Params: RecordParams }>('/runs/:run/records/:seq', {
    schema: { summary: 'One record in full', params: RecordParams, querystring: NoQuery, response: responses(RecordDetail) },
  }, (request) => query.ask('recordInFull', request.params.run, request.params.seq));
}

function checkRange(query: RecordQuery, from: 'from' | 'fromTime', to: 'to' | 'toTime'): void {
  const [low, high] = [query[from], query[to]];
  if (low !== undefined && high !== undefined && low > high) throw new RequestError('bad-request', `"${from}" (${low}) is above "${to}" (${high})`);
}
