// SPDX-License-Identifier: BSD-2-Clause
/** Trace files that are sent to the service: each is kept in a file that the service names, examined, and imported by a job. */
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FastifyInstance } from 'fastify';
import { ImportJob, ImportQuery, TRACE_FILE_TYPE, type ImportResult } from '../../schema/api/index.ts';
import '../access.ts';
import { RequestError } from '../errors.ts';
import type { TrackedJob } from '../jobs/tracked-job.ts';
import { importAll } from '../store/import-session.ts';
import { asStoreError } from '../store/open.ts';
import { temporaryFile } from '../store/temporary-files.ts';
import { writable, type AdministrationParts } from './administration.ts';
import { responses } from './responses.ts';

/** Largest trace file that is taken over the network. */
const MAX_IMPORT_BYTES = 4 * 2 ** 30;

export function importRoute(app: FastifyInstance, { directory, ingest, maintenance, jobs }: AdministrationParts): void {
  app.addContentTypeParser(TRACE_FILE_TYPE, (_request, payload, done) => done(null, payload));

  app.post<{ Querystring: ImportQuery; Body: Readable }>('/import', {
    config: { access: 'admin' },
    schema: { summary: 'Import runs of a trace file, all that are wanted or none: a job', querystring: ImportQuery, response: responses(ImportJob, 202) },
  }, async (request, reply) => {
    if (request.headers['content-type'] !== TRACE_FILE_TYPE) throw new RequestError('bad-request', `the body must be a trace file, of type ${TRACE_FILE_TYPE}`);
    if (Number(request.headers['content-length'] ?? 0) > MAX_IMPORT_BYTES) throw tooLarge();
    const file = temporaryFile(writable(directory));
    const release = maintenance.claim();
    const tidy = async (): Promise<void> => {
      await removeUpload(file);
      release();
    };
    try {
      await store(request.body, file);
      const totals = await named(file, async () => {
        await maintenance.run('examine', {}, file);
        return ingest.administer('beginImport', file, request.query.runs?.split(','));
      });
      const { job, done } = await jobs.start('import', (each) => named(file, () => carryOut(each)).finally(tidy), { request: request.query, progress: totals });
      // Whoever looks at the job hears of its errors.
      done.catch(() => undefined);
      return await reply.code(202).send(job.snapshot());
    } catch (error) {
      await tidy();
      throw error;
    }
  });

  function carryOut(job: TrackedJob): Promise<ImportResult> {
    const steps = { slice: () => ingest.administer('importSlice'), undo: () => ingest.administer('undoImport') };
    return importAll(steps, ({ run, ...done }) => job.advance({ at: `run ${run}`, ...done }), job.signal);
  }
}

async function removeUpload(file: string): Promise<void> {
  await Promise.all(['', '-journal', '-wal', '-shm'].map((suffix) => rm(`${file}${suffix}`, { force: true })));
}

async function store(body: Readable, file: string): Promise<void> {
  let bytes = 0;
  const limit = new Transform({
    transform(piece: Buffer, _encoding, done) {
      bytes += piece.length;
      if (bytes <= MAX_IMPORT_BYTES) done(null, piece);
      else done(tooLarge());
    },
  });
  try {
    await pipeline(body, limit, createWriteStream(file, { flags: 'wx', mode: 0o600 }));
  } catch (error) {
    throw error instanceof RequestError ? error : asStoreError(error, file);
  }
}

function tooLarge(): RequestError {
  return new RequestError('too-large', `a trace file of more than ${MAX_IMPORT_BYTES} bytes is not taken over the network`, 'copy it to the machine of the service, and import it there while the service is stopped');
}

/** Lets messages speak of the file as its sender knows it, and not of where it is kept meanwhile. */
async function named<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RequestError) throw new RequestError(error.fault, error.message.replaceAll(file, 'the trace file'), error.hint);
    throw error;
  }
}
