// SPDX-License-Identifier: BSD-2-Clause
import type { Bus, Hart, Stop } from '../hart/hart.ts';
import { MISA, MSTATUS_RESET } from '../isa/csrs.ts';
import { HART } from '../memory/layout.ts';
import type { SparseMemory } from '../memory/sparse-memory.ts';
import { coreModule } from './core-module.ts';
import { BREAKPOINTS, CORE_MAP } from './map.ts';
import { STOPS } from './stops.ts';
import { writeTables } from './tables.ts';

/** Exports of the assembly (assembly/index.ts). */
interface Core {
  initialise(): void;
  execute(budget: number): number;
  raise(cause: number, value: bigint): void;
  flush(): void;
  drop(page: number): void;
  setBreakpoints(count: number): void;
  physicalOf(address: bigint, access: number): number;
}

const ACCESS = { load: 0, store: 1, execute: 2 } as const;
/** Bits of what the assembly is told of a device access. */
const REFUSED = 1;
const RETURN_WANTED = 2;
const MACHINE_MODE = 3;
/**
 * Most instructions of one call. An engine replaces a function by its optimised form only when it is called, and each
 * call could be the one that begins with it.
 */
const CALL_BUDGET = 1_000_000;

/** The fast hart: WebAssembly over the linear memory of a {@link SparseMemory}. One to a memory. */
export class WasmHart implements Hart {
  private readonly core: Core;
  private readonly memory: SparseMemory;
  private outcome = 0;

  /** A hart over the state in linear memory, which becomes that after a reset: M mode, at address 0 until the host says. */
  constructor(memory: SparseMemory, bus: Bus) {
    this.memory = memory;
    const settled = (refused: boolean): void => {
      this.outcome = refused ? REFUSED : bus.stopRequested() ? RETURN_WANTED : 0;
    };
    const host = {
      load: (address: number, bytes: 1 | 2 | 4 | 8): bigint => {
        const value = bus.load(address, bytes);
        settled(value === undefined);
        return value ?? 0n;
      },
      store: (address: number, bytes: 1 | 2 | 4 | 8, value: bigint): void => {
        settled(!bus.store(address, bytes, BigInt.asUintN(64, value)));
      },
      outcome: (): number => this.outcome,
      outOfFrames: (): never => { throw memory.outOfFrames(); },
    };
    const instance = new WebAssembly.Instance(coreModule(), { env: { memory: memory.memory }, host });
    this.core = instance.exports as unknown as Core;
    writeTables(memory.memory);
    this.core.initialise();
    memory.onWritten((page) => this.written(page));
    const state = new DataView(memory.memory.buffer);
    state.setUint32(HART.privilege, MACHINE_MODE, true);
    state.setBigUint64(HART.mstatus, MSTATUS_RESET, true);
    state.setBigUint64(HART.misa, MISA, true);
  }

  run(instructions: number): Stop {
    for (let left = instructions; ; left -= CALL_BUDGET) {
      const stop = STOPS[this.core.execute(Math.min(left, CALL_BUDGET))]!;
      if (stop !== 'budget' || left <= CALL_BUDGET) return stop;
    }
  }

  raise(cause: number, value: bigint): void {
    this.core.raise(cause, value);
  }

  flush(): void {
    this.core.flush();
  }

  written(page: number): void {
    this.core.drop(page);
  }

  /** Throws RangeError for more than the core holds. */
  setBreakpoints(addresses: readonly bigint[]): void {
    if (addresses.length > BREAKPOINTS) throw new RangeError(`there can be ${BREAKPOINTS} breakpoints, not ${addresses.length}`);
    new BigInt64Array(this.memory.memory.buffer, CORE_MAP.breakpoints, BREAKPOINTS).set(addresses.map((address) => BigInt.asIntN(64, address)));
    this.core.setBreakpoints(addresses.length);
  }

  translate(address: bigint, access: 'load' | 'store' | 'execute'): number | undefined {
    const physical = this.core.physicalOf(address, ACCESS[access]);
    return physical < 0 ? undefined : physical;
  }
}
