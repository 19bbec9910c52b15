// SPDX-License-Identifier: BSD-2-Clause
import type { Machine } from '../boot/machine.ts';
import { endText } from '../boot/machine-end.ts';
import type { KernelImage } from '../image/kernel-image.ts';
import { HART, PAGE_BYTES, STOP_ON } from '../memory/layout.ts';
import { rootOf, walk } from './address-space.ts';
import { KernelThreads } from './kernel-threads.ts';
import { PC_REGISTER, type GdbStop, type GdbTarget, type GdbThread } from './target.ts';

/** Words of `HART` that a debugger may look at, by the name of their register. */
const CSRS = [
  'fcsr', 'stvec', 'scounteren', 'sscratch', 'sepc', 'scause', 'stval', 'satp', 'mstatus', 'medeleg', 'mideleg', 'mie', 'mip', 'mtvec', 'mscratch', 'mepc', 'mcause', 'mtval',
] as const satisfies readonly (keyof typeof HART)[];

const HART_THREAD = 1;
const MODES = ['U mode', 'S mode', 'reserved mode', 'M mode'];
/** Instructions between two looks at what the debugger wants. */
const SLICE = 1_000_000;
const HELP = 'time: virtual time\nend: how the run ended\nconsole: last lines of the console\n';

/**
 * A machine under a debugger. Thread 1 is the hart, whatever it executes; the threads of a kernel whose image is
 * known follow by name, with the registers that the kernel saved, and the running one with the hart's while it is in
 * U mode.
 */
export class MachineTarget implements GdbTarget {
  readonly csrs = CSRS;
  private readonly machine: Machine;
  private readonly kernel: KernelThreads | undefined;
  private readonly otherStops: number;
  private breakpoints: readonly bigint[] = [];

  /** @param otherStops bits of `STOP_ON` that the machine has on for somebody else */
  constructor(machine: Machine, image?: KernelImage, otherStops = 0) {
    this.machine = machine;
    this.kernel = image === undefined ? undefined : new KernelThreads(machine.memory, image, HART_THREAD + 1);
    this.otherStops = otherStops;
  }

  threads(): readonly GdbThread[] {
    const { machine } = this;
    const state = machine.ended === undefined ? MODES[machine.state.u32(HART.privilege)]! : endText(machine.ended);
    return [{ id: HART_THREAD, name: 'hart 0', state }, ...(this.kernel?.list() ?? [])];
  }

  current(): number {
    const tcb = this.inUserMode() ? this.kernel?.running() : undefined;
    return tcb === undefined ? HART_THREAD : this.kernel!.idOf(tcb);
  }

  registers(thread: number): readonly bigint[] | undefined {
    if (this.isOnHart(thread)) return [...Array.from({ length: 32 }, (_, i) => this.machine.state.x(i)), this.machine.state.word(HART.pc)];
    const tcb = this.tcbOf(thread);
    return tcb === undefined ? undefined : this.kernel!.registers(tcb);
  }

  floatRegisters(thread: number): readonly bigint[] | undefined {
    if (!this.isOnHart(thread)) return undefined;
    return Array.from({ length: 32 }, (_, i) => this.machine.state.word(HART.f + 8 * i));
  }

  csr(name: string): bigint | undefined {
    const known = CSRS.find((each) => each === name);
    return known === undefined ? undefined : this.machine.state.word(HART[known]);
  }

  setRegister(thread: number, register: number, value: bigint): boolean {
    if (!(register >= 1 && register <= PC_REGISTER)) return false;
    if (this.isOnHart(thread)) {
      if (register === PC_REGISTER) this.machine.state.setWord(HART.pc, value);
      else this.machine.state.setX(register, value);
      return true;
    }
    const tcb = this.tcbOf(thread);
    if (tcb === undefined) return false;
    this.kernel!.setRegister(tcb, register, value);
    return true;
  }

  readMemory(thread: number, address: bigint, bytes: number): Uint8Array | undefined {
    const parts: Uint8Array[] = [];
    for (const { physical, length } of this.pieces(thread, address, bytes)) {
      if (physical === undefined) break;
      parts.push(this.machine.memory.read(physical, length));
    }
    return parts.length === 0 ? undefined : Buffer.concat(parts);
  }

  writeMemory(thread: number, address: bigint, data: Uint8Array): boolean {
    const pieces = [...this.pieces(thread, address, data.length)];
    if (pieces.some(({ physical }) => physical === undefined)) return false;
    let at = 0;
    for (const { physical, length } of pieces) {
      this.machine.memory.write(physical!, data.subarray(at, at + length));
      at += length;
    }
    return true;
  }

  setBreakpoints(addresses: readonly bigint[]): void {
    this.breakpoints = addresses;
    this.machine.hart.setBreakpoints(addresses);
  }

  step(): GdbStop {
    this.machine.stopOn(this.otherStops);
    this.machine.run(1);
    return this.ended() ?? { kind: 'step', thread: this.current() };
  }

  resume(): GdbStop | undefined {
    // The instruction at a breakpoint is executed when the debugger goes on from there.
    if (this.breakpoints.includes(this.machine.state.word(HART.pc))) {
      const stop = this.step();
      if (stop.kind !== 'step') return stop;
    }
    this.machine.stopOn(this.otherStops | (this.breakpoints.length === 0 ? 0 : STOP_ON.breakpoints));
    const stop = this.machine.run(SLICE);
    return stop === 'breakpoint' ? { kind: 'breakpoint', thread: this.current() } : this.ended();
  }

  monitor(command: string): string | undefined {
    switch (command) {
      case 'help': return HELP;
      case 'time': return `${this.machine.clock.now()} ns, ${this.machine.instructions} instructions\n`;
      case 'end': return `${this.machine.ended === undefined ? 'the machine goes on' : endText(this.machine.ended)}\n`;
      case 'console': return `${this.machine.console.lines().join('\n')}\n`;
      default: return undefined;
    }
  }

  private ended(): GdbStop | undefined {
    const { ended } = this.machine;
    if (ended === undefined) return undefined;
    return { kind: 'exited', status: ended.kind === 'shutdown' ? 0 : ended.kind === 'failure' ? ended.code : 1 };
  }

  private inUserMode(): boolean {
    return this.machine.state.u32(HART.privilege) === 0;
  }

  /** Whether the hart holds the registers of a thread. */
  private isOnHart(thread: number): boolean {
    return thread === HART_THREAD || thread === this.current();
  }

  private tcbOf(thread: number): number | undefined {
    const tcb = this.kernel?.tcbOf(thread);
    return tcb !== undefined && this.kernel!.list().some(({ id }) => id === thread) ? tcb : undefined;
  }

  private *pieces(thread: number, address: bigint, bytes: number): Iterable<{ physical: number | undefined; length: number }> {
    for (let done = 0; done < bytes;) {
      const at = address + BigInt(done);
      const length = Math.min(bytes - done, PAGE_BYTES - Number(at % BigInt(PAGE_BYTES)));
      const physical = this.physical(thread, at);
      yield { physical: physical !== undefined && this.machine.memory.contains(physical, length) ? physical : undefined, length };
      done += length;
    }
  }

  private physical(thread: number, address: bigint): number | undefined {
    const tcb = this.isOnHart(thread) ? undefined : this.tcbOf(thread);
    const root = tcb === undefined ? rootOf(this.machine.state.word(HART.satp)) : this.kernel!.vspaceOf(tcb);
    if (root !== undefined && this.machine.state.u32(HART.privilege) !== 3) return walk(this.machine.memory, root, address);
    return address < 1n << 53n ? Number(address) : undefined;
  }
}
