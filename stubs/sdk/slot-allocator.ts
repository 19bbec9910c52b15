// SPDX-License-Identifier: BSD-2-Clause
import type { SlotRegion } from '../../schema/abi/boot-info.ts';

/** Hands out empty slots of the root CNode. Knows nothing of slots that a program fills by itself. */
export class SlotAllocator {
  private next: number;
  private readonly end: number;
  private readonly freed: number[] = [];

  /** @param empty the region of slots to hand out; `bootInfo.empty` for a root task */
  constructor(empty: SlotRegion) {
    this.next = empty.start;
    this.end = empty.end;
  }

  /** Slots that can still be had. */
  get available(): number {
    return this.end - this.next + this.freed.length;
  }

  /** An empty slot; one that was freed last is used first. Throws when none is left. */
  allocate(): number {
    const slot = this.freed.pop();
    return slot ?? this.allocateRange(1);
  }

  /** The first of `count` consecutive empty slots. Throws when no such range is left. */
  allocateRange(count: number): number {
    if (this.next + count > this.end) throw new Error(`the root CNode has no ${count} consecutive empty slots left (${this.available} in all)`);
    const first = this.next;
    this.next += count;
    return first;
  }

  /** Gives a slot back whose capability was deleted. */
  free(slot: number): void {
    this.freed.push(slot);
  }
}
