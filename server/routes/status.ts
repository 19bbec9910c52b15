// SPDX-License-Identifier: BSD-2-Clause
import type { FastifyInstance } from 'fastify';
import { ServiceStatus } from '../../schema/api/index.ts';
import { LatestTotals } from '../query/latest-totals.ts';
import type { QueryClient } from '../query/query-client.ts';
import { NoQuery, responses } from './responses.ts';

/** What the service knows of itself without asking the store. */
export type StatusSource = () => Pick<ServiceStatus, 'version' | 'startedAt' | 'dataFile' | 'producers' | 'watchers' | 'pendingBatches' | 'readOnly' | 'problem'>;

export function statusRoute(app: FastifyInstance, query: QueryClient, source: StatusSource): void {
  const totals = new LatestTotals(query);
  app.get('/status', {
    schema: { summary: 'The service itself; its counts are the last ones known while a long query runs', querystring: NoQuery, response: responses(ServiceStatus) },
  }, async (): Promise<ServiceStatus> => ({ service: 'sel4scope', ...source(), ...await totals.get() }));
}
