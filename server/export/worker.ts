// SPDX-License-Identifier: BSD-2-Clause
/** Entry of an export worker thread: makes one file, a piece whenever it is asked for one. */
import { parentPort, workerData } from 'node:worker_threads';
import { openReader } from '../store/open.ts';
import { packError } from '../thread-errors.ts';
import type { Piece } from './encoder.ts';
import { exportRun } from './export-run.ts';
import type { ExportWorkerData, FromExport } from './messages.ts';
import { asReadError } from './open-source.ts';
import { RunSource } from './run-source.ts';

const port = parentPort!;
const { directory, run, request } = workerData as ExportWorkerData;
let pieces: Generator<Piece> | undefined;

function answer(): FromExport {
  try {
    if (pieces === undefined) {
      const source = new RunSource(openReader(directory), run);
      pieces = exportRun(source, request);
      return { kind: 'started', run: source.summary.run };
    }
    const { value, done } = pieces.next();
    return done === true ? { kind: 'done' } : { kind: 'piece', bytes: value.bytes };
  } catch (error) {
    return { kind: 'failed', error: packError(asReadError(error, directory)) };
  }
}

port.on('message', () => {
  const message = answer();
  port.postMessage(message, message.kind === 'piece' ? [message.bytes.buffer as ArrayBuffer] : []);
});
