// SPDX-License-Identifier: BSD-2-Clause
import type { FastifyInstance } from 'fastify';
import type { ExportClient } from '../export/export-client.ts';
import type { IngestClient } from '../ingest/ingest-client.ts';
import type { JobBook } from '../jobs/job-book.ts';
import type { QueryClient } from '../query/query-client.ts';
import type { RecheckJobs } from '../recheck/jobs.ts';
import type { SqlClient } from '../sql/sql-client.ts';
import { administrationRoutes, type AdministrationParts } from './administration.ts';
import { anomalyRoutes } from './anomalies.ts';
import { comparisonRoutes } from './comparison.ts';
import { exportRoutes } from './export.ts';
import { findingRoutes } from './findings.ts';
import { importRoute } from './import.ts';
import { interfaceRoutes } from './interfaces.ts';
import { jobRoutes } from './jobs.ts';
import { recordRoutes } from './records.ts';
import { ruleRoutes } from './rules.ts';
import { runRoutes } from './runs.ts';
import { sqlRoutes } from './sql.ts';
import { threadRoutes } from './threads.ts';
import { statusRoute, type StatusSource } from './status.ts';

/** What the routes are made of. */
export interface ApiParts {
  readonly query: QueryClient;
  readonly ingest: IngestClient;
  readonly exports: ExportClient;
  readonly jobs: JobBook;
  readonly rechecks: RecheckJobs;
  readonly sql: SqlClient;
  readonly status: StatusSource;
  readonly administration: AdministrationParts;
  readonly session: (api: FastifyInstance) => void;
}

/** All routes under `/api`. */
export async function apiRoutes(app: FastifyInstance, { query, ingest, exports, jobs, rechecks, sql, status, administration, session }: ApiParts): Promise<void> {
  await app.register(async (api) => {
    // What is stored changes at any time.
    api.addHook('onSend', async (_request, reply) => { reply.header('cache-control', 'no-store'); });
    session(api);
    statusRoute(api, query, status);
    runRoutes(api, query, ingest);
    recordRoutes(api, query);
    exportRoutes(api, exports);
    anomalyRoutes(api, query);
    findingRoutes(api, query, ingest);
    comparisonRoutes(api, query);
    jobRoutes(api, { query, jobs, rechecks, upkeep: administration.upkeep });
    sqlRoutes(api, sql);
    threadRoutes(api, query);
    ruleRoutes(api);
    interfaceRoutes(api);
    administrationRoutes(api, administration);
    importRoute(api, administration);
  }, { prefix: '/api' });
}
