// SPDX-License-Identifier: BSD-2-Clause
/** The page tables of the Sv39 cases: entries of every kind, one to a page. */
import { RAM_BASE } from '../../memory/layout.ts';

export const ROOT = RAM_BASE + 0x4_0000;
const MIDDLE = ROOT + 0x1000;
const LEAVES = ROOT + 0x2000;
/** What most leaves map: `ecall` at its start, half a 32-bit instruction at its end. */
export const DATA = RAM_BASE + 0x5_0000;
/** U mode runs the program this far below where it lies: one more leaf of 1 GiB, with U. */
export const USER_OFFSET = 0x4000_0000;
/** Virtual address of the pages of {@link PAGES}. */
const FIRST_PAGE = 0xc000_0000n;

const [V, R, W, X, U, A, D] = [1n, 2n, 4n, 8n, 16n, 64n, 128n];
const leafOf = (address: number, flags: bigint): bigint => (BigInt(address) >> 2n) | flags;

/** The last level: name of each page and its entry. */
const LEAF_ENTRIES = {
  readOnly: leafOf(DATA, V | R | A),
  readWrite: leafOf(DATA, V | R | W | A | D),
  notDirty: leafOf(DATA, V | R | W | A),
  notAccessed: leafOf(DATA, V | R | W | X | D),
  executeOnly: leafOf(DATA, V | X | A),
  user: leafOf(DATA, V | R | W | X | U | A | D),
  userReadOnly: leafOf(DATA, V | R | U | A),
  userExecuteOnly: leafOf(DATA, V | X | U | A),
  invalid: leafOf(DATA, R | W | X | A | D),
  writeOnly: leafOf(DATA, V | W | A | D),
  writeExecute: leafOf(DATA, V | W | X | A | D),
  reserved: leafOf(DATA, V | R | W | X | A | D) | (1n << 60n),
  pointerAtTheEnd: leafOf(DATA, V),
  nowhere: leafOf(0x9000_0000, V | R | W | X | A | D),
  beforeInvalid: leafOf(DATA, V | R | W | X | U | A | D),
  behind: 0n,
  first: leafOf(DATA, V | R | W | X | A | D),
  second: leafOf(DATA, V | R | W | X | A | D),
} as const;
export type PageName = keyof typeof LEAF_ENTRIES;

const NAMES = Object.keys(LEAF_ENTRIES) as PageName[];

/** Virtual address of a page of the last level. */
export const pageAddress = (name: PageName): bigint => FIRST_PAGE + 4096n * BigInt(NAMES.indexOf(name));

/** Virtual addresses that end the walk above the last level. */
export const UPPER = Object.freeze({
  /** A leaf of 2 MiB that maps the start of RAM; of 1 GiB. */
  megapage: 0xc020_0000n,
  gigapage: 0x8000_0000n,
  misalignedMegapage: 0xc040_0000n,
  misalignedGigapage: 0x1_0000_0000n,
  /** Pointers with A, with U. */
  accessedPointer: 0xc060_0000n,
  userPointer: 0xc080_0000n,
  /** A pointer to where there is no RAM. */
  pointerToNowhere: 0xc0a0_0000n,
  noEntry: 0x0000_0000n,
  /** Not the sign extension of 39 bits. */
  notCanonical: 0x40_0000_0000n,
  notCanonicalNegative: 0xffff_ff00_0000_0000n,
});

const gigabyte = 2n ** 30n;
const megabytes = 2n ** 21n;
const rootEntry = (address: bigint): number => ROOT + 8 * Number((address / gigabyte) & 511n);
const middleEntry = (address: bigint): number => MIDDLE + 8 * Number((address / megabytes) & 511n);
const ALL = V | R | W | X | A | D;

/** Physical address and value of every word. */
export const PAGE_TABLE_WORDS: readonly (readonly [number, bigint])[] = [
  [rootEntry(UPPER.gigapage), leafOf(RAM_BASE, ALL)],
  [rootEntry(UPPER.gigapage - BigInt(USER_OFFSET)), leafOf(RAM_BASE, ALL | U)],
  [rootEntry(UPPER.misalignedGigapage), leafOf(RAM_BASE + 0x20_0000, ALL)],
  [rootEntry(FIRST_PAGE), leafOf(MIDDLE, V)],
  [middleEntry(FIRST_PAGE), leafOf(LEAVES, V)],
  [middleEntry(UPPER.megapage), leafOf(RAM_BASE, ALL)],
  [middleEntry(UPPER.misalignedMegapage), leafOf(RAM_BASE + 0x1000, ALL)],
  [middleEntry(UPPER.accessedPointer), leafOf(LEAVES, V | A)],
  [middleEntry(UPPER.userPointer), leafOf(LEAVES, V | U)],
  [middleEntry(UPPER.pointerToNowhere), leafOf(0x9000_0000, V)],
  ...NAMES.map((name, index) => [LEAVES + 8 * index, LEAF_ENTRIES[name]] as const),
  [DATA, 0x73n],
  [DATA + 8, 0x1122_3344_5566_7788n],
  [DATA + 0xff8, 0x0013_0000_0000_0000n],
];
