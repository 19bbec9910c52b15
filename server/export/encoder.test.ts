// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { encode, type Encoder } from './encoder.ts';
import type { RunSource } from './run-source.ts';

/** A run of a million records in chunks of 10 000, none of which is selected. */
const nothingSelected: Pick<RunSource, 'records'> = {
  *records() {
    for (let seq = 10_000; seq <= 1_000_000; seq += 10_000) yield seq;
  },
};

const empty: Encoder = { record: () => {}, full: false, take: () => new Uint8Array(), end: () => {} };

describe('encode', () => {
  it('hands over a piece now and then though little is selected, so that a long search can be watched and broken off', () => {
    const seqs = Array.from(encode(nothingSelected, {}, empty), ({ seq }) => seq);
    expect(seqs).toHaveLength(8);
    expect(seqs.at(-1)).toBe(1_000_000);
    const gaps = seqs.map((seq, i) => seq - (seqs[i - 1] ?? 0));
    expect(Math.max(...gaps)).toBeLessThan(150_000);
  });
});
