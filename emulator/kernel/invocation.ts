// SPDX-License-Identifier: BSD-2-Clause
import type { Capability } from './capability.ts';
import type { SyscallError } from './errors.ts';
import type { Kernel } from './kernel.ts';
import type { Tcb } from './objects.ts';
import type { Slot } from './slot.ts';

/** A request to a kernel object, as decoding sees it. One object is filled for each invocation and used again. */
export interface Invocation {
  /** Method id of the object API (`CNodeCopy`), `undefined` for a label the configuration does not have. */
  method: string | undefined;
  label: number;
  /** Message words, already clamped to what the send buffer allows. */
  length: number;
  /** Invoking thread: the current one. */
  readonly thread: Tcb;
  /** Slot of the invoked capability, and the capability. */
  readonly slot: Slot;
  readonly cap: Capability;
  /** Extra caps that were looked up: their slots. `extraCapCount` of them are valid. */
  readonly extraSlots: (Slot | undefined)[];
  extraCapCount: number;
  /** Call: a reply is owed. */
  isCall: boolean;
  /** Call or Send. */
  isBlocking: boolean;
  /** MCS: send half of ReplyRecv, NBSendRecv, NBSendWait. */
  isFirstPhase: boolean;
  /** Lanes of request word i; i < length must hold. */
  argLo(i: number): number;
  argHi(i: number): number;
}

/** How an operation ended. `done` leaves it to the thread state which reply follows, see `api/invocation.ts`. */
export type Completion = 'done' | 'preempted';

/** A decoded operation. All checks are behind it: it only acts. */
export type Perform = () => Completion;

/** Decoding one method: either an error or what to perform. It changes nothing. */
export type Decode<Cap extends Capability> = (kernel: Kernel, invocation: Invocation, cap: Cap) => SyscallError | Perform;
