// SPDX-License-Identifier: BSD-2-Clause
/**
 * The service's end of the trace wire (`trace.proto`): collects frames of all producers, and handles them in groups, each
 * in one transaction. What it answers is sent after the commit. It knows no sockets and no threads.
 */
import type { RunSummary } from '../../schema/api/index.ts';
import { BatchError } from '../../schema/trace/batch.ts';
import { decodeClientMessage, PROTOCOL_VERSION, WireError, type Bye, type Hello, type ProblemCode, type ServerMessage } from '../../schema/trace/wire.ts';
import { RequestError } from '../errors.ts';
import { interfacesByName } from '../interfaces.ts';
import { asStoreError } from '../store/open.ts';
import type { StoredRun } from '../store/run-row.ts';
import { SqliteError } from '../store/sqlite.ts';
import type { TraceStore } from '../store/trace-store.ts';
import { descriptionProblem, sameDescription } from './description.ts';
import { COMMIT_FRAMES, COMMIT_MS, MAX_FRAME_BYTES, WINDOW } from './limits.ts';
import type { Answer, RunNews } from './messages.ts';
import { RefusedBatchError, RunWriter, SequenceGapError, type MakeRules } from './run-writer.ts';

/** Where the results go; called after each commit. */
export interface IngestOutput {
  answer(answers: Answer[]): void;
  news(news: RunNews[]): void;
  /** A commit failed, or (undefined) one went well after that. */
  problem(message: string | undefined): void;
}

/** A producer's connection from its first frame to its end. */
interface Connection {
  readonly id: number;
  writer: RunWriter | undefined;
  /** Frames handled since the last answer. */
  handled: number;
  /** Batches handled since the last answer. */
  batches: number;
  finished: boolean;
}

/** A frame, or (without bytes) the end of a connection. */
interface Arrival {
  readonly connection: number;
  readonly bytes: Uint8Array | undefined;
}

/** A problem that is told to the producer. `close` without `fatal`: it may come back. */
class ProducerProblem extends Error {
  readonly code: ProblemCode;
  readonly fatal: boolean;
  readonly close: boolean;

  constructor(code: ProblemCode, message: string, { fatal = true, close = fatal }: { fatal?: boolean; close?: boolean } = {}) {
    super(message);
    this.code = code;
    this.fatal = fatal;
    this.close = close;
  }
}

export class Ingest {
  private readonly store: TraceStore;
  private readonly directory: string;
  private readonly output: IngestOutput;
  private readonly makeRules: MakeRules | undefined;
  private readonly connections = new Map<number, Connection>();
  /** Connections that were told to close: what still comes from them is dropped. */
  private readonly closing = new Set<number>();
  private arrivals: Arrival[] = [];
  private answers: Answer[] = [];
  private readonly touched = new Set<RunWriter>();
  private timer: NodeJS.Timeout | undefined;
  private watched = false;
  private failing = false;

  /**
   * @param directory data directory, for messages
   * @param makeRules other rules than those of the catalogue, for measurements
   */
  constructor(store: TraceStore, directory: string, output: IngestOutput, makeRules?: MakeRules) {
    this.store = store;
    this.directory = directory;
    this.output = output;
    this.makeRules = makeRules;
    store.interruptRunning(Date.now());
  }

  /** Takes a frame. It is handled with others in at most `COMMIT_MS`. */
  frame(connection: number, bytes: Uint8Array): void {
    this.arrivals.push({ connection, bytes });
    // A message other than a batch is small and waited for.
    if (this.arrivals.length >= COMMIT_FRAMES || !isBatchFrame(bytes)) this.commit();
    else this.timer ??= setTimeout(() => this.commit(), COMMIT_MS);
  }

  /** The producer is gone; what it sent before is kept. */
  disconnect(connection: number): void {
    this.arrivals.push({ connection, bytes: undefined });
    this.commit();
  }

  /** Whether a producer's connection has this run open. */
  isOpen(run: string): boolean {
    return [...this.connections.values()].some(({ writer }) => writer?.run.description.id === run);
  }

  /** Tells those who watch that the tags or anomalies of a run were changed. To be called after the change is committed. */
  retag(summary: RunSummary): void {
    for (const { writer } of this.connections.values()) if (writer?.run.description.id === summary.run) writer.retag(summary.tags);
    this.output.news([{
      run: summary, recordsBefore: summary.records, retagged: true, started: false, ended: false, threads: [], rows: [], anomalies: [], anomaliesFound: 0,
    }]);
  }

  watch(watched: boolean): void {
    this.watched = watched;
  }

  /** Commits what is there and says goodbye to all producers. */
  close(): void {
    this.commit();
    const open = [...this.connections.values()];
    for (const connection of open) this.answer(connection, problem('shuttingDown', 'the service is shutting down; what is not acknowledged is to be sent again', false), true);
    for (const connection of open) this.arrivals.push({ connection: connection.id, bytes: undefined });
    this.commit();
  }

  /** Handles and commits all that arrived. */
  private commit(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const arrivals = this.arrivals;
    this.arrivals = [];
    try {
      this.store.transaction(() => this.handleAll(arrivals));
    } catch (error) {
      this.giveUp(arrivals, error);
      return;
    }
    const news = [...this.touched].map((writer) => writer.takeNews());
    this.touched.clear();
    if (this.failing) this.output.problem(undefined);
    this.failing = false;
    this.send();
    if (news.length > 0) this.output.news(news);
  }

  private handleAll(arrivals: readonly Arrival[]): void {
    const now = Date.now();
    if (this.failing) this.store.interruptRunning(now);
    for (const { connection, bytes } of arrivals) {
      if (bytes === undefined) {
        this.leave(connection, now);
        this.closing.delete(connection);
      } else if (!this.closing.has(connection)) {
        this.handle(this.connectionOf(connection), bytes, now);
      }
    }
    for (const connection of this.connections.values()) this.acknowledge(connection);
    for (const writer of this.touched) writer.flush(writer.run.state !== 'running');
  }

  private handle(connection: Connection, bytes: Uint8Array, now: number): void {
    connection.handled++;
    try {
      const message = decodeClientMessage(bytes);
      if (message.kind === 'hello') this.hello(connection, message, now);
      else if (message.kind === 'bye') this.bye(connection, message, now);
      else this.batch(connection, message.bytes, now);
    } catch (error) {
      if (error instanceof SqliteError) throw error;
      const { code, message, fatal, close } = asProblem(error);
      this.acknowledge(connection);
      this.answer(connection, problem(code, message, fatal), close);
      if (close) this.leave(connection.id, now);
    }
  }

  private hello(connection: Connection, hello: Hello, now: number): void {
    if (connection.writer !== undefined) throw new ProducerProblem('unexpectedMessage', 'a second Hello on one connection; open a connection for each run');
    if (hello.protocolVersion !== PROTOCOL_VERSION) {
      throw new ProducerProblem('unsupportedVersion', `protocol version ${hello.protocolVersion} is not supported; this service speaks version ${PROTOCOL_VERSION}`);
    }
    const wrong = descriptionProblem(hello.run);
    if (wrong !== undefined) throw new ProducerProblem('badMessage', wrong);
    const writer = new RunWriter(this.store, this.openRun(hello, now), interfacesByName(hello.run.configuration), this.makeRules);
    if (writer.run.state !== 'ended') writer.start(now);
    connection.writer = writer;
    connection.finished = writer.run.state === 'ended';
    this.touched.add(writer);
    this.answer(connection, { kind: 'welcome', run: hello.run.id, nextSeq: writer.nextSeq, maxFrameBytes: MAX_FRAME_BYTES, window: WINDOW }, false);
  }

  private openRun({ run, resume }: Hello, now: number): StoredRun {
    for (const other of this.connections.values()) {
      if (other.writer?.run.description.id === run.id) {
        throw new ProducerProblem('runBusy', `run ${run.id} is being sent by another connection`, { fatal: false, close: true });
      }
    }
    const known = this.store.findRun(run.id);
    if (known === undefined) return this.store.insertRun(run, now);
    if (known.importing) throw new ProducerProblem('runBusy', `run ${run.id} is being imported`, { fatal: false, close: true });
    if (!resume) throw new ProducerProblem('runExists', `run ${run.id} is known already; choose another id, or resume it`);
    if (!sameDescription(known.description, run)) throw new ProducerProblem('runExists', `run ${run.id} is known with another description; choose another id`);
    if (known.recordsDroppedAt !== 0) throw new ProducerProblem('runExists', `the records of run ${run.id} were dropped by retention; choose another id`);
    return known;
  }

  private batch(connection: Connection, bytes: Uint8Array, now: number): void {
    connection.batches++;
    const writer = this.writerOf(connection);
    if (connection.finished) throw new ProducerProblem('unexpectedMessage', `run ${writer.run.description.id} has ended; a new run needs a new id`);
    this.touched.add(writer);
    writer.take(bytes, this.watched, now);
  }

  private bye(connection: Connection, bye: Bye, now: number): void {
    const writer = this.writerOf(connection);
    if (bye.lastSeq !== writer.run.records) {
      throw new ProducerProblem('sequence', `Bye names record ${bye.lastSeq} as the last, but the last that arrived is ${writer.run.records}`, { fatal: false });
    }
    if (!connection.finished) writer.end('ended', bye.end, bye.detail, now);
    connection.finished = true;
    this.touched.add(writer);
    this.answer(connection, { kind: 'ack', committedSeq: writer.run.records, finished: true }, false);
  }

  private writerOf(connection: Connection): RunWriter {
    if (connection.writer === undefined) throw new ProducerProblem('unexpectedMessage', 'the first message of a connection must be Hello');
    return connection.writer;
  }

  private connectionOf(id: number): Connection {
    let connection = this.connections.get(id);
    if (connection === undefined) {
      connection = { id, writer: undefined, handled: 0, batches: 0, finished: false };
      this.connections.set(id, connection);
    }
    return connection;
  }

  private leave(id: number, now: number): void {
    const connection = this.connections.get(id);
    this.connections.delete(id);
    if (connection?.writer === undefined || connection.finished) return;
    connection.writer.end('interrupted', null, '', now);
    this.touched.add(connection.writer);
  }

  private acknowledge(connection: Connection): void {
    if (connection.batches === 0 || connection.writer === undefined) return;
    connection.batches = 0;
    this.answer(connection, { kind: 'ack', committedSeq: connection.writer.run.records, finished: false }, false);
  }

  private answer(connection: Connection, message: ServerMessage, close: boolean): void {
    this.answers.push({ connection: connection.id, message, released: connection.handled, close });
    connection.handled = 0;
    if (close) this.closing.add(connection.id);
  }

  private send(): void {
    if (this.answers.length > 0) this.output.answer(this.answers);
    this.answers = [];
  }

  /** Nothing of the group was stored, and what the writers know is ahead of the store: producers have to begin again. */
  private giveUp(arrivals: readonly Arrival[], error: unknown): void {
    const { message } = asStoreError(error, this.directory);
    for (const { connection, bytes } of arrivals) {
      if (bytes === undefined) this.connections.delete(connection);
      else if (!this.closing.has(connection)) this.connectionOf(connection);
    }
    this.answers = [];
    for (const connection of this.connections.values()) this.answer(connection, problem('store', message, false), true);
    this.connections.clear();
    this.touched.clear();
    this.failing = true;
    this.output.problem(message);
    this.send();
  }
}

/** Whether a frame is a ClientMessage with a Batch: its first byte is the key of field 2. */
function isBatchFrame(bytes: Uint8Array): boolean {
  return bytes[0] === 0x12;
}

function asProblem(error: unknown): ProducerProblem {
  if (error instanceof ProducerProblem) return error;
  if (error instanceof SequenceGapError) return new ProducerProblem('sequence', error.message, { fatal: false });
  if (error instanceof WireError) return new ProducerProblem('badMessage', error.message);
  if (error instanceof BatchError || error instanceof RefusedBatchError) return new ProducerProblem('badBatch', error.message);
  if (error instanceof RequestError) return new ProducerProblem('badMessage', error.message);
  throw error;
}

function problem(code: ProblemCode, message: string, fatal: boolean): ServerMessage {
  return { kind: 'problem', code, message, fatal };
}
