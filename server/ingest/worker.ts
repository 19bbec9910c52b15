// SPDX-License-Identifier: BSD-2-Clause
/** Entry of the ingest worker thread: the one owner of the database's writing side. */
import { parentPort, workerData } from 'node:worker_threads';
import { BatchError } from '../../schema/trace/batch.ts';
import { Administration } from '../store/administration.ts';
import { asStoreError, openWriter, type WriterConnection } from '../store/open.ts';
import { SqliteError } from '../store/sqlite.ts';
import { interruptJobs } from '../store/stored-jobs.ts';
import { TraceStore } from '../store/trace-store.ts';
import { packError } from '../thread-errors.ts';
import { Ingest } from './ingest.ts';
import type { CommandResult, FromIngest, IngestWorkerData, ToIngest } from './messages.ts';
import { SpareTime } from './spare-time.ts';
import { ThreadKeeper } from './thread-keeper.ts';

const port = parentPort!;
const { directory } = workerData as IngestWorkerData;

function send(message: FromIngest): void {
  port.postMessage(message);
}

function serve(connection: WriterConnection): void {
  const store = new TraceStore(connection.db);
  const threads = new ThreadKeeper(store);
  const spareTime = new SpareTime({
    get hasWork() { return threads.hasWork; },
    slice: () => keepThreads(threads),
  });
  const noteAll = (): void => {
    for (const run of store.runNames()) threads.note(run);
    spareTime.wake();
  };
  const ingest = new Ingest(store, directory, {
    answer: (answers) => send({ type: 'answers', answers }),
    news: (news) => {
      for (const { run } of news) threads.note(run.run);
      spareTime.wake();
      send({ type: 'news', news });
    },
    problem: (message) => send({ type: 'problem', message }),
  });
  const administration = new Administration(connection.db, (run) => ingest.isOpen(run));
  clearAfterKill(administration, connection.db);
  port.on('message', (message: ToIngest) => {
    switch (message.type) {
      case 'administer': {
        const answer = administer(administration, message);
        if (answer.type === 'done' && message.command === 'changeTags') ingest.retag(answer.result as CommandResult<'changeTags'>);
        if (answer.type === 'done' && message.command === 'importSlice' && 'result' in (answer.result as CommandResult<'importSlice'>)) noteAll();
        if (answer.type === 'done' && message.command === 'applyRecheck') ingest.retag(answer.result as CommandResult<'applyRecheck'>);
        return send(answer);
      }
      case 'frame': return ingest.frame(message.connection, message.bytes);
      case 'disconnect': return ingest.disconnect(message.connection);
      case 'watch': return ingest.watch(message.watched);
      case 'close':
        ingest.close();
        spareTime.stop();
        connection.close();
        send({ type: 'closed' });
        port.close();
    }
  });
  noteAll();
  send({ type: 'ready' });
}

function keepThreads(threads: ThreadKeeper): void {
  try {
    threads.slice();
  } catch (error) {
    // Whoever asks reads the records instead; a disk without room is told of by the ingest.
    if (!(error instanceof SqliteError) && !(error instanceof BatchError)) throw error;
  }
}

/** A service that was killed may leave jobs that nobody does any more, and half an import. */
function clearAfterKill(administration: Administration, db: WriterConnection['db']): void {
  try {
    interruptJobs(db, Date.now());
    while (administration.undoImport());
  } catch (error) {
    // A full disk, for one: half an import stays marked, and the next one removes it.
    if (!(error instanceof SqliteError)) throw error;
  }
}

function administer(administration: Administration, { id, command, parameters }: ToIngest & { type: 'administer' }): FromIngest {
  try {
    const act = administration[command] as (...parameters: readonly unknown[]) => unknown;
    return { type: 'done', id, result: act.apply(administration, parameters as unknown[]) };
  } catch (error) {
    return { type: 'refused', id, error: packError(error instanceof SqliteError ? asStoreError(error, directory) : error) };
  }
}

try {
  serve(openWriter(directory));
} catch (error) {
  send({ type: 'failed', error: packError(asStoreError(error, directory)) });
}
