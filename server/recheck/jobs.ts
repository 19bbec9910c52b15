// SPDX-License-Identifier: BSD-2-Clause
/**
 * Rechecks that were asked for, one at a time, in the order in which they were. A job checks run after run in a worker and
 * has the ingest worker put each result in place, so the ingest waits for one run's exchange at most.
 */
import { randomUUID } from 'node:crypto';
import type { Job, JobProgress, NotChecked, RecheckResult, RuleTally } from '../../schema/api/index.ts';
import { RequestError } from '../errors.ts';
import { READ_ONLY, type IngestClient } from '../ingest/ingest-client.ts';
import { planFile } from '../store/location.ts';
import { CheckWorker } from './check-worker.ts';
import { NotCheckedError } from './not-checked-error.ts';
import { removePlan, type RecheckPlan } from './plan.ts';

/** A run to be judged, and how many records it had when the job was made. */
export interface RecheckTarget {
  readonly run: string;
  readonly records: number;
}

/** Jobs that are remembered, and that may wait. */
const MOST_JOBS = 100;
const MOST_WAITING = 16;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface Work {
  readonly job: Mutable<Job> & { readonly progress: Mutable<JobProgress>; readonly result: Mutable<RecheckResult> };
  readonly targets: readonly RecheckTarget[];
  readonly rule: string | null;
  readonly tallies: Map<string, Mutable<RuleTally>>;
}

export class RecheckJobs {
  private readonly directory: string;
  private readonly ingest: Pick<IngestClient, 'administer'>;
  private readonly readOnly: boolean;
  /** Newest first. */
  private readonly works: Work[] = [];
  private current: Promise<void> | undefined;
  private worker: CheckWorker | undefined;
  private closed = false;

  /** Removes what a service that was killed left behind. `readOnly`: touches nothing, and refuses all jobs. */
  constructor(directory: string, ingest: Pick<IngestClient, 'administer'>, readOnly = false) {
    this.directory = directory;
    this.ingest = ingest;
    this.readOnly = readOnly;
    if (!readOnly) removePlan(planFile(directory));
  }

  /** Begins, or begins as soon as the jobs before it have ended. Throws a RequestError when too many wait. */
  start(targets: readonly RecheckTarget[], rule: string | null): Job {
    if (this.readOnly) throw new RequestError('read-only', READ_ONLY);
    if (this.works.filter(({ job }) => job.state === 'waiting').length >= MOST_WAITING) {
      throw new RequestError('conflict', `${MOST_WAITING} jobs wait already`, 'GET /api/jobs lists them, DELETE /api/jobs/:job ends one');
    }
    const work: Work = {
      job: {
        id: randomUUID(), kind: 'recheck', state: 'waiting', createdAt: new Date().toISOString(), endedAt: null, error: null,
        progress: { at: '', runs: targets.length, runsDone: 0, records: targets.reduce((sum, { records }) => sum + records, 0), recordsDone: 0 },
        result: { checked: 0, records: 0, rules: [], changedRuns: [], notChecked: [] },
      },
      targets, rule, tallies: new Map(),
    };
    this.works.unshift(work);
    if (this.works.length > MOST_JOBS) this.works.splice(this.works.findLastIndex(({ job }) => job.endedAt !== null), 1);
    this.next();
    return snapshot(work);
  }

  /** Newest first. */
  list(): Job[] {
    return this.works.map(snapshot);
  }

  /** Throws a RequestError for a job that there is not. */
  get(id: string): Job {
    return snapshot(this.find(id));
  }

  /** Ends a job; runs that it has done stay done. A job that has ended stays as it is. */
  cancel(id: string): Job {
    const work = this.find(id);
    if (work.job.state === 'waiting' || work.job.state === 'running') {
      const running = work.job.state === 'running';
      end(work, 'cancelled');
      if (running) void this.worker?.end();
    }
    return snapshot(work);
  }

  /** Ends all jobs. */
  async close(): Promise<void> {
    this.closed = true;
    for (const { job } of this.works) this.cancel(job.id);
    await this.current;
  }

  private find(id: string): Work {
    const work = this.works.find(({ job }) => job.id === id);
    if (work === undefined) throw new RequestError('unknown-job', `there is no job ${id}`, 'GET /api/jobs lists them');
    return work;
  }

  private next(): void {
    if (this.current !== undefined || this.closed) return;
    const work = this.works.findLast(({ job }) => job.state === 'waiting');
    if (work === undefined) return;
    this.current = this.run(work).finally(() => {
      this.current = undefined;
      this.next();
    });
  }

  private async run(work: Work): Promise<void> {
    work.job.state = 'running';
    const worker = new CheckWorker(this.directory);
    this.worker = worker;
    try {
      for (const target of work.targets) {
        await this.recheck(work, target, worker);
        if (work.job.endedAt !== null) return;
      }
      end(work, 'done');
    } catch (error) {
      if (work.job.endedAt === null) end(work, 'failed', error instanceof Error ? error.message : String(error));
    } finally {
      this.worker = undefined;
      await worker.end();
      removePlan(planFile(this.directory));
    }
  }

  private async recheck(work: Work, { run, records }: RecheckTarget, worker: CheckWorker): Promise<void> {
    const { progress, result } = work.job;
    const done = progress.recordsDone;
    progress.at = `run ${run}`;
    try {
      const plan = await worker.check(run, work.rule, (count) => { progress.recordsDone = done + Math.min(count, records); });
      if (work.job.endedAt !== null) return;
      await this.ingest.administer('applyRecheck', plan);
      enter(work, run, plan);
    } catch (error) {
      const why = reasonOf(error);
      if (why === undefined) throw error;
      result.notChecked.push({ run, why, message: (error as Error).message });
    }
    progress.runsDone++;
    progress.recordsDone = done + records;
  }
}

/** Why a run was left as it is, for errors that concern that run alone. */
function reasonOf(error: unknown): NotChecked['why'] | undefined {
  if (error instanceof NotCheckedError) return error.why;
  return error instanceof RequestError && error.fault === 'conflict' ? 'changed' : undefined;
}

function enter({ job: { result }, tallies }: Work, run: string, plan: RecheckPlan): void {
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

function end({ job }: Work, state: 'done' | 'failed' | 'cancelled', error: string | null = null): void {
  job.state = state;
  job.endedAt = new Date().toISOString();
  job.error = error;
}

function snapshot({ job }: Work): Job {
  return structuredClone(job);
}
