// SPDX-License-Identifier: BSD-2-Clause
import { VM_FAULT_STATUS, word } from '../../../schema/abi/index.ts';
import type { ExceptionTrap } from '../../host.ts';
import type { Kernel } from '../kernel.ts';
import { handleFault, userException, vmFault } from './faults.ts';

const INSTRUCTION_ACCESS_FAULT = 1;

/** Turns an exception of the current thread into its fault: VM faults by cause, everything else a user exception. */
export function handleException(kernel: Kernel, trap: ExceptionTrap): void {
  const address = word(trap.valueLo, trap.valueHi);
  const status = VM_FAULT_STATUS.get(trap.cause);
  const fault = status === undefined
    ? userException(kernel, trap.cause, 0)
    : vmFault(kernel, address, status, status === INSTRUCTION_ACCESS_FAULT);
  handleFault(kernel, kernel.current, fault);
}
