// SPDX-License-Identifier: BSD-2-Clause
/** Compares two runs of a store record by record. */
import type { ComparisonDepth, FieldDifference, Latency, MethodComparison, RecordDifference } from '../../schema/api/index.ts';
import type { InterfaceModel } from '../../schema/idl/model.ts';
import { toPlain, type PlainRecord } from '../../schema/trace/plain.ts';
import { CAUSE, CAUSES, OUTCOMES, type TrapRecord } from '../../schema/trace/trap-record.ts';
import type { Subject } from '../../schema/trace/names.ts';
import { position, RecordMatcher, type MatchedMethod, type Pair, type Sample } from './match-records.ts';
import { RecordDigester } from './record-digest.ts';
import { syscallText } from './record-row.ts';

/** One of the runs. */
export interface ComparedRun {
  readonly interfaces: InterfaceModel;
  readonly subject: (id: number) => Subject | undefined;
  /** All records in sequence order; each is valid until the next is asked for. */
  readonly records: () => Iterable<TrapRecord>;
  readonly record: (seq: number) => TrapRecord;
}

export interface ComparedRuns {
  readonly pairs: number;
  readonly first: RecordDifference | null;
  readonly methods: MethodComparison[];
}

/** Most differing fields that one pair shows. */
const MOST_FIELDS = 24;

export function compareRuns(a: ComparedRun, b: ComparedRun, depth: ComparisonDepth): ComparedRuns {
  const matcher = new RecordMatcher();
  const sides = [{ side: 'a' as const, samples: samplesOf(a, depth) }, { side: 'b' as const, samples: samplesOf(b, depth) }];
  for (let left = 2; left > 0;) {
    left = 0;
    for (const { side, samples } of sides) {
      const { done, value } = samples.next();
      if (done === true) continue;
      matcher.add(side, value);
      left++;
    }
  }
  matcher.finish();
  const methods = [...matcher.methods.values()].sort((x, y) => order(x) - order(y) || x.method.localeCompare(y.method));
  const firsts = methods.flatMap(({ first }) => (first === undefined ? [] : [first])).sort((x, y) => position(x) - position(y));
  return {
    pairs: matcher.pairs,
    first: firsts[0] === undefined ? null : difference(firsts[0], a, b),
    methods: methods.map((method) => comparison(method, a, b)),
  };
}

function* samplesOf(run: ComparedRun, depth: ComparisonDepth): Iterator<Sample, undefined> {
  const digester = new RecordDigester(run.interfaces, (id) => nameOf(run, id), depth);
  for (const record of run.records()) {
    // Interrupts come when time has passed: they have no partner in another run.
    if (record.cause === CAUSE.interrupt || record.cause === CAUSE.boot) continue;
    const method = run.interfaces.byLabel[record.method]?.id ?? (record.cause === CAUSE.syscall ? syscallText(record.syscall, run.interfaces) : CAUSES[record.cause]!);
    yield {
      seq: record.seq, key: `${nameOf(run, record.thread)}: ${method}`, method,
      digests: digester.digest(record), duration: record.exitTime - record.entryTime, outcome: record.outcome,
    };
  }
  return undefined;
}

function nameOf(run: ComparedRun, id: number): string {
  if (id === 0) return 'idle';
  const subject = run.subject(id);
  return subject === undefined ? '' : subject.name === '' ? `type ${subject.type}` : subject.name;
}

function order({ first }: MatchedMethod): number {
  return first === undefined ? Infinity : position(first);
}

function comparison(matched: MatchedMethod, a: ComparedRun, b: ComparedRun): MethodComparison {
  const { method, requests, answers, unmatched, first } = matched;
  return {
    method, a: matched.a, b: matched.b, requests, answers, unmatched,
    meanTimeA: matched.a === 0 ? null : matched.timeA / matched.a,
    meanTimeB: matched.b === 0 ? null : matched.timeB / matched.b,
    latencyA: latencyOf(matched.durations.a), latencyB: latencyOf(matched.durations.b),
    outcomes: OUTCOMES.map((outcome, i) => ({ outcome, a: matched.outcomes.a.get(i) ?? 0, b: matched.outcomes.b.get(i) ?? 0 })).filter((counts) => counts.a + counts.b > 0),
    first: first === undefined ? null : difference(first, a, b),
  };
}

/** The smallest durations that half and 99 of 100 do not exceed, and the longest; null for none. */
function latencyOf(durations: ReadonlyMap<number, number>): Latency | null {
  if (durations.size === 0) return null;
  const sorted = [...durations].sort(([x], [y]) => x - y);
  const total = sorted.reduce((sum, [, times]) => sum + times, 0);
  const quantile = (share: number): number => {
    let seen = 0;
    return sorted.find(([, times]) => (seen += times) >= share * total)![0];
  };
  return { median: quantile(0.5), p99: quantile(0.99), longest: sorted.at(-1)![0] };
}

function difference({ key, a, b }: Pair, runA: ComparedRun, runB: ComparedRun): RecordDifference {
  const fields = a === undefined || b === undefined ? [] : differingFields(plain(runA, a), plain(runB, b));
  return { a: a ?? null, b: b ?? null, what: key, fields: fields.slice(0, MOST_FIELDS) };
}

function plain(run: ComparedRun, seq: number): PlainRecord {
  return toPlain(run.record(seq), {
    scheduling: run.interfaces.configuration.scheduling, subject: run.subject, method: (label) => run.interfaces.byLabel[label]?.id,
  });
}

/** Fields that two runs never share. */
const OWN_TO_A_RUN = new Set(['seq', 'entryTime', 'exitTime', 'pcBefore', 'pcAfter', 'consumed', 'budget', 'id', 'answers', 'object', 'next', 'reply', 'stray']);

/** Fields by path that differ, the idea of both. */
export function differingFields(a: unknown, b: unknown, path = ''): FieldDifference[] {
  if (isTree(a) && isTree(b)) {
    const keys = new Set([...Object.keys(a), ...Object.keys(b)].filter((key) => !OWN_TO_A_RUN.has(key)));
    return [...keys].flatMap((key) => differingFields(a[key], b[key], path === '' ? key : /^\d+$/.test(key) ? `${path}[${key}]` : `${path}.${key}`));
  }
  return JSON.stringify(a) === JSON.stringify(b) ? [] : [{ field: path, a: text(a), b: text(b) }];
}

function isTree(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function text(value: unknown): string | null {
  return value === undefined ? null : typeof value === 'string' ? value : JSON.stringify(value);
}
