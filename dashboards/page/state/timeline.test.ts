// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { THREAD_STATES } from '../../../schema/abi/thread-state.ts';
import { piecesOf, spanAt, thinned, type Span, type StateText, type Timeline } from './timeline.ts';

/** Spans one after the other, each so long in time; one record each. */
function spansOf(lengths: readonly { readonly state: StateText; readonly time: number }[]): Span[] {
  let time = 0;
  return lengths.map(({ state, time: length }, i) => {
    const from = { time, seq: i + 1 };
    time += length;
    return { state, from, to: { time, seq: i + 2 }, cause: '' };
  });
}

const SPANS = spansOf([{ state: 'Running', time: 10 }, { state: 'BlockedOnReply', time: 80 }, { state: 'Running', time: 10 }]);

describe('pieces', () => {
  it('stand to scale, in time or by records', () => {
    expect(piecesOf(SPANS, 'time', { from: 0, to: 100 }, 1000)).toEqual([
      { x: 0, width: 100, state: 'Running', spans: 1 }, { x: 100, width: 800, state: 'BlockedOnReply', spans: 1 }, { x: 900, width: 100, state: 'Running', spans: 1 },
    ]);
    expect(piecesOf(SPANS, 'seq', { from: 1, to: 4 }, 300).map(({ x }) => x)).toEqual([0, 100, 200]);
  });

  it('are cut at the edges of the window', () => {
    expect(piecesOf(SPANS, 'time', { from: 50, to: 95 }, 90)).toEqual([{ x: 0, width: 80, state: 'BlockedOnReply', spans: 1 }, { x: 80, width: 10, state: 'Running', spans: 1 }]);
  });

  it('of less than a pixel fall together, in the colour of the longest', () => {
    const spans = spansOf([...Array.from({ length: 30 }, (_, i) => ({ state: i % 3 === 0 ? 'Running' as const : 'Restart' as const, time: 1 })), { state: 'Inactive', time: 970 }]);
    expect(piecesOf(spans, 'time', { from: 0, to: 1000 }, 100)).toEqual([
      { x: 0, width: 1, state: 'Restart', spans: 10 }, { x: 1, width: 1, state: 'Restart', spans: 10 }, { x: 2, width: 1, state: 'Restart', spans: 10 }, { x: 3, width: 97, state: 'Inactive', spans: 1 },
    ]);
  });

  it('are few however many spans there are, and none is lost', () => {
    const lengths = fc.array(fc.record({ state: fc.constantFrom(...THREAD_STATES), time: fc.nat(50) }), { minLength: 1, maxLength: 400 });
    fc.assert(fc.property(lengths, fc.integer({ min: 10, max: 300 }), (all, width) => {
      const spans = spansOf(all);
      const pieces = piecesOf(spans, 'time', { from: 0, to: Math.max(1, spans.at(-1)!.to.time) }, width);
      expect(pieces.length).toBeLessThanOrEqual(2 * width + 1);
      const outside = spans.filter(({ from, to }) => to.time <= 0 || (from.time === spans.at(-1)!.to.time && to.time === from.time)).length;
      expect(pieces.reduce((sum, piece) => sum + piece.spans, 0)).toBeGreaterThanOrEqual(spans.length - outside);
      for (const { x, width: wide } of pieces) expect(x >= 0 && x + wide <= width + 1).toBe(true);
    }));
  });
});

it('what is at a place is found', () => {
  expect([0, 9.9, 10, 89, 99].map((at) => spanAt(SPANS, 'time', at)?.from.seq)).toEqual([1, 1, 2, 2, 3]);
  expect([spanAt(SPANS, 'time', 100), spanAt([], 'time', 5)]).toEqual([undefined, undefined]);
});

it('arrows stand apart, and lead from lane to lane', () => {
  const lane = (id: number): Timeline['lanes'][number] => ({ thread: { id, name: `thread ${id}` }, spans: [], ran: [] });
  const arrow = (seq: number, from: number, to: number): Timeline['arrows'][number] => ({ at: { time: seq, seq }, from, to, what: 'message' });
  const timeline: Timeline = { lanes: [lane(1), lane(2)], start: { time: 0, seq: 0 }, end: { time: 100, seq: 100 }, arrows: [arrow(1, 1, 2), arrow(2, 1, 2), arrow(3, 2, 1), arrow(30, 1, 2), arrow(40, 1, 9), arrow(99, 1, 2)] };
  expect(thinned(timeline, 'time', { from: 0, to: 50 }, 100, 5).map(({ arrow: { at } }) => at.seq)).toEqual([1, 3, 30]);
});
