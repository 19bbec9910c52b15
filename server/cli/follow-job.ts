// SPDX-License-Identifier: BSD-2-Clause
/** Watches a job of the service to its end; Ctrl-C ends it. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Job, JobProgress } from '../../schema/api/index.ts';
import type { ServiceAccess } from './service-access.ts';
import { interruption } from './signals.ts';

/** Time between two looks at the job, ms. */
const LOOK_INTERVAL = 200;

export async function followJob<J extends Job>(service: Pick<ServiceAccess, 'get' | 'send'>, started: J): Promise<J> {
  const interrupt = interruption();
  const path = `/api/jobs/${started.id}`;
  let job = started;
  let cancelled = false;
  while (job.endedAt === null) {
    showProgress(job);
    await pause(LOOK_INTERVAL);
    if (interrupt.aborted && !cancelled) {
      cancelled = true;
      await service.send<J>('DELETE', path);
    }
    job = await service.get<J>(path);
  }
  clearProgress();
  return job;
}

/** A line that is written over; only for people. */
function showProgress({ state, progress }: Job): void {
  if (process.stderr.isTTY !== true) return;
  process.stderr.write(`\r\u001b[K${state === 'waiting' ? 'waiting for another job' : progressText(progress)}`);
}

function clearProgress(): void {
  if (process.stderr.isTTY === true) process.stderr.write('\r\u001b[K');
}

function progressText({ at, runs, runsDone, records, recordsDone }: JobProgress): string {
  const percent = records === 0 ? 100 : Math.floor((recordsDone / records) * 100);
  return `${percent} %  ${recordsDone} of ${records} records, ${runsDone} of ${runs} runs  ${at}`.slice(0, process.stderr.columns ?? 80);
}
