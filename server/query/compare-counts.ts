// SPDX-License-Identifier: BSD-2-Clause
/** Compares two runs by what they counted, for runs whose records retention has dropped. */
import type { MethodComparison, MethodCount } from '../../schema/api/index.ts';
import { CAUSE, CAUSES } from '../../schema/trace/trap-record.ts';
import type { ComparedRuns } from './compare-runs.ts';

/** As where records are compared: interrupts come when time has passed, and have no partner. */
const WITHOUT_PARTNER: readonly string[] = [CAUSES[CAUSE.interrupt]!, CAUSES[CAUSE.boot]!];

/** Methods of both runs, those with the most records that cannot have a partner first. No record is looked at. */
export function compareCounts(a: readonly MethodCount[], b: readonly MethodCount[]): ComparedRuns {
  const names = [...new Set([...a, ...b].map(({ method }) => method))].filter((method) => !WITHOUT_PARTNER.includes(method));
  const methods = names.map((method) => comparison(method, a.filter((count) => count.method === method), b.filter((count) => count.method === method)));
  return { pairs: 0, first: null, methods: methods.sort((x, y) => y.unmatched - x.unmatched || x.method.localeCompare(y.method)) };
}

function comparison(method: string, a: readonly MethodCount[], b: readonly MethodCount[]): MethodComparison {
  const [recordsA, recordsB] = [recordsOf(a), recordsOf(b)];
  const outcomes = [...new Set([...a, ...b].map(({ outcome }) => outcome))];
  return {
    method, a: recordsA, b: recordsB, requests: 0, answers: 0, unmatched: Math.abs(recordsA - recordsB),
    meanTimeA: meanOf(a), meanTimeB: meanOf(b), latencyA: null, latencyB: null,
    outcomes: outcomes.map((outcome) => ({ outcome, a: recordsOf(a.filter((count) => count.outcome === outcome)), b: recordsOf(b.filter((count) => count.outcome === outcome)) })),
    first: null,
  };
}

function recordsOf(counts: readonly MethodCount[]): number {
  return counts.reduce((sum, { records }) => sum + records, 0);
}

/** Null without records, and for a run of a service that did not count time. */
function meanOf(counts: readonly MethodCount[]): number | null {
  if (counts.length === 0 || counts.some(({ time }) => time === null)) return null;
  return counts.reduce((sum, { time }) => sum + time!, 0) / recordsOf(counts);
}
