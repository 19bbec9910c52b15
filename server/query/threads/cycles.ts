// SPDX-License-Identifier: BSD-2-Clause

/**
 * Cycles of a graph, one for each set of nodes that reach each other: each node's successor in the list is one it points to,
 * and the last points to the first.
 */
export function cyclesOf(edges: ReadonlyMap<number, readonly number[]>): number[][] {
  const cycles: number[][] = [];
  const done = new Set<number>();
  for (const start of edges.keys()) {
    if (done.has(start)) continue;
    const path = shortestWayBack(edges, start);
    if (path === undefined) continue;
    cycles.push(path);
    for (const node of path) done.add(node);
  }
  return cycles;
}

/** Breadth first from a node to itself. */
function shortestWayBack(edges: ReadonlyMap<number, readonly number[]>, start: number): number[] | undefined {
  const cameFrom = new Map<number, number>();
  const queue = [start];
  for (let node = queue.shift(); node !== undefined; node = queue.shift()) {
    for (const next of edges.get(node) ?? []) {
      if (next === start) return wayTo(cameFrom, start, node);
      if (!edges.has(next) || cameFrom.has(next)) continue;
      cameFrom.set(next, node);
      queue.push(next);
    }
  }
  return undefined;
}

function wayTo(cameFrom: ReadonlyMap<number, number>, start: number, end: number): number[] {
  const way = [end];
  while (way[0] !== start) way.unshift(cameFrom.get(way[0]!)!);
  return way;
}
