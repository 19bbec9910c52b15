// SPDX-License-Identifier: BSD-2-Clause
/** The main thread's end of the ingest worker. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { RequestError } from '../errors.ts';
import { workerModule } from '../package-paths.ts';
import { unpackError } from '../thread-errors.ts';
import type { Answer, Command, CommandArguments, CommandResult, FromIngest, IngestWorkerData, RunNews, ToIngest } from './messages.ts';

export interface IngestListener {
  answer(answer: Answer): void;
  news(news: RunNews): void;
  /** Storing fails, or (undefined) works again. */
  problem(message: string | undefined): void;
  /** The worker broke down: nothing will be answered any more. */
  stopped(message: string): void;
}

/** What is said to those who want to change a store that is only read. */
export const READ_ONLY = 'this service only shows a trace file; nothing can be stored in it or changed';

export class IngestClient {
  /** Without one nothing can be changed. */
  private readonly worker: Worker | undefined;
  private readonly listener: IngestListener;
  private readonly exited: Promise<unknown>;
  private lastConnection = 0;
  private lastCommand = 0;
  private readonly commands = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();

  private constructor(worker: Worker | undefined, listener: IngestListener) {
    this.worker = worker;
    this.listener = listener;
    worker?.on('message', (message: FromIngest) => this.receive(message));
    worker?.on('error', (error) => listener.stopped(`nothing is stored any more, restart the service: ${error.message}`));
    this.exited = worker === undefined ? Promise.resolve() : new Promise((resolve) => worker.once('exit', resolve));
    void this.exited.then(() => {
      for (const { reject } of this.commands.values()) reject(new RequestError('unavailable', 'the store is closed'));
      this.commands.clear();
    });
  }

  /** Starts the worker on a data directory. Rejects with a DataInUseError or StoreError. `module`: another worker, for measurements. */
  static async start(directory: string, listener: IngestListener, module = workerModule('server/ingest/worker.ts')): Promise<IngestClient> {
    const worker = new Worker(module, { workerData: { directory } satisfies IngestWorkerData, name: 'ingest' });
    const [first] = await once(worker, 'message') as [FromIngest];
    if (first.type === 'failed') throw unpackError(first.error);
    return new IngestClient(worker, listener);
  }

  /** For a store that is only read: frames go nowhere, and commands are refused. */
  static readOnly(listener: IngestListener): IngestClient {
    return new IngestClient(undefined, listener);
  }

  /** A number for a new connection. */
  connect(): number {
    return ++this.lastConnection;
  }

  /** Passes a frame on; memory that is wholly the frame's own is moved, not copied. */
  frame(connection: number, frame: Buffer): void {
    // Empty frames share one buffer in the WebSocket library.
    const owned = frame.byteLength > 0 && frame.byteLength === frame.buffer.byteLength && frame.buffer instanceof ArrayBuffer;
    const bytes = owned ? new Uint8Array(frame.buffer) : Uint8Array.from(frame);
    this.send({ type: 'frame', connection, bytes }, [bytes.buffer]);
  }

  disconnect(connection: number): void {
    this.send({ type: 'disconnect', connection });
  }

  watch(watched: boolean): void {
    this.send({ type: 'watch', watched });
  }

  /** Changes the store. Rejects with what Administration throws, or a RequestError `unavailable` when the worker ends before. */
  administer<C extends Command>(command: C, ...parameters: CommandArguments<C>): Promise<CommandResult<C>> {
    if (this.worker === undefined) return Promise.reject(new RequestError('read-only', READ_ONLY, 'import it into a data directory to change it: sel4scope import FILE'));
    const id = ++this.lastCommand;
    return new Promise((resolve, reject) => {
      this.commands.set(id, { resolve: resolve as (result: unknown) => void, reject });
      this.send({ type: 'administer', id, command, parameters });
    });
  }

  /** Commits what is under way, says goodbye to the producers and releases the database. */
  async close(): Promise<void> {
    this.send({ type: 'close' });
    await this.exited;
  }

  private send(message: ToIngest, transfer: ArrayBuffer[] = []): void {
    this.worker?.postMessage(message, transfer);
  }

  private receive(message: FromIngest): void {
    switch (message.type) {
      case 'answers':
        for (const answer of message.answers) this.listener.answer(answer);
        return;
      case 'news':
        for (const news of message.news) this.listener.news(news);
        return;
      case 'problem': return this.listener.problem(message.message);
      case 'done':
        this.commands.get(message.id)?.resolve(message.result);
        this.commands.delete(message.id);
        return;
      case 'refused':
        this.commands.get(message.id)?.reject(unpackError(message.error));
        this.commands.delete(message.id);
        return;
      case 'failed':
      case 'ready':
      case 'closed': return;
    }
  }
}
