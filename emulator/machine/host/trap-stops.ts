// SPDX-License-Identifier: BSD-2-Clause
/** Runs a machine with a complete system, and tells somebody of each kernel entry and exit. */
import type { Machine, MachineStop, RunOptions } from '../boot/machine.ts';
import { HART } from '../memory/layout.ts';
import { exceptionOf } from './trap-cause.ts';

const SUPERVISOR = 1;
/** Bit of sstatus: the trap came out of S mode. */
const SPP = 1 << 8;

export interface TrapListener {
  /** The log of stores is full, or of no use. */
  storeLog(): void;
  /** The kernel's trap handler begins, for a trap of user code. @param exception its number; undefined for an interrupt */
  entered(exception: number | undefined): void;
  /** It begins for a trap of the kernel itself: an interrupt of its idle thread, or a failure. */
  ownTrap(exception: number | undefined): void;
  /** The hart is in user mode again. */
  returned(): void;
  /** The kernel idles, or the machine is off. */
  left(): void;
}

/** As `Machine.run`, but for the stops that only the listener is told of. */
export function runObserved(machine: Machine, instructions: number, options: RunOptions, listener: TrapListener): MachineStop {
  const end = machine.instructions + instructions;
  const toWait: RunOptions = { ...options, waits: 'return' };
  const toSkip: RunOptions = { ...options, waits: 'skip' };
  let next = toWait;
  for (;;) {
    const stop = machine.run(end - machine.instructions, next);
    next = toWait;
    switch (stop) {
      case 'storeLog':
        listener.storeLog();
        break;
      case 'userTrap':
      case 'breakpoint':
        handlerBegins(machine, listener);
        break;
      case 'ownTrap':
        if (machine.firmware === 'host') listener.ownTrap(exceptionOf(machine));
        break;
      case 'userReturn':
        listener.returned();
        break;
      case 'waiting':
        // The idle thread: the kernel has left.
        listener.left();
        if (options.waits === 'return') return stop;
        next = toSkip;
        break;
      case 'ended':
        listener.left();
        return stop;
      default:
        return stop;
    }
  }
}

function handlerBegins(machine: Machine, listener: TrapListener): void {
  const { state } = machine;
  if (state.u32(HART.privilege) !== SUPERVISOR) return;
  if ((state.u32(HART.mstatus) & SPP) !== 0) listener.ownTrap(exceptionOf(machine));
  else listener.entered(exceptionOf(machine));
}
