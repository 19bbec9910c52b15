// SPDX-License-Identifier: BSD-2-Clause
/**
 * Watches a machine that runs a complete system: kernel and machine-code user threads. Every trap out of user mode, and
 * every interrupt of the idle thread, is shown to observers.
 */
import { SLOT } from '../../../schema/abi/index.ts';
import { CAUSE } from '../../../schema/trace/trap-record.ts';
import type { Machine, MachineStop, RunOptions } from '../boot/machine.ts';
import { sectionData } from '../boot/elf64.ts';
import { ImageError } from '../image/image-error.ts';
import type { KernelImage } from '../image/kernel-image.ts';
import { HART, STOP_ON } from '../memory/layout.ts';
import { ENVIRONMENT_CALL, causeOf } from './trap-cause.ts';
import { runObserved, type TrapListener } from './trap-stops.ts';
import { WatchedKernel } from './watched-kernel.ts';

/** Bytes of the instruction of a system call. */
const ECALL_BYTES = 4;
const GENERAL_REGISTERS = 31;

export class ImageObserver extends WatchedKernel {
  private readonly hartRegisters: Uint32Array;
  private readonly listener: TrapListener = {
    storeLog: () => this.watch.drain(),
    entered: (exception) => this.entered(exception),
    ownTrap: (exception) => this.ownTrap(exception),
    returned: () => this.returned(),
    left: () => this.left(),
  };
  private started = false;
  /** The last way in which the kernel failed by itself; empty when it did not. */
  failure = '';

  /**
   * Begins to watch a machine. With firmware of its own in M mode, kernel entry is where the kernel's trap handler begins,
   * which takes a breakpoint; otherwise it is the trap itself.
   */
  constructor(machine: Machine, image: KernelImage) {
    super(machine, image, 'kernel');
    this.hartRegisters = new Uint32Array(machine.memory.memory.buffer, HART.x + 8, 2 * GENERAL_REGISTERS);
    if (machine.firmware === 'guest') machine.hart.setBreakpoints([image.trapEntry.from]);
    machine.stopOn(STOP_ON.userReturn | STOP_ON.ownTrap | (machine.firmware === 'guest' ? STOP_ON.breakpoints : STOP_ON.userTrap));
  }

  /**
   * As `Machine.run`; what the observers need to be stopped for is not returned.
   * @throws ImageError when the machine runs another kernel than the one that is watched
   */
  run(instructions: number, options: RunOptions = {}): MachineStop {
    return runObserved(this.machine, instructions, options, this.listener);
  }

  private entered(exception: number | undefined): void {
    if (!this.started) return;
    this.saveRegisters(exception);
    this.watch.enter(causeOf(exception));
  }

  /** The registers of the thread that runs, where the kernel is about to put them. */
  private saveRegisters(exception: number | undefined): void {
    const thread = this.watch.current;
    if (thread === undefined) return;
    const { registers } = thread;
    const { state } = this.machine;
    registers.set(this.hartRegisters);
    const pcLo = state.u32(HART.sepc);
    const pcHi = state.u32(HART.sepc + 4);
    const nextLo = exception === ENVIRONMENT_CALL ? (pcLo + ECALL_BYTES) >>> 0 : pcLo;
    registers[2 * SLOT.FaultIP] = pcLo;
    registers[2 * SLOT.FaultIP + 1] = pcHi;
    registers[2 * SLOT.NextIP] = nextLo;
    registers[2 * SLOT.NextIP + 1] = nextLo < pcLo ? pcHi + 1 : pcHi;
  }

  private returned(): void {
    if (this.watch.isInTrap) {
      this.watch.leave();
    } else if (!this.started) {
      this.checkKernel();
      this.started = true;
      this.watch.start();
    } else {
      // Firmware sent a trap on in a way that was not seen.
      this.watch.drain();
    }
  }

  /** An interrupt out of the idle thread is the next trap; an exception is a failure of the kernel. */
  private ownTrap(exception: number | undefined): void {
    if (!this.started) return;
    if (exception !== undefined) {
      const failure = this.ownException();
      if (this.failure === '') this.failure = failure;
      return;
    }
    this.left();
    this.watch.enter(CAUSE.interrupt);
  }

  private left(): void {
    if (this.watch.isInTrap) this.watch.leave();
  }

  /** The symbols are of use only if they are those of the kernel that runs. */
  private checkKernel(): void {
    const { file, name } = this.image;
    const text = file.sections.find((section) => section.name === '.text');
    if (text === undefined) return;
    const wanted = sectionData(file, text);
    const { memory } = this.machine;
    const place = Number(text.address & 0xffff_ffffn);
    const found = memory.contains(place, wanted.length) ? memory.read(place, wanted.length) : new Uint8Array(0);
    if (!wanted.every((byte, i) => byte === found[i])) throw new ImageError(`the machine runs another kernel than ${name}: their code differs`);
  }
}
