// SPDX-License-Identifier: BSD-2-Clause
import { VM_FAULT_CAUSES, word } from '../../../schema/abi/index.ts';
import type { ExceptionTrap } from '../../host.ts';
import type { Kernel } from '../kernel.ts';
import { handleFault, userException, vmFault } from './faults.ts';

const INSTRUCTION_ACCESS_FAULT = 1;
const INSTRUCTION_PAGE_FAULT = 12;

/** Turns an exception of the current thread into its fault: VM faults by cause, everything else a user exception. */
export function handleException(kernel: Kernel, trap: ExceptionTrap): void {
  const address = word(trap.valueLo, trap.valueHi);
  const fault = VM_FAULT_CAUSES.includes(trap.cause)
    ? vmFault(kernel, address, trap.cause, trap.cause === INSTRUCTION_ACCESS_FAULT || trap.cause === INSTRUCTION_PAGE_FAULT)
    : userException(kernel, trap.cause, 0);
  handleFault(kernel, kernel.current, fault);
}
