// SPDX-License-Identifier: BSD-2-Clause
/** The ports of a hart: what it asks of the board, and what the board and the observers ask of it. */

/** Why {@link Hart.run} returned. */
export type Stop =
  /** As many instructions as asked for. */
  | 'budget'
  /** WFI with nothing enabled pending. */
  | 'waiting'
  /** The store log is full. */
  | 'storeLog'
  /** As asked for by `STOP_ON` (memory/layout.ts). */
  | 'supervisorCall' | 'userTrap' | 'userReturn' | 'breakpoint' | 'ownTrap'
  /** The bus asked for it ({@link Bus.stopRequested}). */
  | 'device';

/** Whatever is not RAM. Addresses are physical; `undefined` and `false` raise an access fault. */
export interface Bus {
  load(address: number, bytes: 1 | 2 | 4 | 8): bigint | undefined;
  store(address: number, bytes: 1 | 2 | 4 | 8, value: bigint): boolean;
  /** Asked after each access: the board wants the hart to return (an interrupt line changed, power off). */
  stopRequested(): boolean;
}

/**
 * One RV64IMAFDC hart with Zicsr and Zifencei. Its architectural state lies in linear memory at `HART`, so the host
 * reads and writes it there; after the host changed `satp`, `privilege` or `mstatus` it calls {@link Hart.flush}.
 */
export interface Hart {
  /**
   * Executes at most `instructions` and returns why it stopped. Enabled interrupts in `mip` are taken at the start and
   * whenever software changes what is enabled or pending. Returns at the first stop; several at once: the one that
   * came first. An instruction that traps counts here, but is not retired (`HART.instret`); taking an interrupt and a
   * `supervisorCall` count nowhere.
   */
  run(instructions: number): Stop;
  /** Takes an exception at pc now, as if its instruction had raised it. */
  raise(cause: number, value: bigint): void;
  /** Forgets translations and decoded instructions. */
  flush(): void;
  /** Drops decoded instructions of a guest page that the host has written. */
  written(page: number): void;
  /**
   * Addresses of `STOP_ON.breakpoints`, virtual. A run that begins at the breakpoint that stopped the one before begins
   * with its instruction.
   */
  setBreakpoints(addresses: readonly bigint[]): void;
  /** Physical address of a virtual one as the running mode would load from it; undefined where that would fault. */
  translate(address: bigint, access: 'load' | 'store' | 'execute'): number | undefined;
}
