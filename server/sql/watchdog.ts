// SPDX-License-Identifier: BSD-2-Clause
/**
 * A thread beside the one that runs queries: while SQLite is at work, nothing else in that one is. Ends the process when it
 * takes too much memory, or when the service that it works for is gone.
 */
import { workerData } from 'node:worker_threads';
import type { WatchdogData } from './messages.ts';

const LOOK_MS = 50;
const { parent, memoryBytes } = workerData as WatchdogData;

setInterval(() => {
  if (process.ppid !== parent || process.memoryUsage.rss() > memoryBytes) process.kill(process.pid, 'SIGKILL');
}, LOOK_MS);
