// SPDX-License-Identifier: BSD-2-Clause
/**
 * Files of exports as streams, each made by a worker of its own, so that a long export holds up nobody. The worker makes a
 * piece when the one before was taken: a slow reader costs no memory.
 */
import { Readable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import { RequestError } from '../errors.ts';
import { workerModule } from '../package-paths.ts';
import { unpackError } from '../thread-errors.ts';
import type { FileExport } from './export-run.ts';
import { NEXT, type ExportWorkerData, type FromExport } from './messages.ts';

/** Exports under way; more are refused. */
const MOST_EXPORTS = 4;
/** A reader that takes nothing for this long has gone away, ms. */
const STALL_LIMIT = 60_000;

export interface StartedExport {
  /** Run id, also where `latest` was asked for. */
  readonly run: string;
  /** Bytes of the file. Destroying it ends the export. */
  readonly stream: Readable;
}

export class ExportClient {
  private readonly directory: string;
  private readonly workers = new Set<Worker>();
  private closed = false;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** Rejects with a RequestError or StoreError before there is a stream; what fails later is an error of the stream. */
  async start(run: string, request: FileExport): Promise<StartedExport> {
    if (this.closed) throw new RequestError('unavailable', 'the service is shutting down');
    if (this.workers.size >= MOST_EXPORTS) throw new RequestError('unavailable', `${MOST_EXPORTS} exports are under way`, 'try again when one of them is done');
    const worker = new Worker(workerModule('server/export/worker.ts'), {
      workerData: { directory: this.directory, run, request } satisfies ExportWorkerData, name: 'export',
    });
    worker.unref();
    this.workers.add(worker);
    try {
      const started = await ask(worker);
      if (started.kind !== 'started') throw new Error('an export worker began with something else than its run');
      return { run: started.run, stream: this.streamOf(worker) };
    } catch (error) {
      this.end(worker);
      throw error;
    }
  }

  /** Breaks off all exports. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.workers].map((worker) => worker.terminate()));
  }

  private streamOf(worker: Worker): Readable {
    const stalled = setTimeout(() => stream.destroy(new Error('the reader of an export took nothing for too long')), STALL_LIMIT);
    stalled.unref();
    const stream = Readable.from(piecesOf(worker, () => stalled.refresh()), { objectMode: false });
    stream.on('close', () => {
      clearTimeout(stalled);
      this.end(worker);
    });
    return stream;
  }

  private end(worker: Worker): void {
    this.workers.delete(worker);
    void worker.terminate();
  }
}

async function* piecesOf(worker: Worker, onAsk: () => void): AsyncGenerator<Uint8Array> {
  for (;;) {
    onAsk();
    const message = await ask(worker);
    if (message.kind === 'done') return;
    // A piece of many records that were passed over can be empty.
    if (message.kind === 'piece' && message.bytes.length > 0) yield message.bytes;
  }
}

/** The answer to the next question; rejects when the worker fails or ends instead. */
function ask(worker: Worker): Promise<FromExport> {
  return new Promise((resolve, reject) => {
    const broken = new RequestError('unavailable', 'the export was broken off');
    // One that has ended says nothing any more.
    if (worker.threadId === -1) return reject(broken);
    const settle = (then: () => void): void => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      then();
    };
    const onMessage = (message: FromExport): void => settle(() => (message.kind === 'failed' ? reject(unpackError(message.error)) : resolve(message)));
    const onError = (error: Error): void => settle(() => reject(error));
    const onExit = (): void => settle(() => reject(broken));
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    worker.postMessage(NEXT);
  });
}
