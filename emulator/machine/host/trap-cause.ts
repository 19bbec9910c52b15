// SPDX-License-Identifier: BSD-2-Clause
/** Why a kernel was entered: from the hart's words to the causes of records. */
import { VM_FAULT_STATUS } from '../../../schema/abi/index.ts';
import { CAUSE } from '../../../schema/trace/trap-record.ts';
import type { Machine } from '../boot/machine.ts';
import { HART } from '../memory/layout.ts';

/** Number of the exception of a system call. */
export const ENVIRONMENT_CALL = 8;

/** Number of the exception that the kernel handles; undefined for an interrupt. */
export function exceptionOf({ state }: Machine): number | undefined {
  // The highest bit of scause tells an interrupt.
  return state.u32(HART.scause + 4) >>> 31 === 1 ? undefined : state.u32(HART.scause);
}

/** `CAUSE` of a trap from user mode. @param exception undefined for an interrupt */
export function causeOf(exception: number | undefined): number {
  if (exception === undefined) return CAUSE.interrupt;
  if (exception === ENVIRONMENT_CALL) return CAUSE.syscall;
  return VM_FAULT_STATUS.has(exception) ? CAUSE.vmFault : CAUSE.userException;
}
