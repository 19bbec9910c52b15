// SPDX-License-Identifier: BSD-2-Clause
import { DELIVERY } from '../../schema/trace/trap-record.ts';
import type { Delivery } from '../../schema/trace/trap-record.ts';

/** What a probe keeps of one thread, from trap to trap and within the current one. Traps are named by sequence number, 0 for none. */
export class ThreadTrack {
  /** Live lanes of the thread's context slots; undefined before the first use and once the thread is destroyed. */
  lanes: Uint32Array | undefined = undefined;

  /** The thread's last trap, as long as nothing has answered it. */
  awaits = 0;
  /** The thread faulted in the trap that it awaits an answer for: the answer is a fault reply. */
  faultPending = false;
  /** The thread's last YieldTo that had to wait; whether it still does; the trap in which it ended to wait. */
  yieldTrap = 0;
  yieldPending = false;
  yieldEndedIn = 0;

  /** Trap in which the kernel wrote to the thread last: the next two fields hold for that trap only. */
  writtenIn = 0;
  kind: number = DELIVERY.other;
  /** Delivery that takes the writes now; undefined until the first one under `kind`. */
  delivery: Delivery | undefined = undefined;
  /** Trap in which the kernel wrote to the thread's IPC buffer last. */
  bufferWrittenIn = 0;

  /** Trap in which the thread was destroyed, and whether its restart pc was behind its resume pc then. */
  destroyedIn = 0;
  pcBehind = false;
}
