// SPDX-License-Identifier: BSD-2-Clause
import { expect, it } from 'vitest';
import { KeptToken } from './kept-token.ts';

it('keeps a token as long as its storage does, and without one as long as itself', () => {
  const items = new Map<string, string>();
  const storage = { getItem: (key: string) => items.get(key) ?? null, setItem: (key: string, value: string) => void items.set(key, value), removeItem: (key: string) => void items.delete(key) };
  const token = new KeptToken(storage);
  expect(token.get()).toBeUndefined();
  token.set('secret');
  expect(new KeptToken(storage).get()).toBe('secret');
  token.clear();
  expect([token.get(), new KeptToken(storage).get(), items.size]).toEqual([undefined, undefined, 0]);
  const alone = new KeptToken(null);
  alone.set('secret');
  expect([alone.get(), new KeptToken(null).get()]).toEqual(['secret', undefined]);
});
