// SPDX-License-Identifier: BSD-2-Clause
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { cyclesOf } from './cycles.ts';

it.each<[Record<number, number[]>, number[][]]>([
  [{}, []], [{ 1: [2], 2: [] }, []], [{ 1: [1] }, [[1]]], [{ 1: [2], 2: [1] }, [[1, 2]]], [{ 1: [2], 2: [3], 3: [2] }, [[2, 3]]],
  [{ 1: [2], 2: [3], 3: [1], 4: [5], 5: [4] }, [[1, 2, 3], [4, 5]]], [{ 1: [9] }, []],
])('cycles of %j', (edges, expected) => {
  expect(cyclesOf(new Map(Object.entries(edges).map(([node, to]) => [Number(node), to])))).toEqual(expected);
});

it('every cycle is one, and a graph whose edges all go up has none', () => {
  const graph = fc.array(fc.array(fc.nat(9), { maxLength: 3 }), { minLength: 10, maxLength: 10 });
  fc.assert(fc.property(graph, (lists) => {
    const edges = new Map(lists.map((to, node) => [node, to]));
    for (const cycle of cyclesOf(edges)) cycle.forEach((node, i) => expect(edges.get(node)).toContain(cycle[(i + 1) % cycle.length]));
    const up = new Map(lists.map((to, node) => [node, to.filter((next) => next > node)]));
    expect(cyclesOf(up)).toEqual([]);
  }));
});
