// SPDX-License-Identifier: BSD-2-Clause
/** Jobs that take care of the store: it is looked through, copied, or room is made in it. */
import type { CheckReport, PruneReport, RetentionPolicy } from '../../schema/api/index.ts';
import type { IngestClient } from '../ingest/ingest-client.ts';
import type { Maintenance, Watch } from '../store/maintenance.ts';
import { pruneAll } from '../store/retention.ts';
import type { JobBook, StartedJob } from './job-book.ts';
import type { TrackedJob } from './tracked-job.ts';

export class UpkeepJobs {
  private readonly book: JobBook;
  private readonly ingest: Pick<IngestClient, 'administer'>;
  private readonly maintenance: Maintenance;

  constructor(book: JobBook, ingest: Pick<IngestClient, 'administer'>, maintenance: Maintenance) {
    this.book = book;
    this.ingest = ingest;
    this.maintenance = maintenance;
  }

  /** Rejects with a RequestError `unavailable` while other work has the store. */
  check(): Promise<StartedJob<CheckReport>> {
    return this.alone((release) => this.book.start('check', (job) => this.maintenance.run('check', watching(job)).finally(release)));
  }

  /** Copies the store into a new file. Rejects as {@link check}. */
  backup(file: string): Promise<StartedJob<null>> {
    return this.alone((release) => this.book.start('backup', (job) => this.maintenance.run('copy', watching(job), file).then(() => null).finally(release)));
  }

  prune(policy: RetentionPolicy): Promise<StartedJob<PruneReport>> {
    return this.book.start('prune', (job) => pruneAll(async () => {
      job.signal.throwIfAborted();
      const slice = await this.ingest.administer('prune', policy, Date.now());
      job.advance({ runsDone: job.progress.runsDone + Math.max(slice.runsWithoutRecords, slice.runsRemoved) });
      return slice;
    }), { request: policy });
  }

  private async alone<T>(start: (release: () => void) => Promise<T>): Promise<T> {
    return start(this.maintenance.claim());
  }
}

/** Lets a job be told how far the work is, and end it. */
function watching(job: TrackedJob): Watch {
  return { signal: job.signal, report: ({ records, totalRecords }) => job.advance({ records: totalRecords, recordsDone: records }) };
}
