// SPDX-License-Identifier: BSD-2-Clause
import { expect, it } from 'vitest';
import { Store } from './store.ts';

function bench(): { store: Store<{ a: number; b: number }>; seen: { a: number; b: number }[]; soon: () => void; calm: () => void; scheduled: () => number } {
  const queues: Record<'soon' | 'calm', (() => void)[]> = { soon: [], calm: [] };
  const store = new Store({ a: 0, b: 0 }, { soon: (run) => queues.soon.push(run), calm: (run) => queues.calm.push(run) });
  const seen: { a: number; b: number }[] = [];
  store.subscribe(() => seen.push(store.get()));
  const flush = (name: 'soon' | 'calm') => (): void => { for (const run of queues[name].splice(0)) run(); };
  return { store, seen, soon: flush('soon'), calm: flush('calm'), scheduled: () => queues.soon.length + queues.calm.length };
}

it('tells of many changes once', () => {
  const { store, seen, soon, scheduled } = bench();
  store.set({ a: 1 });
  store.set({ b: 2 });
  expect(scheduled()).toBe(1);
  soon();
  expect(seen).toEqual([{ a: 1, b: 2 }]);
});

it('shows what a person does without waiting for the feed, and nothing twice', () => {
  const { store, seen, soon, calm } = bench();
  store.calmly(() => store.set({ a: 1 }));
  soon();
  expect(seen).toEqual([]);
  store.set({ b: 1 });
  soon();
  expect(seen).toEqual([{ a: 1, b: 1 }]);
  calm();
  expect(seen).toHaveLength(1);
  store.calmly(() => store.set({ a: 2 }));
  calm();
  expect(seen.at(-1)).toEqual({ a: 2, b: 1 });
});

it('stops telling who does not listen any more, and survives a change that fails', () => {
  const { store, soon } = bench();
  let told = 0;
  const stop = store.subscribe(() => { told++; });
  expect(() => store.calmly(() => { throw new Error('broken message'); })).toThrow('broken message');
  store.set({ a: 1 });
  soon();
  stop();
  store.set({ a: 2 });
  soon();
  expect(told).toBe(1);
});
