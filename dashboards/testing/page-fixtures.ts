// SPDX-License-Identifier: BSD-2-Clause
/** Made-up answers for the pages beside the run: a comparison, what SQL can read, a job. */
import type { JobSummary, MethodComparison, RecheckJob, RecordDifference, RunComparison, RunSummary, SqlResult, SqlSchema } from '../../schema/api/index.ts';

const FIRST: RecordDifference = { a: 50, b: 50, what: 'client: SchedContextConsumed', fields: [{ field: 'deliveries[0].tag.length', a: '1', b: '0' }, { field: 'fault', a: null, b: 'CapFault' }] };

/** Two runs that differ in one of two methods. */
export function comparisonOf(a: RunSummary, b: RunSummary): RunComparison {
  const common = { a: 10, b: 10, requests: 0, answers: 0, unmatched: 0, meanTimeA: 400, meanTimeB: 400, latencyA: { median: 400, p99: 500, longest: 900 }, latencyB: { median: 400, p99: 500, longest: 900 }, first: null } as const;
  const methods: MethodComparison[] = [
    { ...common, method: 'SchedContextConsumed', answers: 2, latencyB: { median: 600, p99: 500, longest: 900 }, outcomes: [{ outcome: 'replied', a: 10, b: 8 }, { outcome: 'error', a: 0, b: 2 }], first: FIRST },
    { ...common, method: 'CNodeMint', outcomes: [{ outcome: 'replied', a: 10, b: 10 }] },
  ];
  return { a, b, pairs: 60, first: FIRST, methods };
}

export const SQL_SCHEMA: SqlSchema = {
  notes: ['Virtual times are ns.'],
  tables: [
    { name: 'records', call: '', about: 'one row a kernel entry and exit', columns: [{ name: 'run', type: 'TEXT', about: 'run id' }, { name: 'seq', type: 'INTEGER', about: 'sequence number' }] },
    { name: 'records_in', call: 'records_in(run, first, last)', about: 'rows of a range', columns: [{ name: 'seq', type: 'INTEGER', about: 'sequence number' }] },
  ],
  limits: { milliseconds: 10_000, rows: 100_000, bytes: 33_554_432, memoryBytes: 268_435_456 },
};

/** An answer of so many records of a run, with a name that has all that CSV must quote. */
export function recordsAnswer(run: string, records: number): SqlResult {
  return {
    columns: [{ name: 'run' }, { name: 'seq' }, { name: 'thread' }, { name: 'thread_name' }],
    rows: Array.from({ length: records }, (_, i) => [run, i + 1, 1 + (i % 3), i === 0 ? 'a "b", c' : null]), truncated: true, elapsed: 12.5, latest: null,
  };
}

export function jobOf(change: Partial<JobSummary> = {}): JobSummary {
  return {
    id: 'job-1', kind: 'recheck', state: 'running', createdAt: '2026-01-06T08:00:00.000Z', endedAt: null, error: null,
    progress: { at: 'audit', runs: 4, runsDone: 1, records: 1000, recordsDone: 250 }, ...change,
  };
}

/** The same job when it has ended. */
export const ENDED = jobOf({ state: 'done', endedAt: '2026-01-06T08:01:00.000Z', progress: { at: '', runs: 4, runsDone: 4, records: 1000, recordsDone: 1000 } });

/** With what it came to. */
export function endedJob(): RecheckJob {
  return {
    ...ENDED, kind: 'recheck',
    result: { checked: 4, records: 1000, rules: [{ rule: 'K05', gone: 1, added: 3, same: 7 }], changedRuns: [{ run: 'audit', gone: 1, added: 3 }], notChecked: [{ run: 'live', why: 'running', message: 'run live is still running' }] },
  };
}
