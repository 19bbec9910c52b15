// SPDX-License-Identifier: BSD-2-Clause
import { expect, it, onTestFinished } from 'vitest';
import { SpareTime } from './spare-time.ts';

function countdown(slices: number) {
  const work = { done: 0, get hasWork() { return this.done < slices; }, slice() { this.done++; } };
  const spareTime = new SpareTime(work);
  onTestFinished(() => spareTime.stop());
  return { work, spareTime };
}

it('does all there is to do, and more when it is woken again', async () => {
  const { work, spareTime } = countdown(3);
  spareTime.wake();
  spareTime.wake();
  await expect.poll(() => work.done, { timeout: 60_000 }).toBe(3);
  work.done = 1;
  spareTime.wake();
  await expect.poll(() => work.done, { timeout: 60_000 }).toBe(3);
});

it('does nothing while the thread is busy, nor after it is stopped', async () => {
  const { work, spareTime } = countdown(1);
  let isOver = false;
  const spin = (): void => {
    const end = performance.now() + 20;
    while (performance.now() < end);
    if (!isOver) setImmediate(spin);
  };
  spin();
  spareTime.wake();
  await new Promise((resolve) => { setTimeout(resolve, 500); });
  expect(work.done).toBe(0);
  spareTime.stop();
  isOver = true;
  await new Promise((resolve) => { setTimeout(resolve, 500); });
  expect(work.done).toBe(0);
});
