// SPDX-License-Identifier: BSD-2-Clause
/**
 * Rechecks that were asked for, one at a time, in the order in which they were. A job checks run after run in a worker and
 * has the ingest worker put each result in place, so the ingest waits for one run's exchange at most.
 */
import type { NotChecked, RecheckJob, RecheckRequest, RecheckResult, RuleTally } from '../../schema/api/index.ts';
import { RequestError } from '../errors.ts';
import { READ_ONLY, type IngestClient } from '../ingest/ingest-client.ts';
import type { JobBook } from '../jobs/job-book.ts';
import type { TrackedJob } from '../jobs/tracked-job.ts';
import { planFile } from '../store/location.ts';
import { CheckWorker } from './check-worker.ts';
import { NotCheckedError } from './not-checked-error.ts';
import { removePlan, type RecheckPlan } from './plan.ts';

/** A run to be judged, and how many records it had when the job was made. */
export interface RecheckTarget {
  readonly run: string;
  readonly records: number;
}

/** Jobs that may wait. */
const MOST_WAITING = 16;

interface Work {
  readonly job: TrackedJob<RecheckResult>;
  readonly targets: readonly RecheckTarget[];
  readonly rule: string | null;
  readonly result: RecheckResult;
  readonly tallies: Map<string, RuleTally>;
}

export class RecheckJobs {
  private readonly directory: string;
  private readonly ingest: Pick<IngestClient, 'administer'>;
  private readonly book: JobBook;
  private readonly readOnly: boolean;
  /** In the order in which they were asked for. */
  private waiting: Work[] = [];
  private current: Promise<void> | undefined;
  private closed = false;

  /** Removes what a service that was killed left behind. `readOnly`: touches nothing, and refuses all jobs. */
  constructor(directory: string, ingest: Pick<IngestClient, 'administer'>, book: JobBook, readOnly = false) {
    this.directory = directory;
    this.ingest = ingest;
    this.book = book;
    this.readOnly = readOnly;
    if (!readOnly) removePlan(planFile(directory));
  }

  /** Begins, or begins as soon as the jobs before it have ended. Rejects with a RequestError when too many wait. */
  async start(request: RecheckRequest, targets: readonly RecheckTarget[]): Promise<RecheckJob> {
    if (this.readOnly) throw new RequestError('read-only', READ_ONLY);
    this.waiting = this.waiting.filter(({ job }) => job.state === 'waiting');
    if (this.waiting.length >= MOST_WAITING) {
      throw new RequestError('conflict', `${MOST_WAITING} jobs wait already`, 'GET /api/jobs lists them, DELETE /api/jobs/:job ends one');
    }
    const result: RecheckResult = { checked: 0, records: 0, rules: [], changedRuns: [], notChecked: [] };
    const job = await this.book.enter('recheck', result, { request, progress: { runs: targets.length, records: targets.reduce((sum, { records }) => sum + records, 0) } });
    this.waiting.push({ job, targets, rule: request.rule ?? null, result, tallies: new Map() });
    this.next();
    return job.snapshot() as RecheckJob;
  }

  /** Waits for the end of the job at hand, which must have been ended. */
  async close(): Promise<void> {
    this.closed = true;
    await this.current;
  }

  private next(): void {
    if (this.current !== undefined || this.closed) return;
    const work = this.waiting.shift();
    if (work === undefined) return;
    this.current = this.run(work).finally(() => {
      this.current = undefined;
      this.next();
    });
  }

  private async run(work: Work): Promise<void> {
    const { job } = work;
    if (job.signal.aborted) return;
    job.begin();
    const worker = new CheckWorker(this.directory);
    job.signal.addEventListener('abort', () => void worker.end());
    try {
      for (const target of work.targets) {
        await this.recheck(work, target, worker);
        if (job.signal.aborted) return;
      }
      job.complete();
    } catch (error) {
      job.end('failed', error instanceof Error ? error.message : String(error));
    } finally {
      await worker.end();
      removePlan(planFile(this.directory));
    }
  }

  private async recheck({ job, rule, result, tallies }: Work, { run, records }: RecheckTarget, worker: CheckWorker): Promise<void> {
    const { recordsDone: done, runsDone } = job.progress;
    job.advance({ at: `run ${run}` });
    try {
      const plan = await worker.check(run, rule, (count) => job.advance({ recordsDone: done + Math.min(count, records) }));
      if (job.signal.aborted) return;
      await this.ingest.administer('applyRecheck', plan);
      enter(result, tallies, run, plan);
    } catch (error) {
      const why = reasonOf(error);
      if (why === undefined) throw error;
      result.notChecked.push({ run, why, message: (error as Error).message });
    }
    if (!job.signal.aborted) job.advance({ runsDone: runsDone + 1, recordsDone: done + records });
  }
}

/** Why a run was left as it is, for errors that concern that run alone. */
function reasonOf(error: unknown): NotChecked['why'] | undefined {
  if (error instanceof NotCheckedError) return error.why;
  return error instanceof RequestError && error.fault === 'conflict' ? 'changed' : undefined;
}

function enter(result: RecheckResult, tallies: Map<string, RuleTally>, run: string, plan: RecheckPlan): void {
  const sum = { run, gone: 0, added: 0 };
  for (const { rule, gone, added, same } of plan.tallies) {
    const tally = tallies.get(rule) ?? { rule, gone: 0, added: 0, same: 0 };
    tallies.set(rule, { rule, gone: tally.gone + gone, added: tally.added + added, same: tally.same + same });
    sum.gone += gone;
    sum.added += added;
  }
  result.checked++;
  result.records += plan.records;
  result.rules = [...tallies.values()].sort((a, b) => (a.rule < b.rule ? -1 : 1));
  if (sum.gone + sum.added > 0) result.changedRuns.push(sum);
}
