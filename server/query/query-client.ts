// SPDX-License-Identifier: BSD-2-Clause
/** Asks the query worker, so that no query holds up the main thread. */
import { Worker } from 'node:worker_threads';
import { OneQuestionAtATime, type Answerer, type Asker } from '../one-question-at-a-time.ts';
import { workerModule } from '../package-paths.ts';
import type { Arguments, FromQuery, Question, QueryWorkerData, Reply, ToQuery } from './messages.ts';

type Asked = Omit<ToQuery, 'id'>;

export class QueryClient {
  private readonly questions: OneQuestionAtATime<Asked, unknown>;

  /** @param limitMs most time that one question may take */
  constructor(directory: string, limitMs: number) {
    this.questions = new OneQuestionAtATime({
      start: (asker) => startWorker(directory, asker), limitMs, timeoutHint: 'ask for a smaller range', mostWaiting: 256, busy: 'too many requests wait for the store',
    });
  }

  /** Rejects with what TraceReader throws, or a RequestError `timeout` or `unavailable`. */
  ask<Q extends Question>(question: Q, ...parameters: Arguments<Q>): Promise<Reply<Q>> {
    return this.questions.ask({ question, parameters }) as Promise<Reply<Q>>;
  }

  /** Refuses what waits and ends the worker. */
  close(): Promise<void> {
    return this.questions.close();
  }
}

function startWorker(directory: string, asker: Asker<unknown>): Answerer<Asked> {
  const worker = new Worker(workerModule('server/query/worker.ts'), { workerData: { directory } satisfies QueryWorkerData, name: 'query' });
  worker.unref();
  worker.on('message', (answer: FromQuery) => asker.answered(answer));
  worker.on('error', (error) => asker.failed(error));
  return {
    send: (id, asked) => worker.postMessage({ id, ...asked } satisfies ToQuery),
    end: () => worker.terminate(),
  };
}
