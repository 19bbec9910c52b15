// SPDX-License-Identifier: BSD-2-Clause
/** Long work on a store that only reads it, or works on a copy: done beside a service, in a thread of its own. */
import type { CheckReport } from '../../schema/api/index.ts';
import { copyStore } from './backup.ts';
import { checkStore, type CheckProgress } from './check.ts';
import { examineForeign } from './foreign-store.ts';
import { openReader } from './open.ts';

/** Told how far a job is, as often as it knows. */
export type ReportProgress = (progress: CheckProgress) => void;

export const JOBS = {
  /** Looks through the store. */
  check(location: string, report: ReportProgress): CheckReport {
    const db = openReader(location);
    try {
      return finish(checkStore(db), report);
    } finally {
      db.close();
    }
  },

  /** Copies the store into a new file. */
  copy(location: string, _report: ReportProgress, file: string): void {
    copyStore(location, file);
  },

  /** Checks an upload, which is ours to change, and brings it to this version. */
  examine(_location: string, _report: ReportProgress, file: string): void {
    examineForeign(file);
  },
} as const;

export type Job = keyof typeof JOBS;
export type JobParameters<J extends Job> = Parameters<(typeof JOBS)[J]> extends [string, ReportProgress, ...infer Rest] ? Rest : never;
export type JobResult<J extends Job> = ReturnType<(typeof JOBS)[J]>;

/** Runs a generator to its end. */
export function finish<T, Step>(work: Generator<Step, T>, report: (step: Step) => void = () => undefined): T {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
    report(step.value);
  }
}
