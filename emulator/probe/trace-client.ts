// SPDX-License-Identifier: BSD-2-Clause
/** Sends the batches of one run to the trace service, across lost connections. */
import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import type { RunDescription } from '../../schema/trace/names.ts';
import { PROTOCOL_VERSION, decodeServerMessage, encodeClientMessage } from '../../schema/trace/wire.ts';
import type { Bye, ClientMessage, Problem, ServerMessage, Welcome } from '../../schema/trace/wire.ts';
import type { OutgoingBatch } from './batching-sink.ts';
import { SendQueue } from './send-queue.ts';
import { TraceError } from './trace-error.ts';

export interface TraceClientOptions {
  /** Most batches kept unacknowledged; never more than the service's window is under way. 64 unless given. */
  readonly maxUnacknowledged?: number;
  /** Attempts to connect again without progress in between before the run is given up; 8 unless given. */
  readonly retries?: number;
  /** Wait before the first of them, ms; doubled for each further one, up to `maxRetryMs`. 100 and 5000 unless given. */
  readonly firstRetryMs?: number;
  readonly maxRetryMs?: number;
  /** A connection on which the service owes an answer and is silent for so long counts as lost, ms; 30000 unless given. */
  readonly silenceMs?: number;
  /** For a service that asks for one with access `ingest`. */
  readonly token?: string;
  /** Does not check the certificate of a `wss:` service: for one in this very process. */
  readonly unverified?: boolean;
}

const DEFAULTS: Required<TraceClientOptions> = {
  token: '', unverified: false, maxUnacknowledged: 64, retries: 8, firstRetryMs: 100, maxRetryMs: 5000, silenceMs: 30_000,
};

/**
 * Silence is counted in so many steps, one timer after the other. When this process itself stands still, one late timer
 * fires and one step is counted, and what came meanwhile is read before the next.
 */
const SILENCE_STEPS = 4;

/** Messages of the service are small; more than this is none. */
const MAX_ANSWER_BYTES = 1 << 20;
const MESSAGE_TOO_BIG = 1009;
const NORMAL_CLOSURE = 1000;

/** A promise that others settle. */
interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: TraceError) => void;
}

/**
 * The producer's end of the trace wire. Batches are kept until the service has committed them; when the connection is
 * lost, the client connects again and goes on where the service says, so that no record is missing or there twice.
 *
 * Time on the wire decides when batches leave, never what is in them.
 */
export class TraceClient {
  private readonly url: string;
  private readonly run: RunDescription;
  private readonly options: Required<TraceClientOptions>;
  private readonly queue = new SendQueue();
  private readonly welcomed = defer<void>();
  private room: Deferred<void> | undefined;
  private finished: Deferred<void> | undefined;
  private socket: WebSocket | undefined;
  private welcome: Welcome | undefined;
  /** The present connection got its Welcome. */
  private established = false;
  private bye: Bye | undefined;
  private byeSent = false;
  private retriesLeft: number;
  private retryMs: number;
  private retryTimer: NodeJS.Timeout | undefined;
  private silenceTimer: NodeJS.Timeout | undefined;
  /** What went wrong last on the way, for the message of the final error. */
  private trouble = 'the connection was closed';
  private failure: TraceError | undefined;
  private over = false;

  private constructor(url: string, run: RunDescription, options: TraceClientOptions) {
    this.url = url;
    this.run = run;
    this.options = { ...DEFAULTS, ...options };
    this.retriesLeft = this.options.retries;
    this.retryMs = this.options.firstRetryMs;
  }

  /**
   * Connects to the service (`ws://…`) and announces a run that is new to it. Rejects with a {@link TraceError} when the
   * service cannot be reached or refuses the run; there are no further attempts then.
   */
  static async connect(url: string, run: RunDescription, options: TraceClientOptions = {}): Promise<TraceClient> {
    const client = new TraceClient(url, run, options);
    client.open();
    await client.welcomed.promise;
    return client;
  }

  /** All records up to this one are committed by the service. */
  get committedSeq(): number {
    return this.queue.committedSeq;
  }

  /**
   * Takes the next batch. Batches must follow each other without gaps (RangeError). Throws a {@link TraceError} when the
   * run was given up or closed.
   */
  send(batch: OutgoingBatch): void {
    if (this.failure !== undefined) throw this.failure;
    if (this.bye !== undefined) throw new TraceError('closed', 'the trace is closed: no batch can follow');
    this.queue.push(batch);
    this.pump();
  }

  /**
   * Undefined while there is room for another batch; otherwise a promise to wait for before the next one is made. It
   * rejects with a {@link TraceError} when the run is given up.
   */
  ready(): Promise<void> | undefined {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    if (this.queue.length < this.options.maxUnacknowledged) return undefined;
    this.room ??= defer<void>();
    return this.room.promise;
  }

  /**
   * Says how the run ended, and resolves when the service has committed all of it. Rejects with a {@link TraceError}
   * when the run is given up before. Calling it again returns the same promise.
   */
  close(end: Bye['end'], detail = ''): Promise<void> {
    if (this.finished !== undefined) return this.finished.promise;
    this.finished = defer<void>();
    if (this.failure !== undefined) {
      this.finished.reject(this.failure);
    } else {
      this.bye = { kind: 'bye', lastSeq: this.queue.lastSeq, end, detail };
      this.pump();
    }
    return this.finished.promise;
  }

  /** Drops the connection at once and gives the run up; what is not acknowledged is lost. */
  abort(): void {
    this.fail(new TraceError('closed', 'the trace was aborted'));
  }

  private open(): void {
    this.established = this.byeSent = false;
    let socket: WebSocket;
    try {
      // A zero mask costs nothing, and there is no proxy to protect on the way of a native producer.
      socket = new WebSocket(this.url, {
        perMessageDeflate: false, maxPayload: MAX_ANSWER_BYTES, generateMask: (mask) => mask.fill(0), rejectUnauthorized: !this.options.unverified,
        ...(this.options.token === '' ? {} : { headers: { authorization: `Bearer ${this.options.token}` } }),
      });
    } catch (error) {
      this.fail(new TraceError('unreachable', `cannot connect to the trace service at ${this.url}: ${messageOf(error)}`));
      return;
    }
    this.socket = socket;
    socket.on('open', () => {
      this.write({ kind: 'hello', protocolVersion: PROTOCOL_VERSION, run: this.run, resume: this.welcome !== undefined });
    });
    socket.on('message', (data, isBinary) => this.receive(data as Buffer, isBinary));
    socket.on('error', (error) => { this.trouble = messageOf(error); });
    socket.on('unexpected-response', (_request, response) => void this.turnedAway(socket, response));
    socket.on('close', (code, reason) => this.lost(socket, code, reason.toString()));
    this.watchSilence();
  }

  /** The service answered, but with no WebSocket. No further attempt helps against a token that it does not take. */
  private async turnedAway(socket: WebSocket, response: IncomingMessage): Promise<void> {
    const text = await answerText(response);
    const { statusCode = 0 } = response;
    if (statusCode === 401 || statusCode === 403) this.fail(new TraceError('refused', `the trace service at ${this.url} lets nobody in like that: ${text}`));
    socket.removeAllListeners('error').on('error', () => { this.trouble = `status ${statusCode}: ${text}`; });
    socket.terminate();
  }

  private receive(data: Buffer, isBinary: boolean): void {
    if (this.over) return;
    try {
      if (!isBinary) throw new TraceError('protocol', 'the trace service sent a text frame');
      this.handle(decodeServerMessage(data));
      this.watchSilence();
    } catch (error) {
      this.fail(error instanceof TraceError ? error : new TraceError('protocol', `the trace service sent something else than an answer: ${messageOf(error)}`));
    }
  }

  private handle(message: ServerMessage): void {
    if (message.kind === 'problem') this.handleProblem(message);
    else if (message.kind === 'welcome') this.handleWelcome(message);
    else if (!this.established) throw new TraceError('protocol', 'the trace service acknowledged records before its Welcome');
    else this.handleAck(message.committedSeq, message.finished);
  }

  private handleWelcome(welcome: Welcome): void {
    if (this.established) throw new TraceError('protocol', 'the trace service said Welcome twice');
    const committedBefore = this.queue.committedSeq;
    this.queue.resume(welcome.nextSeq);
    this.welcome = welcome;
    this.established = true;
    if (this.queue.committedSeq > committedBefore) this.progress();
    this.welcomed.resolve();
    this.pump();
  }

  private handleAck(committedSeq: number, finished: boolean): void {
    const before = this.queue.committedSeq;
    this.queue.acknowledge(committedSeq);
    if (committedSeq > before) this.progress();
    if (finished) this.handleFinished();
    else this.pump();
  }

  private handleFinished(): void {
    if (!this.byeSent || this.queue.committedSeq !== this.queue.lastSeq) throw new TraceError('protocol', 'the trace service finished a run that has not ended');
    this.queue.finish();
    this.over = true;
    this.stopTimers();
    this.socket?.close(NORMAL_CLOSURE);
    this.releaseRoom();
    this.finished?.resolve();
  }

  private handleProblem(problem: Problem): void {
    const message = `the trace service reports: ${problem.message}`;
    if (problem.fatal || this.welcome === undefined) throw new TraceError(problem.code, message);
    this.trouble = message;
    this.socket?.close(NORMAL_CLOSURE);
  }

  /** Sends what the window allows, and Bye behind the last batch. */
  private pump(): void {
    if (!this.established || this.over) return;
    const window = Math.min(this.welcome!.window, this.options.maxUnacknowledged);
    for (let batch = this.queue.takeUnsent(window); batch !== undefined; batch = this.queue.takeUnsent(window)) {
      this.write({ kind: 'batch', bytes: batch.bytes });
      if (this.over) return;
    }
    if (this.bye !== undefined && !this.byeSent && this.queue.allSent) {
      this.byeSent = true;
      this.write(this.bye);
    }
    this.releaseRoom();
  }

  private write(message: ClientMessage): void {
    const frame = encodeClientMessage(message);
    const limit = this.welcome?.maxFrameBytes ?? Infinity;
    if (frame.length > limit) {
      this.fail(new TraceError('frameTooLarge', `a message of ${frame.length} bytes, but the trace service takes ${limit} at most; make smaller batches`));
      return;
    }
    this.socket?.send(frame);
    if (this.silenceTimer === undefined) this.watchSilence();
  }

  private releaseRoom(): void {
    if (this.room === undefined || this.queue.length >= this.options.maxUnacknowledged) return;
    this.room.resolve();
    this.room = undefined;
  }

  /** The service committed something new: the next loss of connection gets all its attempts. */
  private progress(): void {
    this.retriesLeft = this.options.retries;
    this.retryMs = this.options.firstRetryMs;
  }

  private lost(socket: WebSocket, code: number, reason: string): void {
    if (socket !== this.socket) return;
    this.socket = undefined;
    this.established = false;
    this.stopTimers();
    if (this.over) return;
    if (code === MESSAGE_TOO_BIG) this.trouble = 'a frame was too large';
    else if (reason !== '') this.trouble = reason;
    if (this.welcome === undefined) this.fail(new TraceError('unreachable', `cannot connect to the trace service at ${this.url}: ${this.trouble}`));
    else if (this.retriesLeft === 0) this.fail(new TraceError('lost', `lost the trace service at ${this.url}, records after ${this.committedSeq} are not stored: ${this.trouble}`));
    else this.retry();
  }

  private retry(): void {
    this.retriesLeft--;
    this.retryTimer = setTimeout(() => this.open(), this.retryMs);
    this.retryMs = Math.min(2 * this.retryMs, this.options.maxRetryMs);
  }

  /** Begins to count silence from now, if the service owes an answer; stops counting otherwise. */
  private watchSilence(): void {
    clearTimeout(this.silenceTimer);
    this.silenceTimer = undefined;
    if (this.over) return;
    if (this.established && !this.queue.owesAnswer && !this.byeSent) return;
    this.countSilence(SILENCE_STEPS);
  }

  private countSilence(stepsLeft: number): void {
    this.silenceTimer = setTimeout(() => {
      if (stepsLeft > 1) {
        this.countSilence(stepsLeft - 1);
        return;
      }
      this.trouble = `no answer for ${this.options.silenceMs} ms`;
      this.socket?.terminate();
    }, this.options.silenceMs / SILENCE_STEPS);
  }

  private stopTimers(): void {
    clearTimeout(this.silenceTimer);
    clearTimeout(this.retryTimer);
    this.silenceTimer = this.retryTimer = undefined;
  }

  /** Gives the run up, for all who wait. */
  private fail(error: TraceError): void {
    if (this.over) return;
    this.over = true;
    this.failure = error;
    this.stopTimers();
    this.socket?.terminate();
    this.welcomed.reject(error);
    this.room?.reject(error);
    this.finished?.reject(error);
  }
}

function defer<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: TraceError) => void;
  const promise = new Promise<T>((onValue, onError) => { resolve = onValue; reject = onError; });
  // Not everybody who may wait does: an error that nobody waits for is told by the next call.
  promise.catch(() => {});
  return { promise, resolve, reject };
}

/** Most bytes that are read of an answer in plain HTTP. */
const MOST_ANSWER_TEXT = 4096;

/** What the service says in place of a WebSocket: its message and hint, or as much as it is. */
async function answerText(response: IncomingMessage): Promise<string> {
  let text = '';
  try {
    for await (const part of response) {
      text += String(part);
      if (text.length > MOST_ANSWER_TEXT) break;
    }
    const { message, hint } = JSON.parse(text) as { readonly message?: string; readonly hint?: string };
    return [message ?? text, ...(hint === undefined ? [] : [hint])].join('; ');
  } catch {
    return text.slice(0, 200);
  }
}

/** An AggregateError of several refused addresses has no message of its own. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message !== '' ? error.message : (error as NodeJS.ErrnoException).code ?? error.name;
}
