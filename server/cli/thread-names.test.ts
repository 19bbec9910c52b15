// SPDX-License-Identifier: BSD-2-Clause
import { expect, it } from 'vitest';
import { namesOfThreads } from './thread-names.ts';

const threads = (...names: string[]): { id: number; name: string }[] => names.map((name, i) => ({ id: i + 1, name }));

it('says each name of many threads once', () => {
  expect(namesOfThreads(threads('root'))).toBe('root');
  expect(namesOfThreads(threads('caller', 'worker', 'caller', 'caller'))).toBe('caller (3 threads), worker');
});

it('says how many names it leaves out', () => {
  const names = Array.from({ length: 12 }, (_, i) => `t${i}`);
  expect(namesOfThreads(threads(...names))).toBe('t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, and 2 more names (--json lists all)');
  expect(namesOfThreads(threads(...names.slice(0, 10)))).not.toContain('more');
});
