// SPDX-License-Identifier: BSD-2-Clause
/**
 * Asks the SQL process. It is a process and not a thread because a query written by anybody can keep SQLite busy for ever
 * and take any memory, and only a process can be ended while native code runs.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { SqlQuery, SqlResult } from '../../schema/api/index.ts';
import { RequestError } from '../errors.ts';
import { workerModule } from '../package-paths.ts';
import { unpackError } from '../thread-errors.ts';
import type { FromSql, ToSql } from './messages.ts';

/** Queries that may wait; more are refused at once. */
const MOST_WAITING = 16;

export interface SqlLimits {
  /** Most time that one query may take. */
  readonly milliseconds: number;
  /** Most memory of the process, with what Node.js itself takes (about 80 MB). */
  readonly memoryBytes: number;
}

export const SQL_LIMITS: SqlLimits = Object.freeze({ milliseconds: 60_000, memoryBytes: 1024 * 1024 * 1024 });

interface Waiting {
  readonly message: ToSql;
  readonly resolve: (result: SqlResult) => void;
  readonly reject: (error: Error) => void;
}

export class SqlClient {
  readonly limits: SqlLimits;
  private readonly directory: string;
  private process: ChildProcess | undefined;
  private readonly waiting: Waiting[] = [];
  private current: Waiting | undefined;
  private timer: NodeJS.Timeout | undefined;
  private lastId = 0;
  private closed = false;

  constructor(directory: string, limits: SqlLimits = SQL_LIMITS) {
    this.directory = directory;
    this.limits = limits;
  }

  /** Rejects with a RequestError or StoreError. */
  query(query: SqlQuery): Promise<SqlResult> {
    return new Promise((resolve, reject) => {
      if (this.closed) return reject(new RequestError('unavailable', 'the service is shutting down'));
      if (this.waiting.length >= MOST_WAITING) return reject(new RequestError('unavailable', 'too many SQL queries wait', 'try again in a moment'));
      this.waiting.push({ message: { id: ++this.lastId, query }, resolve, reject });
      this.next();
    });
  }

  /** Refuses what waits and ends the process. */
  async close(): Promise<void> {
    this.closed = true;
    const error = new RequestError('unavailable', 'the service is shutting down');
    for (const { reject } of this.waiting.splice(0)) reject(error);
    const { process } = this;
    if (process === undefined) return;
    // Nothing else may keep this process alive until then.
    process.ref();
    const ended = new Promise((resolve) => { process.once('exit', resolve); });
    this.giveUp(error);
    await ended;
  }

  private next(): void {
    if (this.current !== undefined || this.closed) return;
    this.current = this.waiting.shift();
    if (this.current === undefined) return;
    const process = (this.process ??= this.start());
    this.timer = setTimeout(() => this.giveUp(new RequestError('timeout', `the query took longer than ${this.limits.milliseconds / 1000} s and was ended`,
      'name a run, or a range by records_in(run, first, last); views methods and anomalies need no decoding')), this.limits.milliseconds);
    process.send(this.current.message);
  }

  private start(): ChildProcess {
    const child = fork(fileURLToPath(workerModule('server/sql/process.ts')), [this.directory, String(this.limits.memoryBytes)], {
      // No inherited options: a debugger's port or a test runner's loader is not for this process.
      execArgv: [], serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    child.unref();
    child.channel?.unref();
    child.on('message', (answer: FromSql) => this.settle(answer));
    child.on('error', (error) => {
      if (child === this.process) this.giveUp(error);
    });
    child.on('exit', () => {
      if (child === this.process) this.giveUp(new RequestError('bad-request', `the query needed more than ${Math.round(this.limits.memoryBytes / 1024 / 1024)} MB of memory and was ended`, 'select less, or aggregate'));
    });
    return child;
  }

  private settle(answer: FromSql): void {
    const { current } = this;
    if (current === undefined || answer.id !== current.message.id) return;
    this.finish();
    if ('error' in answer) current.reject(unpackError(answer.error));
    else current.resolve(answer.result);
    this.next();
  }

  /** Ends the process with the query it is at. */
  private giveUp(error: Error): void {
    const { current } = this;
    this.process?.kill('SIGKILL');
    this.process = undefined;
    this.finish();
    current?.reject(error);
    this.next();
  }

  private finish(): void {
    clearTimeout(this.timer);
    this.current = undefined;
  }
}
