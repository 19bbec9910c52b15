// SPDX-License-Identifier: BSD-2-Clause
/**
 * Asks the SQL process. It is a process and not a thread because a query written by anybody can keep SQLite busy for ever
 * and take any memory, and only a process can be ended while native code runs.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { SqlQuery, SqlResult } from '../../schema/api/index.ts';
import { RequestError } from '../errors.ts';
import { OneQuestionAtATime, type Answerer, type Asker } from '../one-question-at-a-time.ts';
import { workerModule } from '../package-paths.ts';
import type { FromSql, ToSql } from './messages.ts';

export interface SqlLimits {
  /** Most time that one query may take. */
  readonly milliseconds: number;
  /** Most memory of the process, with what Node.js itself takes (about 80 MB). */
  readonly memoryBytes: number;
}

export const SQL_LIMITS: SqlLimits = Object.freeze({ milliseconds: 60_000, memoryBytes: 1024 * 1024 * 1024 });

export class SqlClient {
  readonly limits: SqlLimits;
  private readonly questions: OneQuestionAtATime<SqlQuery, SqlResult>;

  constructor(directory: string, limits: SqlLimits = SQL_LIMITS) {
    this.limits = limits;
    this.questions = new OneQuestionAtATime({
      start: (asker) => startProcess(directory, limits.memoryBytes, asker),
      limitMs: limits.milliseconds,
      timeoutHint: 'name a run, or a range by records_in(run, first, last); views methods and anomalies need no decoding',
      mostWaiting: 16,
      busy: 'too many SQL queries wait',
    });
  }

  /** Rejects with a RequestError or StoreError. */
  query(query: SqlQuery): Promise<SqlResult> {
    return this.questions.ask(query);
  }

  /** Refuses what waits and ends the process. */
  close(): Promise<void> {
    return this.questions.close();
  }
}

function startProcess(directory: string, memoryBytes: number, asker: Asker<SqlResult>): Answerer<SqlQuery> {
  const child = fork(fileURLToPath(workerModule('server/sql/process.ts')), [directory, String(memoryBytes)], {
    // No inherited options: a debugger's port or a test runner's loader is not for this process.
    execArgv: [], serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  child.unref();
  child.channel?.unref();
  child.on('message', (answer: FromSql) => asker.answered(answer));
  child.on('error', (error) => asker.failed(error));
  child.on('exit', () => {
    asker.failed(new RequestError('bad-request', `the query needed more than ${Math.round(memoryBytes / 1024 / 1024)} MB of memory and was ended`, 'select less, or aggregate'));
  });
  return {
    send: (id, query) => child.send({ id, query } satisfies ToSql),
    end: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      // Nothing else may keep this process alive until then.
      child.ref();
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
