// SPDX-License-Identifier: BSD-2-Clause
/** Runs the cases of an audit one after the other. */
import { emptyCoverage, runCase, type AuditCase, type CaseOptions, type CaseResult, type Coverage } from './case-run.ts';

export interface AuditOptions extends Omit<CaseOptions, 'coverage'> {
  /** Hears of each case before it runs. */
  readonly progress?: (done: number, total: number, next: AuditCase) => void;
}

/** Cases between two turns of the event loop, so that signals are heard. */
const CASES_PER_TURN = 64;

export async function runAudit(cases: readonly AuditCase[], options: AuditOptions): Promise<{ results: CaseResult[]; coverage: Coverage }> {
  const coverage = emptyCoverage();
  const results: CaseResult[] = [];
  for (const [i, each] of cases.entries()) {
    options.progress?.(i, cases.length, each);
    results.push(await runCase(each, { ...options, coverage }));
    if (i % CASES_PER_TURN === 0) await new Promise((resolve) => { setImmediate(resolve); });
  }
  return { results, coverage };
}
