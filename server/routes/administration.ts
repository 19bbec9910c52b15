// SPDX-License-Identifier: BSD-2-Clause
/** What is done to a store from outside. No path comes in: uploads and backups pass through files that the service names. */
import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { CheckReport, ErrorBody, ImportQuery, ImportResult, PrunePlan, PruneReport, RetentionPolicy } from '../../schema/api/index.ts';
import '../access.ts';
import { RequestError } from '../errors.ts';
import { READ_ONLY, type IngestClient } from '../ingest/ingest-client.ts';
import type { JobBook, TrackedJob } from '../jobs/job-book.ts';
import type { Maintenance, Watch } from '../store/maintenance.ts';
import { asStoreError } from '../store/open.ts';
import { pruneAll } from '../store/retention.ts';
import { temporaryFile } from '../store/temporary-files.ts';
import { NoQuery, responses } from './responses.ts';

/** Media type of trace files (IANA). */
export const TRACE_FILE_TYPE = 'application/vnd.sqlite3';

/** Largest trace file that is taken over the network. */
export const MAX_IMPORT_BYTES = 4 * 2 ** 30;

export interface AdministrationParts {
  /** Undefined for a store that is only read. */
  readonly directory: string | undefined;
  readonly ingest: IngestClient;
  readonly maintenance: Maintenance;
  readonly jobs: JobBook;
  readonly maxImportBytes?: number;
}

export function administrationRoutes(app: FastifyInstance, { directory, ingest, maintenance, jobs, maxImportBytes = MAX_IMPORT_BYTES }: AdministrationParts): void {
  const writable = (): string => {
    if (directory === undefined) throw new RequestError('read-only', READ_ONLY);
    return directory;
  };
  app.addContentTypeParser(TRACE_FILE_TYPE, (_request, payload, done) => done(null, payload));

  app.post<{ Querystring: ImportQuery; Body: Readable }>('/import', {
    config: { access: 'admin' },
    // Its body is a file, which the clients that are made of the description cannot send.
    schema: { hide: true, querystring: ImportQuery, response: responses(ImportResult) },
  }, (request) => maintenance.alone(async () => {
    if (request.headers['content-type'] !== TRACE_FILE_TYPE) throw new RequestError('bad-request', `the body must be a trace file, of type ${TRACE_FILE_TYPE}`);
    const announced = Number(request.headers['content-length'] ?? 0);
    if (announced > maxImportBytes) throw tooLarge(maxImportBytes);
    return withTemporaryFile(writable(), async (file) => {
      await store(request.body, file, maxImportBytes);
      return jobs.track('import', (job) => named('the trace file', file, async () => {
        job.advance({ at: 'looking for damage' });
        await maintenance.run('examine', watching(job), file);
        return ingest.administer('importFile', file, request.query.runs?.split(','));
      }));
    });
  }));

  app.post<{ Body: RetentionPolicy }>('/admin/prune', {
    config: { access: 'admin' },
    schema: { summary: 'Make room by age, size or run', querystring: NoQuery, body: RetentionPolicy, response: responses(PruneReport) },
  }, ({ body }) => {
    writable();
    return jobs.track('prune', (job) => pruneAll(async () => {
      job.signal.throwIfAborted();
      const slice = await ingest.administer('prune', body, Date.now());
      job.advance({ runsDone: job.progress.runsDone + Math.max(slice.runsWithoutRecords, slice.runsRemoved) });
      return slice;
    }));
  });

  app.post<{ Body: RetentionPolicy }>('/admin/prune/plan', {
    config: { access: 'admin' },
    schema: { summary: 'Say what would go to make room', querystring: NoQuery, body: RetentionPolicy, response: responses(PrunePlan) },
  }, ({ body }) => ingest.administer('planPrune', body, Date.now()));

  app.post('/admin/check', {
    config: { access: 'admin' },
    schema: { summary: 'Look through the whole store for damage and contradictions', querystring: NoQuery, response: responses(CheckReport) },
  }, () => maintenance.alone(() => jobs.track('check', (job) => maintenance.run('check', watching(job)))));

  app.get('/admin/backup', {
    config: { access: 'admin' },
    schema: {
      summary: 'A copy of the whole store as of now, as a trace file', querystring: NoQuery,
      response: { 200: Type.Unsafe({ type: 'string', format: 'binary', description: 'the file' }), '4xx': ErrorBody, '5xx': ErrorBody },
    },
  }, async (_request, reply) => {
    const file = temporaryFile(writable());
    try {
      await maintenance.alone(() => jobs.track('backup', async (job) => {
        await maintenance.run('copy', watching(job), file);
        return null;
      }));
    } catch (error) {
      await rm(file, { force: true });
      throw error;
    }
    const stream = createReadStream(file);
    stream.once('close', () => { void rm(file, { force: true }); });
    return reply.type(TRACE_FILE_TYPE).header('content-disposition', 'attachment; filename="traces.s4trace"').send(stream);
  });
}

/** Lets a job be told how far the work is, and end it. */
function watching(job: TrackedJob): Watch {
  return { signal: job.signal, report: ({ records, totalRecords }) => job.advance({ records: totalRecords, recordsDone: records }) };
}

async function withTemporaryFile<T>(directory: string, work: (file: string) => Promise<T>): Promise<T> {
  const file = temporaryFile(directory);
  try {
    return await work(file);
  } finally {
    await Promise.all([file, `${file}-journal`, `${file}-wal`, `${file}-shm`].map((each) => rm(each, { force: true })));
  }
}

async function store(body: Readable, file: string, most: number): Promise<void> {
  let bytes = 0;
  const limit = new Transform({
    transform(piece: Buffer, _encoding, done) {
      bytes += piece.length;
      if (bytes <= most) done(null, piece);
      else done(tooLarge(most));
    },
  });
  try {
    await pipeline(body, limit, createWriteStream(file, { flags: 'wx', mode: 0o600 }));
  } catch (error) {
    throw error instanceof RequestError ? error : asStoreError(error, file);
  }
}

function tooLarge(most: number): RequestError {
  return new RequestError('too-large', `a trace file of more than ${most} bytes is not taken over the network`, 'copy it to the machine of the service, and import it there while the service is stopped');
}

/** Lets messages speak of the file as its sender knows it, and not of where it is kept meanwhile. */
async function named<T>(name: string, file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RequestError) throw new RequestError(error.fault, error.message.replaceAll(file, name), error.hint);
    throw error;
  }
}
