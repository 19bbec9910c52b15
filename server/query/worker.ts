// SPDX-License-Identifier: BSD-2-Clause
/** Entry of the query worker thread: answers questions one after the other, from a read-only connection. */
import { parentPort, workerData } from 'node:worker_threads';
import { BatchError } from '../../schema/trace/batch.ts';
import { asStoreError, openReader } from '../store/open.ts';
import { SqliteError } from '../store/sqlite.ts';
import { packError } from '../thread-errors.ts';
import type { FromQuery, QueryWorkerData, ToQuery } from './messages.ts';
import { TraceReader } from './trace-reader.ts';

const port = parentPort!;
const { directory } = workerData as QueryWorkerData;
let reader: TraceReader | undefined;

function answer({ id, question, parameters }: ToQuery): FromQuery {
  try {
    reader ??= new TraceReader(openReader(directory));
    const ask = reader[question] as (...parameters: readonly unknown[]) => unknown;
    return { id, result: ask.apply(reader, parameters as unknown[]) };
  } catch (error) {
    const ofStore = error instanceof SqliteError || error instanceof BatchError;
    return { id, error: packError(ofStore ? asStoreError(error, directory) : error) };
  }
}

port.on('message', (message: ToQuery) => port.postMessage(answer(message)));
