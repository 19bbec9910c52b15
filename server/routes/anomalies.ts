// SPDX-License-Identifier: BSD-2-Clause
import type { FastifyInstance } from 'fastify';
import { AnomalyPage, AnomalyQuery } from '../../schema/api/index.ts';
import type { QueryClient } from '../query/query-client.ts';
import { responses } from './responses.ts';

export function anomalyRoutes(app: FastifyInstance, query: QueryClient): void {
  app.get<{ Querystring: AnomalyQuery }>('/anomalies', {
    schema: { summary: 'Anomalies, by run, rule, method, thread and severity', querystring: AnomalyQuery, response: responses(AnomalyPage) },
  }, (request) => query.ask('anomalies', request.query));
}
