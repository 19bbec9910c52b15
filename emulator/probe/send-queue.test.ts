// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import type { OutgoingBatch } from './batching-sink.ts';
import { SendQueue } from './send-queue.ts';
import { TraceError } from './trace-error.ts';

function batch(firstSeq: number, count: number): OutgoingBatch {
  return { bytes: new Uint8Array(0), firstSeq, count };
}

/** Batches 1-10, 11-20, 21 (none), 21-30. */
function filled(): SendQueue {
  const queue = new SendQueue();
  for (const [firstSeq, count] of [[1, 10], [11, 10], [21, 0], [21, 10]] as const) queue.push(batch(firstSeq, count));
  return queue;
}

function sendAll(queue: SendQueue, window = 100): number[] {
  const sent: number[] = [];
  for (let next = queue.takeUnsent(window); next !== undefined; next = queue.takeUnsent(window)) sent.push(next.firstSeq);
  return sent;
}

describe('SendQueue', () => {
  it('hands out no more than the window allows', () => {
    const queue = filled();
    expect(sendAll(queue, 2)).toEqual([1, 11]);
    expect(queue.allSent).toBe(false);
    queue.acknowledge(10);
    expect(sendAll(queue, 2)).toEqual([21]);
    expect([queue.length, queue.committedSeq, queue.lastSeq]).toEqual([3, 10, 30]);
  });

  it('keeps a batch that is acknowledged in part, and one without records until a later record is', () => {
    const queue = filled();
    expect(queue.owesAnswer).toBe(false);
    sendAll(queue, 3);
    queue.acknowledge(15);
    expect([queue.length, queue.owesAnswer]).toEqual([3, true]);
    queue.acknowledge(20);
    expect([queue.length, queue.owesAnswer]).toEqual([2, false]);
    sendAll(queue);
    queue.acknowledge(30);
    expect([queue.length, queue.owesAnswer]).toEqual([0, false]);
  });

  it('hands out again what the service does not have', () => {
    const queue = filled();
    sendAll(queue);
    queue.acknowledge(10);
    queue.resume(16);
    expect(sendAll(queue)).toEqual([11, 21, 21]);
    queue.resume(31);
    expect([queue.length, queue.allSent, queue.committedSeq]).toEqual([0, true, 30]);
  });

  it('ends with nothing left', () => {
    const queue = filled();
    sendAll(queue);
    queue.finish();
    expect([queue.length, queue.allSent, queue.committedSeq]).toEqual([0, true, 30]);
  });

  it('refuses what cannot be', () => {
    const queue = filled();
    expect(() => queue.push(batch(32, 1))).toThrow(RangeError);
    expect(() => queue.acknowledge(1)).toThrow(TraceError);
    sendAll(queue, 2);
    expect(() => queue.acknowledge(21)).toThrow(/acknowledged record 21, where 0 to 20 were possible/);
    queue.acknowledge(20);
    expect(() => queue.acknowledge(19)).toThrow(/acknowledged record 19/);
    expect(() => queue.resume(20)).toThrow(/lost records: it wants to go on with 20, but it had acknowledged all up to 20/);
    expect(() => queue.resume(32)).toThrow(/has no more than 30/);
  });
});
