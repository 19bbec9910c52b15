// SPDX-License-Identifier: BSD-2-Clause
/** A target whose every instruction adds 1 to a0, and that powers off at an address. */
import { PC_REGISTER, type GdbStop, type GdbTarget, type GdbThread } from '../target.ts';

export const MEMORY_AT = 0x1000n;
export const ENDS_AT = 0x1100n;
const A0 = 10;

export class FakeTarget implements GdbTarget {
  readonly csrs = ['satp', 'scause'];
  /** Begins with a `nop`: the debugger decodes what it steps over. */
  readonly memory = new Uint8Array(256).map((_, i) => [0x13, 0, 0, 0][i] ?? i);
  breakpoints: readonly bigint[] = [];
  /** Instructions that one `resume` executes. */
  slice = 100;
  private readonly state = new Map<number, bigint[]>([1, 2].map((id) => [id, [...new Array<bigint>(PC_REGISTER).fill(0n), MEMORY_AT]]));

  threads(): readonly GdbThread[] {
    return [{ id: 1, name: 'rootserver', state: 'Running' }, { id: 2, name: 'a <driver>', state: 'BlockedOnReceive' }];
  }

  current(): number {
    return 1;
  }

  registers(thread: number): readonly bigint[] | undefined {
    return this.state.get(thread);
  }

  floatRegisters(thread: number): readonly bigint[] | undefined {
    return thread === 1 ? Array.from({ length: 32 }, (_, i) => BigInt(i)) : undefined;
  }

  csr(name: string): bigint | undefined {
    return name === 'satp' ? 0x8000_0000_0008_0000n : undefined;
  }

  setRegister(thread: number, register: number, value: bigint): boolean {
    const registers = this.state.get(thread);
    if (registers === undefined || register <= 0 || register > PC_REGISTER) return false;
    registers[register] = value;
    return true;
  }

  readMemory(_thread: number, address: bigint, bytes: number): Uint8Array | undefined {
    const at = Number(address - MEMORY_AT);
    return at < 0 || at >= this.memory.length ? undefined : this.memory.subarray(at, at + bytes);
  }

  writeMemory(_thread: number, address: bigint, data: Uint8Array): boolean {
    const at = Number(address - MEMORY_AT);
    if (at < 0 || at + data.length > this.memory.length) return false;
    this.memory.set(data, at);
    return true;
  }

  setBreakpoints(addresses: readonly bigint[]): void {
    this.breakpoints = addresses;
  }

  step(): GdbStop {
    const registers = this.state.get(1)!;
    registers[A0]!++;
    registers[PC_REGISTER]! += 4n;
    return registers[PC_REGISTER] === ENDS_AT ? { kind: 'exited', status: 3 } : { kind: 'step', thread: 1 };
  }

  resume(): GdbStop | undefined {
    for (let i = 0; i < this.slice; i++) {
      const stop = this.step();
      if (stop.kind === 'exited') return stop;
      if (this.breakpoints.includes(this.state.get(1)![PC_REGISTER]!)) return { kind: 'breakpoint', thread: 1 };
    }
    return undefined;
  }

  monitor(command: string): string | undefined {
    return command === 'time' ? '1,000 ns\n' : undefined;
  }
}
