// SPDX-License-Identifier: BSD-2-Clause
/**
 * Questions to a thread or process beside this one, one at a time and each within a limit. One that takes too long is really
 * ended: whoever answers is, and a new one answers the questions that wait.
 */
import { RequestError } from './errors.ts';
import { unpackError, type PackedError } from './thread-errors.ts';

/** What comes back for a question. `id` is the number that it was sent with. */
export type Answer<Result> =
  | { readonly id: number; readonly result: Result }
  | { readonly id: number; readonly error: PackedError };

/** A thread or process that answers. */
export interface Answerer<Question> {
  send(id: number, question: Question): void;
  /** Ends it at once; resolves when it has. */
  end(): Promise<unknown>;
}

/** Whom an answerer tells what. */
export interface Asker<Result> {
  answered(answer: Answer<Result>): void;
  /** It has ended, or cannot go on. */
  failed(error: Error): void;
}

export interface QuestionOptions<Question, Result> {
  /** Makes one that answers; called for the first question, and for the next after one was ended. */
  readonly start: (asker: Asker<Result>) => Answerer<Question>;
  /** Most time of one question. */
  readonly limitMs: number;
  /** What to do about a question that takes longer. */
  readonly timeoutHint: string;
  /** Questions that may wait; more are refused at once. */
  readonly mostWaiting: number;
  /** Why they are. */
  readonly busy: string;
}

interface Waiting<Question, Result> {
  readonly id: number;
  readonly question: Question;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
}

export class OneQuestionAtATime<Question, Result> {
  private readonly options: QuestionOptions<Question, Result>;
  private answerer: Answerer<Question> | undefined;
  private readonly waiting: Waiting<Question, Result>[] = [];
  private current: Waiting<Question, Result> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private lastId = 0;
  private closed = false;

  constructor(options: QuestionOptions<Question, Result>) {
    this.options = options;
  }

  /** Rejects with the error of the answer, or a RequestError `timeout` or `unavailable`. */
  ask(question: Question): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.closed) return reject(shuttingDown());
      if (this.waiting.length >= this.options.mostWaiting) return reject(new RequestError('unavailable', this.options.busy, 'try again in a moment'));
      this.waiting.push({ id: ++this.lastId, question, resolve, reject });
      this.next();
    });
  }

  /** Refuses what waits, ends whoever answers, and resolves when it has ended. */
  async close(): Promise<void> {
    this.closed = true;
    for (const { reject } of this.waiting.splice(0)) reject(shuttingDown());
    const { answerer } = this;
    this.answerer = undefined;
    this.finish()?.reject(shuttingDown());
    await answerer?.end();
  }

  private next(): void {
    if (this.current !== undefined || this.closed) return;
    this.current = this.waiting.shift();
    if (this.current === undefined) return;
    const { limitMs, timeoutHint } = this.options;
    this.answerer ??= this.start();
    this.timer = setTimeout(() => this.giveUp(new RequestError('timeout', `the query took longer than ${limitMs / 1000} s and was ended`, timeoutHint)), limitMs);
    this.answerer.send(this.current.id, this.current.question);
  }

  /** What one that was ended still says is not heard. */
  private start(): Answerer<Question> {
    const answerer: Answerer<Question> = this.options.start({
      answered: (answer) => { if (answerer === this.answerer) this.settle(answer); },
      failed: (error) => { if (answerer === this.answerer) this.giveUp(error); },
    });
    return answerer;
  }

  private settle(answer: Answer<Result>): void {
    if (answer.id !== this.current?.id) return;
    const { resolve, reject } = this.finish()!;
    if ('error' in answer) reject(unpackError(answer.error));
    else resolve(answer.result);
    this.next();
  }

  /** Ends whoever answers, with the question it is at. */
  private giveUp(error: Error): void {
    void this.answerer?.end();
    this.answerer = undefined;
    this.finish()?.reject(error);
    this.next();
  }

  private finish(): Waiting<Question, Result> | undefined {
    clearTimeout(this.timer);
    const { current } = this;
    this.current = undefined;
    return current;
  }
}

function shuttingDown(): RequestError {
  return new RequestError('unavailable', 'the service is shutting down');
}
