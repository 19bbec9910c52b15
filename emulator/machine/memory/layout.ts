// SPDX-License-Identifier: BSD-2-Clause
/**
 * The map of a machine's linear memory (one `WebAssembly.Memory`), shared by both harts, the board and the debugger.
 * All offsets and sizes in bytes. Everything below is little endian.
 *
 * ```
 * 0          hart state, 4 KiB              (`HART`)
 * 4 KiB      store log, a ring              (`STORE_LOG`)
 * ...        private to the fast core: TLBs, decoded instructions (`CORE`)
 * ...        page directory of guest RAM    (u32 per 4 KiB guest page: linear offset of its frame, 0 = absent, reads as zero)
 * ...        page attributes of guest RAM   (u8 per guest page, `PAGE`)
 * ...        watched words of guest RAM     (a bit per 64-bit word, of meaning in pages that are watched)
 * ...        frames: 4 KiB each, handed out as pages become non-zero; the end grows
 * ```
 */

/** Offsets of the architectural state of the hart. Registers are 64-bit words unless a comment says otherwise. */
export const HART = Object.freeze({
  /** x0..x31; x0 stays 0. */
  x: 0x000,
  /** f0..f31; singles NaN-boxed. */
  f: 0x100,
  pc: 0x200,
  /** Instructions retired since power on. */
  instret: 0x208,
  /** Virtual time in ns is `instret * nsPerInstruction + skipped`; `time` CSR counts it in ticks of `nsPerTick`. */
  nsPerInstruction: 0x210,
  skipped: 0x218,
  nsPerTick: 0x220,
  /** u32: 0 U, 1 S, 3 M. */
  privilege: 0x228,
  /** u32: 1 after WFI until an enabled interrupt is pending. */
  waiting: 0x22c,
  /** u32: valid flag of the LR reservation; its physical address. */
  reserved: 0x230,
  reservation: 0x238,
  fcsr: 0x240,
  mstatus: 0x248,
  medeleg: 0x250,
  mideleg: 0x258,
  mie: 0x260,
  /** Pending interrupts; the board sets the external bits, software the rest. */
  mip: 0x268,
  mtvec: 0x270,
  mscratch: 0x278,
  mepc: 0x280,
  mcause: 0x288,
  mtval: 0x290,
  mcounteren: 0x298,
  stvec: 0x2a0,
  sscratch: 0x2a8,
  sepc: 0x2b0,
  scause: 0x2b8,
  stval: 0x2c0,
  scounteren: 0x2c8,
  satp: 0x2d0,
  menvcfg: 0x2d8,
  senvcfg: 0x2e0,
  mcountinhibit: 0x2e8,
  pmpcfg0: 0x2f0,
  pmpcfg2: 0x2f8,
  /** pmpaddr0..15. */
  pmpaddr: 0x300,
  misa: 0x380,
  /**
   * What `mcycle` and `minstret` add to {@link HART.instret}; while `mcountinhibit` stops one of them, its value itself.
   */
  mcycle: 0x388,
  minstret: 0x390,
  /**
   * Bits U, A, D that mean nothing in page table entries which point to a table. None in a hart as specified: there they are
   * reserved, and fault. The host chooses before the hart runs.
   */
  pointerFlags: 0x398,
  /** u32: what the host wants to see (`STOP_ON`). */
  stopOn: 0x400,
  /**
   * u32: cause of the trap that stopped the hart (bit 31 set: an interrupt) or the number of the breakpoint in the list;
   * value word beside it.
   */
  stopCause: 0x404,
  stopValue: 0x408,
  /** u32: entries written to the store log since the host emptied it. */
  storeLogCount: 0x410,
  /** u32: pages of guest RAM. */
  ramPages: 0x414,
  /** u32: linear offset of the next frame to hand out; of the end of all frames. */
  nextFrame: 0x418,
  frameEnd: 0x41c,
  /** u32: changes whenever the host changed the page directory or attributes; a hart forgets what it knew of them. */
  mappingEpoch: 0x420,
  /** u32: linear offset of the page attributes. */
  attributes: 0x424,
  /** Where writes to x0 go. */
  sink: 0x428,
  /** u32: linear offset of the map of watched words. */
  watchedWords: 0x430,
  /** Stores of the code from the first virtual address up to the second are not logged. */
  unloggedFrom: 0x438,
  unloggedTo: 0x440,
  /**
   * Physical address of a watched word whose stores are too many to log, 0 for none; the value that was stored last; u32:
   * whether there was a store since the host cleared this.
   */
  latestAddress: 0x448,
  latestValue: 0x450,
  latestStored: 0x458,
  end: 0x1000,
});

/** Bit of the word at `HART.stopCause`: the trap is an interrupt. */
export const INTERRUPT_STOP = 0x8000_0000;

/** What makes `run` return, bits of `HART.stopOn`; exhausted budget, a wait and a full store log always do. */
export const STOP_ON = Object.freeze({
  /** An ecall from S mode is not taken as a trap: the host is the firmware. pc stays at the ecall. */
  supervisorCall: 1,
  /** After a trap from U mode was taken: pc is the handler, sepc the trapping instruction. */
  userTrap: 2,
  /** After an sret to U mode. */
  userReturn: 4,
  /** Before an instruction whose address is in the breakpoint list. */
  breakpoints: 8,
  /** After a trap of S or M mode that the same mode takes: a kernel that faults, or that idles and is interrupted. */
  ownTrap: 16,
});

/** Attributes of a guest page, bits of the page attribute byte. */
export const PAGE = Object.freeze({
  /** Stores into watched words of the page are appended to the store log (also those that write the value that is there). */
  watched: 1,
  /** The fast core holds decoded instructions of the page; a store drops them. */
  code: 2,
  /** Stores are refused with an access fault. */
  readOnly: 4,
});

/** The store log: who reads it empties it. 32 bytes an entry. A store into two words makes one entry, if either is watched. */
export const STORE_LOG = Object.freeze({
  offset: 0x1000,
  entryBytes: 32,
  entries: 0x4000,
  /** Fields of an entry: physical address u64, value u64 (zero extended), size in bytes u32, 0 u32, pc u64. */
  address: 0,
  value: 8,
  size: 16,
  pc: 24,
});

/** Private to the fast core (core/README.md): its TLBs and decoded instructions. Only what it uses is ever touched. */
export const CORE = Object.freeze({ offset: STORE_LOG.offset + STORE_LOG.entries * STORE_LOG.entryBytes, bytes: 0x500_0000 });

/** Linear offset of the page directory. */
export const DIRECTORY = CORE.offset + CORE.bytes;

/** Linear offsets of the parts whose place depends on the size of guest RAM. */
export interface MemoryMap {
  readonly attributes: number;
  readonly watchedWords: number;
  readonly frames: number;
}

/** Where the parts lie for a guest RAM of `ramBytes`, a multiple of 4 KiB. */
export function memoryMap(ramBytes: number): MemoryMap {
  const pages = ramBytes / PAGE_BYTES;
  const attributes = DIRECTORY + 4 * pages;
  const watchedWords = alignUp(attributes + pages, 8);
  return { attributes, watchedWords, frames: alignUp(watchedWords + pages * WATCHED_WORDS_BYTES, PAGE_BYTES) };
}

function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

/** Guest RAM of `qemu-riscv-virt`, as the seL4 kernels for it have it compiled in. */
export const RAM_BASE = 0x8000_0000;
export const PAGE_BYTES = 4096;
/** Bytes of the map of watched words for one page. */
export const WATCHED_WORDS_BYTES = PAGE_BYTES / 64;
