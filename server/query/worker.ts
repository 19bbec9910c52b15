// SPDX-License-Identifier: BSD-2-Clause
/** Entry of the query worker thread: answers questions one after the other, from a read-only connection. */
import { parentPort, workerData } from 'node:worker_threads';
import { openReader } from '../store/open.ts';
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
    return { id, error: packError(error) };
  }
}

port.on('message', (message: ToQuery) => port.postMessage(answer(message)));
