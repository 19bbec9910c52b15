// SPDX-License-Identifier: BSD-2-Clause
/**
 * Where the fast core keeps what is private to it, in linear offsets, and what a decoded instruction looks like. The
 * assembly gets these numbers as constants (generated.ts); a translator of hot pages finds its inputs here.
 */
import { CORE } from '../memory/layout.ts';

/** Entries of one TLB; the page number modulo this is the place of a translation. */
export const TLB_ENTRIES = 512;
/** Tag u64 (virtual page address), addend u32 (linear minus virtual address), page number in RAM u32. */
export const TLB_ENTRY_BYTES = 16;
const TLB_BYTES = TLB_ENTRIES * TLB_ENTRY_BYTES;
/** A TLB for each way to look at memory: 0 user, 1 supervisor, 2 supervisor with SUM, 3 machine. */
export const TLB_MODES = 4;

/** Bytes of one decoded instruction; there is one for each halfword of a code page. */
export const RECORD_BYTES = 16;
/** Records of a code page: 2048, one that leaves the page at its end, and one that nobody reaches. */
export const SLOT_BYTES = 2050 * RECORD_BYTES;
/** Code pages that are decoded at the same time; the oldest makes room. */
export const SLOTS = 1024;
/** Most breakpoints. */
export const BREAKPOINTS = 64;

/** Fields of a decoded instruction. */
export const RECORD = Object.freeze({
  /** u16: number of the operation (operations.ts). */
  op: 0,
  /** u16 each: linear offsets of registers in the hart state; what nobody reads goes to a place of its own. */
  rd: 2, rs1: 4, rs2: 6,
  /** i32: immediate; near branches: bytes of records between the taken and the untaken path. */
  imm: 8,
  /** u16: bytes of records to the next instruction. */
  length: 12,
  /** u16: rounding mode field of floating point instructions. */
  rm: 14,
});

/** Fields of a row of the decoder's table, 16 bytes. */
export const ROW = Object.freeze({ match: 0, mask: 4, op: 8, format: 10, registers: 11, operand: 12, bytes: 16 });
export const ROWS = 256;

const sizes = {
  /** What absent pages read as. Never written. */
  zeroFrame: 0x1000,
  loadTlb: TLB_MODES * TLB_BYTES,
  storeTlb: TLB_MODES * TLB_BYTES,
  executeTlb: TLB_MODES * TLB_BYTES,
  /** Linear offsets (u32) of entries filled since the last flush, per kind of access. */
  loadFills: TLB_MODES * TLB_ENTRIES * 4,
  storeFills: TLB_MODES * TLB_ENTRIES * 4,
  executeFills: TLB_MODES * TLB_ENTRIES * 4,
  /** The 32-bit instruction (u32) of every 16-bit one; 0: illegal. */
  expansions: 0x1_0000 * 4,
  rows: ROWS * ROW.bytes,
  /** First row (u16) of each value of bits 6:2 of an instruction, and one more at the end. */
  buckets: 33 * 2,
  /** By number of a control and status register: bits that a write changes (u64); whether there is one (u8). */
  csrWritable: 4096 * 8,
  csrExists: 4096,
  /** Virtual addresses (u64). */
  breakpoints: BREAKPOINTS * 8,
  /** A byte for each halfword of a page: whether there is a breakpoint at that place of some page. */
  breakpointOffsets: 2048,
  /** Records of an instruction that must not be remembered, and of the return to the page it came from. */
  scratch: 4 * RECORD_BYTES,
  /** Page number in RAM (u32) of each slot. */
  slotPages: SLOTS * 4,
  slots: SLOTS * SLOT_BYTES,
  /** Slot plus one (u16) of each page of RAM; 0: not decoded. */
  pageSlots: 0x10_0000 * 2,
} as const;

type Part = keyof typeof sizes;

function place(): Readonly<Record<Part | 'end', number>> {
  let at = CORE.offset;
  const places: Record<string, number> = {};
  for (const [part, bytes] of Object.entries(sizes)) {
    places[part] = at;
    at += Math.ceil(bytes / 64) * 64;
  }
  if (at > CORE.offset + CORE.bytes) throw new Error('CORE.bytes of memory/layout.ts is too small');
  return Object.freeze({ ...places, end: at } as Record<Part | 'end', number>);
}

/** Linear offset of each part. */
export const CORE_MAP = place();
