// SPDX-License-Identifier: BSD-2-Clause
import type { PhysicalMemory } from '../memory/physical-memory.ts';
import type { KernelImage } from './kernel-image.ts';
import { physicalOf } from './physical.ts';

/** More threads than this in the list of a debug kernel: the list is damaged. */
const MOST_THREADS = 1_000_000;

/** What the pointer at a physical address points at. */
export function pointerAt(memory: PhysicalMemory, address: number): number {
  return physicalOf(memory.readU32(address), memory.readU32(address + 4));
}

/** TCBs in the list that a debug kernel keeps of all its threads; nothing for other kernels. */
export function* listedTcbs(memory: PhysicalMemory, image: KernelImage): Iterable<number> {
  const { debug, pointerOffset, objectBytes } = image.layout.tcb;
  const { debugTcbs } = image.globals;
  if (debug === undefined || debugTcbs === undefined) return;
  let tcb = pointerAt(memory, debugTcbs);
  for (let count = 0; tcb !== 0 && memory.contains(tcb, 8) && count < MOST_THREADS; count++) {
    yield tcb;
    // The slots of a TCB are found by its alignment, which the idle thread's did not have before release 14.0.0.
    const object = debug.next < pointerOffset ? tcb - (tcb % objectBytes) : tcb - pointerOffset;
    tcb = pointerAt(memory, object + debug.next);
  }
}
