// SPDX-License-Identifier: BSD-2-Clause
/**
 * Matches the records of two runs: the n-th time that a thread does something (a method, a system call, a cause) with
 * the n-th time in the other run. So one record more or less does not make all that follow differ.
 */
import type { Digests } from './record-digest.ts';

/** A record of a run, as far as matching needs it. */
export interface Sample {
  readonly seq: number;
  /** Thread and what it does. */
  readonly key: string;
  /** What it does alone. */
  readonly method: string;
  readonly digests: Digests;
  /** From entry to exit, virtual ns. */
  readonly duration: number;
  readonly outcome: number;
}

export interface MatchedMethod {
  readonly method: string;
  a: number;
  b: number;
  requests: number;
  answers: number;
  unmatched: number;
  timeA: number;
  timeB: number;
  /** How often each duration, by side; virtual times have few values. */
  readonly durations: Readonly<Record<Side, Map<number, number>>>;
  /** How often each outcome, by side. */
  readonly outcomes: Readonly<Record<Side, Map<number, number>>>;
  /** The first pair that differs; a lone record has one side only. */
  first: Pair | undefined;
}

export interface Pair {
  readonly key: string;
  readonly a: number | undefined;
  readonly b: number | undefined;
}

type Side = 'a' | 'b';

export class RecordMatcher {
  pairs = 0;
  readonly methods = new Map<string, MatchedMethod>();
  /** By key: samples of the run that is ahead. */
  private readonly waiting = new Map<string, { readonly side: Side; readonly samples: Sample[]; next: number }>();

  /** Adds the next record of a run. Runs should be fed in turn, so that little waits. */
  add(side: Side, sample: Sample): void {
    const method = this.method(sample.method);
    method[side]++;
    method[side === 'a' ? 'timeA' : 'timeB'] += sample.duration;
    count(method.durations[side], sample.duration);
    count(method.outcomes[side], sample.outcome);
    const waiting = this.waiting.get(sample.key);
    if (waiting === undefined) this.waiting.set(sample.key, { side, samples: [sample], next: 0 });
    else if (waiting.side === side) waiting.samples.push(sample);
    else {
      const partner = waiting.samples[waiting.next++]!;
      if (waiting.next === waiting.samples.length) this.waiting.delete(sample.key);
      this.compare(method, side === 'a' ? sample : partner, side === 'a' ? partner : sample);
    }
  }

  /** Counts what is left without a partner. */
  finish(): void {
    for (const [key, { side, samples, next }] of this.waiting) {
      const method = this.method(samples[next]!.method);
      method.unmatched += samples.length - next;
      const { seq } = samples[next]!;
      note(method, { key, a: side === 'a' ? seq : undefined, b: side === 'b' ? seq : undefined });
    }
    this.waiting.clear();
  }

  private compare(method: MatchedMethod, a: Sample, b: Sample): void {
    this.pairs++;
    if (a.digests.request !== b.digests.request) method.requests++;
    else if (a.digests.answer !== b.digests.answer) method.answers++;
    else return;
    note(method, { key: a.key, a: a.seq, b: b.seq });
  }

  private method(name: string): MatchedMethod {
    let method = this.methods.get(name);
    if (method === undefined) {
      method = { method: name, a: 0, b: 0, requests: 0, answers: 0, unmatched: 0, timeA: 0, timeB: 0, first: undefined, durations: { a: new Map(), b: new Map() }, outcomes: { a: new Map(), b: new Map() } };
      this.methods.set(name, method);
    }
    return method;
  }
}

/** Where a difference stands: in run a, or in run b for what run a does not have. */
export function position({ a, b }: Pair): number {
  return a ?? b!;
}

function count(counts: Map<number, number>, value: number): void {
  counts.set(value, (counts.get(value) ?? 0) + 1);
}

function note(method: MatchedMethod, pair: Pair): void {
  if (method.first === undefined || position(pair) < position(method.first)) method.first = pair;
}
