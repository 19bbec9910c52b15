// SPDX-License-Identifier: BSD-2-Clause
/** Objects that the cases need. */
import { OBJECT_TYPES } from 'sel4scope/schema';
import type { SchedContext, TCB } from 'sel4scope';
import type { Auditor } from './auditor.ts';

/** All 64 bits of a capability pointer are resolved in the root task's CSpace. */
export const DEPTH = 64;
export const ENDPOINT = OBJECT_TYPES.mcs.Endpoint!;
export const PAGE = OBJECT_TYPES.mcs.RISCV_4K_Page!;

/** An empty slot of the root CNode. */
export function emptySlot(a: Auditor): number {
  return a.task.slots.allocate();
}

/** A thread that was never resumed. */
export async function stoppedThread(a: Auditor): Promise<TCB> {
  return a.task.untyped.create('TCB');
}

/** A thread with all it needs to run, suspended. */
export async function idleThread(a: Auditor): Promise<{ tcb: TCB; schedContext: SchedContext }> {
  return a.task.startThread({ name: 'audited', run: () => {}, priority: 10, start: false });
}
