// SPDX-License-Identifier: BSD-2-Clause
/** A machine session with a debugger: the machine waits for one, and runs as it says until it lets go. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Machine } from '../../../emulator/machine/boot/machine.ts';
import { MachineTarget } from '../../../emulator/machine/gdb/machine-target.ts';
import { GdbServer } from '../../../emulator/machine/gdb/server.ts';
import type { KernelImage } from '../../../emulator/machine/image/kernel-image.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { note } from '../output.ts';
import type { BootOutcome } from './session.ts';

export interface DebuggerOptions {
  /** TCP port on the loopback interface, 0 for any free one. */
  readonly port: number;
  /** The kernel that runs, if its ELF file is known: its threads are shown by name. */
  readonly image: KernelImage | undefined;
  readonly interrupt: AbortSignal;
  /** Called now and then while the debugger has the machine. */
  readonly progress: () => void;
}

const LOOK_MS = 50;

/**
 * Holds the machine until a debugger attaches, lets the debugger run it, and goes on by itself with `runFree` once the
 * debugger detaches; a debugger that attaches later stops it again. `runFree` returns when its signal aborts.
 */
export async function runUnderDebugger(machine: Machine, options: DebuggerOptions, runFree: (interrupt: AbortSignal) => Promise<BootOutcome>): Promise<BootOutcome> {
  let attached = false;
  let waited = false;
  let killed = false;
  let free = new AbortController();
  const server = await GdbServer.listen(new MachineTarget(machine, options.image), {
    port: options.port,
    killed: () => { killed = true; },
    attached: (now) => {
      attached = now;
      waited = true;
      if (now) free.abort();
    },
  }).catch((error: unknown) => { throw portError(error, options.port); });
  note(`the machine waits for a debugger: gdb-multiarch -ex 'target remote 127.0.0.1:${server.port}'`);
  try {
    for (;;) {
      if (killed || options.interrupt.aborted) return { kind: 'interrupted' };
      if (attached || !waited) {
        options.progress();
        await sleep(LOOK_MS);
      } else if (machine.ended !== undefined) {
        return { kind: 'ended', end: machine.ended };
      } else {
        free = new AbortController();
        const outcome = await runFree(AbortSignal.any([options.interrupt, free.signal]));
        if (!free.signal.aborted || options.interrupt.aborted) return outcome;
      }
    }
  } finally {
    await server.close();
  }
}

function portError(error: unknown, port: number): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'EADDRINUSE' ? new CommandError(EXIT.usage, `port ${port} is taken`, 'choose another with --gdb PORT, or 0 for any free one') : error;
}
