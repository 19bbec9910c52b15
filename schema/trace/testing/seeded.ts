// SPDX-License-Identifier: BSD-2-Clause
import type { Below } from '../random-record.ts';

/** A small generator with a seed (mulberry32), so that a failing case can be repeated. */
export function seeded(seed: number): Below {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}
