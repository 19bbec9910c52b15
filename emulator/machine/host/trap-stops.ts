// SPDX-License-Identifier: BSD-2-Clause
/** Runs a machine with a complete system, and tells somebody of each kernel entry and exit. */
import type { Machine, MachineStop, RunOptions } from '../boot/machine.ts';
import { HART } from '../memory/layout.ts';

/** Bit of scause. */
export const INTERRUPT_BIT = 1n << 63n;

const SUPERVISOR = 1;
/** Bit of sstatus: the trap came out of S mode. */
const SPP = 1n << 8n;

export interface TrapListener {
  /** The log of stores is full, or of no use. */
  storeLog(): void;
  /** The kernel's trap handler begins, for a trap of user code. */
  entered(cause: bigint): void;
  /** It begins for a trap of the kernel itself: an interrupt of its idle thread, or a failure. */
  ownTrap(cause: bigint): void;
  /** The hart is in user mode again. */
  returned(): void;
  /** The kernel idles, or the machine is off. */
  left(): void;
}

/** As `Machine.run`, but for the stops that only the listener is told of. */
export function runObserved(machine: Machine, instructions: number, options: RunOptions, listener: TrapListener): MachineStop {
  const end = machine.instructions + instructions;
  let waits: RunOptions['waits'] = 'return';
  for (;;) {
    const stop = machine.run(end - machine.instructions, { ...options, waits });
    waits = 'return';
    switch (stop) {
      case 'storeLog':
        listener.storeLog();
        break;
      case 'userTrap':
      case 'breakpoint':
        handlerBegins(machine, listener);
        break;
      case 'ownTrap':
        if (machine.firmware === 'host') listener.ownTrap(machine.state.word(HART.scause));
        break;
      case 'userReturn':
        listener.returned();
        break;
      case 'waiting':
        // The idle thread: the kernel has left.
        listener.left();
        if (options.waits === 'return') return stop;
        waits = 'skip';
        break;
      case 'ended':
        listener.left();
        return stop;
      default:
        return stop;
    }
  }
}

function handlerBegins({ state }: Machine, listener: TrapListener): void {
  if (state.u32(HART.privilege) !== SUPERVISOR) return;
  const cause = state.word(HART.scause);
  if ((state.word(HART.mstatus) & SPP) !== 0n) listener.ownTrap(cause);
  else listener.entered(cause);
}
