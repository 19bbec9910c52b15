// SPDX-License-Identifier: BSD-2-Clause
/** Entry of the SQL process: arguments are the data directory and the most memory that it may take, bytes. */
import { Worker } from 'node:worker_threads';
import { BatchError } from '../../schema/trace/batch.ts';
import { workerModule } from '../package-paths.ts';
import { asStoreError } from '../store/open.ts';
import { SqliteError } from '../store/sqlite.ts';
import { packError } from '../thread-errors.ts';
import type { FromSql, ToSql, WatchdogData } from './messages.ts';
import { SqlReader } from './sql-reader.ts';

const [directory, memoryBytes] = [process.argv[2]!, Number(process.argv[3])];
new Worker(workerModule('server/sql/watchdog.ts'), { workerData: { parent: process.ppid, memoryBytes } satisfies WatchdogData }).unref();
let reader: SqlReader | undefined;

function answer({ id, query }: ToSql): FromSql {
  try {
    reader ??= new SqlReader(directory);
    return { id, result: reader.query(query) };
  } catch (error) {
    const ofStore = error instanceof SqliteError || error instanceof BatchError;
    return { id, error: packError(ofStore ? asStoreError(error, directory) : error) };
  }
}

process.on('message', (message: ToSql) => process.send!(answer(message)));
