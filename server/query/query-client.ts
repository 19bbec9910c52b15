// SPDX-License-Identifier: BSD-2-Clause
/**
 * Asks the query worker, so that no query holds up the main thread. A query that takes longer than its limit is
 * really ended: the worker is, and a new one answers the questions that wait.
 */
import { Worker } from 'node:worker_threads';
import { RequestError } from '../errors.ts';
import { workerModule } from '../package-paths.ts';
import { unpackError } from '../thread-errors.ts';
import type { Arguments, FromQuery, Question, QueryWorkerData, Reply, ToQuery } from './messages.ts';

/** Questions that may wait; more are refused at once. */
const MOST_WAITING = 256;

interface Waiting {
  readonly message: ToQuery;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class QueryClient {
  private readonly directory: string;
  private readonly limitMs: number;
  private worker: Worker | undefined;
  private readonly waiting: Waiting[] = [];
  private current: Waiting | undefined;
  private timer: NodeJS.Timeout | undefined;
  private lastId = 0;
  private closed = false;

  /** @param limitMs most time that one question may take */
  constructor(directory: string, limitMs: number) {
    this.directory = directory;
    this.limitMs = limitMs;
  }

  /** Rejects with what TraceReader throws, or a RequestError `timeout` or `unavailable`. */
  ask<Q extends Question>(question: Q, ...parameters: Arguments<Q>): Promise<Reply<Q>> {
    return new Promise<Reply<Q>>((resolve, reject) => {
      if (this.closed) return reject(new RequestError('unavailable', 'the service is shutting down'));
      if (this.waiting.length >= MOST_WAITING) return reject(new RequestError('unavailable', 'too many requests wait for the store', 'try again in a moment'));
      this.waiting.push({ message: { id: ++this.lastId, question, parameters }, resolve: resolve as (result: unknown) => void, reject });
      this.next();
    });
  }

  /** Refuses what waits and ends the worker. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    const error = new RequestError('unavailable', 'the service is shutting down');
    this.current?.reject(error);
    this.current = undefined;
    for (const { reject } of this.waiting.splice(0)) reject(error);
    await this.worker?.terminate();
  }

  private next(): void {
    if (this.current !== undefined || this.closed) return;
    this.current = this.waiting.shift();
    if (this.current === undefined) return;
    this.worker ??= this.startWorker();
    this.timer = setTimeout(() => this.giveUp(new RequestError('timeout', `the query took longer than ${this.limitMs / 1000} s and was ended`, 'ask for a smaller range')), this.limitMs);
    this.worker.postMessage(this.current.message);
  }

  private startWorker(): Worker {
    const worker = new Worker(workerModule('server/query/worker.ts'), { workerData: { directory: this.directory } satisfies QueryWorkerData, name: 'query' });
    worker.unref();
    worker.on('message', (answer: FromQuery) => this.settle(answer));
    worker.on('error', (error) => {
      if (worker === this.worker) this.giveUp(error);
    });
    return worker;
  }

  private settle(answer: FromQuery): void {
    const current = this.current;
    if (current === undefined || answer.id !== current.message.id) return;
    this.finish();
    if ('error' in answer) current.reject(unpackError(answer.error));
    else current.resolve(answer.result);
    this.next();
  }

  /** Ends the worker with the question it is at. */
  private giveUp(error: Error): void {
    const current = this.current;
    void this.worker?.terminate();
    this.worker = undefined;
    this.finish();
    current?.reject(error);
    this.next();
  }

  private finish(): void {
    clearTimeout(this.timer);
    this.current = undefined;
  }
}
