// SPDX-License-Identifier: BSD-2-Clause
/** What is done to a store from outside. No path comes in: backups pass through files that the service names. */
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { CheckReport, ErrorBody, PrunePlan, PruneReport, RetentionPolicy, TRACE_FILE_TYPE } from '../../schema/api/index.ts';
import '../access.ts';
import { RequestError } from '../errors.ts';
import { READ_ONLY, type IngestClient } from '../ingest/ingest-client.ts';
import type { JobBook } from '../jobs/job-book.ts';
import type { UpkeepJobs } from '../jobs/upkeep-jobs.ts';
import type { Maintenance } from '../store/maintenance.ts';
import { temporaryFile } from '../store/temporary-files.ts';
import { NoQuery, responses } from './responses.ts';

export interface AdministrationParts {
  /** Undefined for a store that is only read. */
  readonly directory: string | undefined;
  readonly ingest: IngestClient;
  readonly maintenance: Maintenance;
  readonly jobs: JobBook;
  readonly upkeep: UpkeepJobs;
}

export function administrationRoutes(app: FastifyInstance, { directory, ingest, upkeep }: AdministrationParts): void {
  app.post<{ Body: RetentionPolicy }>('/admin/prune', {
    config: { access: 'admin' },
    schema: { summary: 'Make room by age, size or run', querystring: NoQuery, body: RetentionPolicy, response: responses(PruneReport) },
  }, async ({ body }) => {
    writable(directory);
    return (await upkeep.prune(body)).done;
  });

  app.post<{ Body: RetentionPolicy }>('/admin/prune/plan', {
    config: { access: 'admin' },
    schema: { summary: 'Say what would go to make room', querystring: NoQuery, body: RetentionPolicy, response: responses(PrunePlan) },
  }, ({ body }) => ingest.administer('planPrune', body, Date.now()));

  app.post('/admin/check', {
    config: { access: 'admin' },
    schema: { summary: 'Look through the whole store for damage and contradictions', querystring: NoQuery, response: responses(CheckReport) },
  }, async () => (await upkeep.check()).done);

  app.get('/admin/backup', {
    config: { access: 'admin' },
    schema: {
      summary: 'A copy of the whole store as of now, as a trace file', querystring: NoQuery,
      response: { 200: Type.Unsafe({ type: 'string', format: 'binary', description: 'the file' }), '4xx': ErrorBody, '5xx': ErrorBody },
    },
  }, async (_request, reply) => {
    const file = temporaryFile(writable(directory));
    try {
      await (await upkeep.backup(file)).done;
    } catch (error) {
      await rm(file, { force: true });
      throw error;
    }
    const stream = createReadStream(file);
    stream.once('close', () => { void rm(file, { force: true }); });
    return reply.type(TRACE_FILE_TYPE).header('content-disposition', 'attachment; filename="traces.s4trace"').send(stream);
  });
}

/** The data directory. Throws a RequestError for a store that is only read. */
export function writable(directory: string | undefined): string {
  if (directory === undefined) throw new RequestError('read-only', READ_ONLY);
  return directory;
}
