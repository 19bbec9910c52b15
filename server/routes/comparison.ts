// SPDX-License-Identifier: BSD-2-Clause
import type { FastifyInstance } from 'fastify';
import { ComparisonQuery, RunComparison } from '../../schema/api/index.ts';
import type { QueryClient } from '../query/query-client.ts';
import { responses } from './responses.ts';

export function comparisonRoutes(app: FastifyInstance, query: QueryClient): void {
  app.get<{ Querystring: ComparisonQuery }>('/compare', {
    schema: { summary: 'Two runs record by record: by method, and the first record that differs', querystring: ComparisonQuery, response: responses(RunComparison) },
  }, (request) => query.ask('compare', request.query));
}
