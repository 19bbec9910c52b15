// SPDX-License-Identifier: BSD-2-Clause
/** Entry of the recheck worker thread: judges runs one after the other, from a read-only connection. */
import { parentPort, workerData } from 'node:worker_threads';
import { planFile } from '../store/location.ts';
import { asStoreError, openReader } from '../store/open.ts';
import { SqliteError } from '../store/sqlite.ts';
import { packError } from '../thread-errors.ts';
import { checkRun } from './check-run.ts';
import type { FromRecheck, RecheckWorkerData, ToRecheck } from './messages.ts';
import { NotCheckedError } from './not-checked-error.ts';

/** Shortest time between two reports, ms. */
const REPORT_INTERVAL = 100;

const port = parentPort!;
const { directory } = workerData as RecheckWorkerData;
let db: ReturnType<typeof openReader> | undefined;
let lastReport = 0;

function send(message: FromRecheck): void {
  port.postMessage(message);
}

function report(records: number): void {
  const now = Date.now();
  if (now - lastReport < REPORT_INTERVAL) return;
  lastReport = now;
  send({ type: 'progress', records });
}

function check({ run, rule }: ToRecheck): FromRecheck {
  try {
    db ??= openReader(directory);
    return { type: 'planned', plan: checkRun(db, run, { file: planFile(directory), rule, progress: report }) };
  } catch (error) {
    if (error instanceof NotCheckedError) return { type: 'notChecked', why: error.why, message: error.message };
    return { type: 'failed', error: packError(error instanceof SqliteError ? asStoreError(error, directory) : error) };
  }
}

port.on('message', (message: ToRecheck) => send(check(message)));
