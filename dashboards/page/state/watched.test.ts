// SPDX-License-Identifier: BSD-2-Clause
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Watched, type Kept } from './watched.ts';

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); });

class Bench {
  key: string | null = null;
  version = 0;
  reads = 0;
  /** Of a reading, ms. */
  delay = 0;
  failure: Error | undefined;
  kept: Kept<string> | null = null;
  readonly watched = new Watched<string>({
    key: () => this.key,
    version: () => this.version,
    read: async () => {
      this.reads++;
      const text = `${this.key} ${this.version}`;
      await (this.delay === 0 ? Promise.resolve() : new Promise((resolve) => { setTimeout(resolve, this.delay); }));
      if (this.failure !== undefined) throw this.failure;
      return text;
    },
    kept: () => this.kept,
    put: (kept) => { this.kept = kept; },
  });

  async show(change: { key?: string | null; version?: number } = {}): Promise<Kept<string> | null> {
    Object.assign(this, change);
    this.watched.show();
    await vi.advanceTimersByTimeAsync(1);
    return this.kept;
  }
}

it('reads what is looked at, once', async () => {
  const bench = new Bench();
  expect(await bench.show()).toBeNull();
  expect(await bench.show({ key: 'a' })).toEqual({ key: 'a', value: 'a 0', problem: '' });
  await bench.show();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(bench.reads).toBe(1);
  expect(await bench.show({ key: null })).toBeNull();
  expect((await bench.show({ key: 'a' }))?.key).toBe('a');
});

it('reads again while it grows, now and then, and keeps what it has meanwhile', async () => {
  const bench = new Bench();
  await bench.show({ key: 'a' });
  for (let version = 1; version <= 50; version++) await bench.show({ version });
  expect([bench.reads, bench.kept?.value]).toEqual([1, 'a 0']);
  await vi.advanceTimersByTimeAsync(2000);
  expect([bench.reads, bench.kept?.value]).toEqual([2, 'a 50']);
});

it('leaves the service time for others where reading takes long', async () => {
  const bench = new Bench();
  bench.delay = 3000;
  await bench.show({ key: 'a' });
  await vi.advanceTimersByTimeAsync(3000);
  await bench.show({ version: 1 });
  await vi.advanceTimersByTimeAsync(11_000);
  expect(bench.reads).toBe(1);
  await vi.advanceTimersByTimeAsync(1000);
  expect(bench.reads).toBe(2);
});

it('does not show the answer for what was looked at before', async () => {
  const bench = new Bench();
  bench.key = 'a';
  bench.watched.show();
  expect(await bench.show({ key: 'b' })).toEqual({ key: 'b', value: 'b 0', problem: '' });
});

it('says why it could not read, and tries again when it is told to', async () => {
  const bench = new Bench();
  bench.failure = new Error('the service does not answer');
  expect(await bench.show({ key: 'a' })).toEqual({ key: 'a', value: null, problem: 'the service does not answer' });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(bench.reads).toBe(1);
  bench.failure = undefined;
  bench.watched.again();
  await vi.advanceTimersByTimeAsync(1);
  expect(bench.kept?.value).toBe('a 0');
});
