// SPDX-License-Identifier: BSD-2-Clause
/** Long work on a store that only reads it, or works on a copy: done beside a service, in a thread of its own. */
import type { CheckReport } from '../../schema/api/index.ts';
import { copyStore } from './backup.ts';
import { checkStore } from './check.ts';
import { examineForeign } from './foreign-store.ts';
import { openReader } from './open.ts';

export const JOBS = {
  /** Looks through the store. */
  check(location: string): CheckReport {
    const db = openReader(location);
    try {
      return finish(checkStore(db));
    } finally {
      db.close();
    }
  },

  /** Copies the store into a new file. */
  copy(location: string, file: string): void {
    copyStore(location, file);
  },

  /** Checks an upload, which is ours to change, and brings it to this version. */
  examine(_location: string, file: string): void {
    examineForeign(file);
  },
} as const;

export type Job = keyof typeof JOBS;
export type JobParameters<J extends Job> = Parameters<(typeof JOBS)[J]> extends [string, ...infer Rest] ? Rest : never;
export type JobResult<J extends Job> = ReturnType<(typeof JOBS)[J]>;

/** Runs a generator to its end. */
export function finish<T>(work: Generator<unknown, T>): T {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}
