// SPDX-License-Identifier: BSD-2-Clause
/** System calls by what the rules have to know of them, the same for MCS and classic kernels. */
import { DEBUG_SYSCALLS, SYSCALL_NUMBERS, type ApiSyscall, type Scheduling } from '../abi/syscalls.ts';

export const SYSCALL_CLASS = Object.freeze({
  /** No system call, or a number that the configuration does not have. */
  none: 0,
  call: 1,
  send: 2,
  nbSend: 3,
  /** A send half and a receive half: ReplyRecv, NBSendRecv, NBSendWait. */
  combined: 4,
  /** Recv and Wait. */
  receive: 5,
  nbReceive: 6,
  /** Reply of classic kernels. */
  reply: 7,
  yield: 8,
  debug: 9,
});

const CLASS_OF: Record<ApiSyscall, number> = {
  Call: SYSCALL_CLASS.call, Send: SYSCALL_CLASS.send, NBSend: SYSCALL_CLASS.nbSend,
  ReplyRecv: SYSCALL_CLASS.combined, NBSendRecv: SYSCALL_CLASS.combined, NBSendWait: SYSCALL_CLASS.combined,
  Recv: SYSCALL_CLASS.receive, Wait: SYSCALL_CLASS.receive, NBRecv: SYSCALL_CLASS.nbReceive, NBWait: SYSCALL_CLASS.nbReceive,
  Reply: SYSCALL_CLASS.reply, Yield: SYSCALL_CLASS.yield,
};

const CLASSES: Readonly<Record<Scheduling, Uint8Array>> = { mcs: classesOf('mcs'), classic: classesOf('classic') };

/** Class of each system call of a configuration, at the index of its negated number. Not to be written. */
export function syscallClasses(scheduling: Scheduling): Uint8Array {
  return CLASSES[scheduling];
}

function classesOf(scheduling: Scheduling): Uint8Array {
  const numbers = SYSCALL_NUMBERS[scheduling];
  const lowest = Math.min(...Object.values(numbers));
  const classes = new Uint8Array(1 - lowest);
  for (const [name, kind] of Object.entries(CLASS_OF)) {
    const number = numbers[name as ApiSyscall];
    if (number !== undefined) classes[-number] = kind;
  }
  for (const name of DEBUG_SYSCALLS) classes[-numbers[name]!] = SYSCALL_CLASS.debug;
  return classes;
}
