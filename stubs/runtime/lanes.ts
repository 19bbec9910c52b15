// SPDX-License-Identifier: BSD-2-Clause
/**
 * Where things are in the lane arrays of a {@link UserContext}: the low lane of each register that takes part in a
 * system call, and of each field of the IPC buffer. The high lane follows.
 */
import { IPC_BUFFER } from '../../schema/abi/ipc-buffer.ts';
import { ROLE } from '../../schema/abi/registers.ts';

/** Capability pointer in, badge out. */
export const CAP = 2 * ROLE.cap;
/** Message info in and out. */
export const TAG = 2 * ROLE.tag;
export const MR0 = 2 * ROLE.mr0;
export const MR1 = MR0 + 2;
export const MR2 = MR0 + 4;
export const MR3 = MR0 + 6;
/** One past the last message register. */
export const MR_END = MR0 + 8;
export const REPLY = 2 * ROLE.reply;
export const NBSENDRECV_DEST = 2 * ROLE.nbSendRecvDest;
export const SYSCALL = 2 * ROLE.syscall;

/** Low lane of message word `index` (4 or more) in the IPC buffer. */
export function bufferLane(index: number): number {
  return 2 * (IPC_BUFFER.msg + index);
}

/** Low lane of extra capability `index` in the IPC buffer. */
export function capLane(index: number): number {
  return 2 * (IPC_BUFFER.capsOrBadges + index);
}
