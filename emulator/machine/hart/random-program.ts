// SPDX-License-Identifier: BSD-2-Clause
/**
 * Random programs for comparing harts: instructions of all extensions and modes, page tables with every kind of entry,
 * faults, self-modifying code, interrupts that the programs raise themselves. They never end: run as long as you like.
 *
 * M mode picks up whatever goes wrong: its handler puts back what random code may have broken, and goes on behind the
 * instruction or at a random place of the code in a random mode. Fetch faults are never delegated, so a broken S mode
 * is left. Nobody relies on a translation that was changed without `sfence.vma`.
 */
import { assemble } from '../isa/assemble.ts';
import { PAGE_BYTES, RAM_BASE } from '../memory/layout.ts';
import { RandomSource } from './random-source.ts';
import { BASE_REGISTERS, randomCode, type Changes } from './random-instructions.ts';

export interface RandomProgram {
  readonly seed: number;
  /** To be put at the start of RAM. */
  readonly image: Uint8Array;
  /** Where the hart starts, in M mode. */
  readonly entry: bigint;
  /** RAM that it needs. */
  readonly ramBytes: number;
  /** Addresses of instructions, good for breakpoints. */
  readonly codeAddresses: readonly bigint[];
  /** Pages of RAM (counted from its start) that the code stores into. */
  readonly dataPages: readonly number[];
}

/** Pages of the image. */
const PAGE_OF = { boot: 0, supervisor: 2, variables: 3, root: 4, middle: 5, leaves: 6, code: 8, data: 16, end: 32 } as const;
const RAM_BYTES = 2 ** 20;
/** Where S mode sees physical memory: one leaf of 1 GiB. */
const WINDOW = 0xffff_ffc0_0000_0000n;
/** Byte offsets in the page of variables. Boot loads the registers from behind them. */
const VARIABLE = {
  random: 0, supervisorTraps: 8, multiplier: 16, supervisorHandler: 24, satp: 32, medeleg: 40, mideleg: 48, windowCode: 56,
  integerRegisters: 256, floatRegisters: 512,
} as const;
const addressOf = (page: number): bigint => BigInt(RAM_BASE + PAGE_BYTES * page);

/** Patterns around which arithmetic changes its mind: integers, singles in their boxes, doubles. */
const INTERESTING: readonly bigint[] = [
  0n, 1n, 2n, 0x7fn, 0x80n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 0x7fff_ffff_ffff_ffffn, 0x8000_0000_0000_0000n,
  0xffff_ffff_ffff_ffffn, 0xffff_ffff_8000_0000n, 0x3ff0_0000_0000_0000n, 0xbff8_0000_0000_0000n, 0x7ff0_0000_0000_0000n,
  0xfff0_0000_0000_0000n, 0x7ff8_0000_0000_0000n, 0x7ff0_0000_0000_0001n, 0x0010_0000_0000_0000n, 0x000f_ffff_ffff_ffffn,
  0x7fef_ffff_ffff_ffffn, 0x43e0_0000_0000_0000n, 0xc3e0_0000_0000_0000n, 0x41df_ffff_ffc0_0000n, 0x3810_0000_0000_0000n,
  0xffff_ffff_3f80_0000n, 0xffff_ffff_bfc0_0000n, 0xffff_ffff_7f80_0000n, 0xffff_ffff_ff80_0000n, 0xffff_ffff_7fc0_0000n,
  0xffff_ffff_7f80_0001n, 0xffff_ffff_0080_0000n, 0xffff_ffff_0000_0001n, 0xffff_ffff_7f7f_ffffn, 0xffff_ffff_4f00_0000n,
  0xffff_ffff_cf00_0000n, 0xffff_ffff_5f00_0000n,
];

/** The program of a seed. */
export function randomProgram(seed: number): RandomProgram {
  const random = new RandomSource(seed);
  const changes = random.pick<Changes>(['code', 'pageTables']);
  const image = new Uint8Array(PAGE_OF.end * PAGE_BYTES);
  const view = new DataView(image.buffer);
  const put = (page: number, bytes: Uint8Array): void => image.set(bytes, page * PAGE_BYTES);
  const word = (page: number, index: number, value: bigint): void => view.setBigUint64(page * PAGE_BYTES + 8 * index, value, true);

  put(PAGE_OF.boot, assemble(machineCode(), addressOf(PAGE_OF.boot)).bytes);
  put(PAGE_OF.supervisor, assemble(supervisorCode(), WINDOW + addressOf(PAGE_OF.supervisor)).bytes);
  put(PAGE_OF.code, randomCode(random, (PAGE_OF.data - PAGE_OF.code) * PAGE_BYTES, changes));

  // All but fetch faults and the calls of S mode; a few exceptions stay with M mode, different ones in each program.
  // Where page tables change, an illegal `sfence.vma` (TVM) must reach the handler of M mode, which has one too.
  const delegated = 0xb1ff & ~(changes === 'code' ? 0x1003 : 0x1007) & (random.bits() | random.bits());
  const variables = {
    [VARIABLE.random]: random.wide(),
    [VARIABLE.multiplier]: 6364136223846793005n,
    [VARIABLE.supervisorHandler]: WINDOW + addressOf(PAGE_OF.supervisor),
    [VARIABLE.satp]: (8n << 60n) | (addressOf(PAGE_OF.root) >> 12n),
    [VARIABLE.medeleg]: BigInt(delegated),
    [VARIABLE.mideleg]: BigInt(random.chance(70) ? 0x222 : random.bits() & 0x222),
    [VARIABLE.windowCode]: WINDOW + addressOf(PAGE_OF.code),
  };
  for (const [offset, value] of Object.entries(variables)) word(PAGE_OF.variables, Number(offset) / 8, value);
  for (let register = 0; register < 32; register += 1) {
    word(PAGE_OF.variables, VARIABLE.integerRegisters / 8 + register, registerValue(random, register, changes));
    word(PAGE_OF.variables, VARIABLE.floatRegisters / 8 + register, random.chance(70) ? random.pick(INTERESTING) : random.wide());
  }
  for (let index = 0; index < ((PAGE_OF.end - PAGE_OF.data) * PAGE_BYTES) / 8; index += 1) {
    word(PAGE_OF.data, index, random.chance(60) ? random.pick(INTERESTING) : random.wide());
  }
  // Devices in S mode, 0x80000000 in U mode by 4 KiB pages, and the window of S mode.
  word(PAGE_OF.root, 0, 0xc7n);
  word(PAGE_OF.root, 2, pointer(PAGE_OF.middle));
  word(PAGE_OF.root, 0x102, (addressOf(0) >> 2n) | 0xcfn);
  word(PAGE_OF.middle, 0, pointer(PAGE_OF.leaves));
  // Neighbours that are leaves of 2 MiB: aligned, misaligned, out of RAM.
  word(PAGE_OF.middle, 1, (addressOf(0) >> 2n) | 0xdfn);
  word(PAGE_OF.middle, 2, (addressOf(1) >> 2n) | 0xdfn);
  word(PAGE_OF.middle, 3, 0x40_0000n | 0xdfn);
  for (let page = 0; page < 512; page += 1) word(PAGE_OF.leaves, page, leaf(random, page));

  return {
    seed, image, entry: BigInt(RAM_BASE), ramBytes: RAM_BYTES,
    codeAddresses: Array.from({ length: 48 }, () => addressOf(PAGE_OF.code) + BigInt(2 * random.below(0x4000))),
    dataPages: Array.from({ length: PAGE_OF.end - PAGE_OF.data }, (_, index) => PAGE_OF.data + index),
  };
}

const pointer = (page: number): bigint => (addressOf(page) >> 2n) | 1n;

/** An entry of the last level: code for U mode, data with any rights, aliases, and everything that is wrong with entries. */
function leaf(random: RandomSource, page: number): bigint {
  if (page < PAGE_OF.code) return 0n;
  if (page < PAGE_OF.data) return (addressOf(page) >> 2n) | (random.chance(80) ? 0xdfn : 0xdbn);
  const target = page < PAGE_OF.end ? page : PAGE_OF.data + random.below(PAGE_OF.end - PAGE_OF.data);
  const entry = (addressOf(target) >> 2n) | 0xd7n;
  if (random.chance(page < PAGE_OF.end ? 90 : 60)) return entry;
  switch (random.below(9)) {
    case 0: return entry & ~0x1n;
    case 1: return entry & ~0x2n;
    case 2: return entry & ~0x4n;
    case 3: return (entry & ~0x6n) | 0x8n;
    case 4: return entry & ~0x10n;
    case 5: return entry & ~0x40n;
    case 6: return entry & ~0x80n;
    case 7: return entry | (1n << BigInt(54 + random.below(10)));
    default: return 0x1000_0000n | 0xd7n;
  }
}

/** Registers that stay hold addresses: of data in RAM, of code or of the leaves of the page table as S mode sees them. */
function registerValue(random: RandomSource, register: number, changes: Changes): bigint {
  const use = BASE_REGISTERS.get(register);
  const dataPage = addressOf(PAGE_OF.data + 1 + random.below(PAGE_OF.end - PAGE_OF.data - 2));
  switch (use) {
    case 'aligned': return dataPage + BigInt(8 * random.below(512));
    case 'border': return addressOf(PAGE_OF.data + random.below(480)) + BigInt(PAGE_BYTES - random.below(9));
    case 'changed': return changes === 'code' ? addressOf(PAGE_OF.code) + BigInt(0x800 + 2 * random.below(0x3000))
      : WINDOW + addressOf(PAGE_OF.leaves) + BigInt(8 * (PAGE_OF.data + 16 + random.below(200)));
    case 'device': return 0x1000_0800n;
    case 'window': return WINDOW + addressOf(PAGE_OF.data + 1) + BigInt(random.below(0x3000));
    default: return random.chance(50) ? random.pick(INTERESTING) : random.wide();
  }
}

/** Boot and the handler of M mode. x1 and x3 to x7 are theirs: the code finds anything in them. */
function machineCode(): string {
  return `
    .equ  variables, ${addressOf(PAGE_OF.variables)}
    .equ  code, ${addressOf(PAGE_OF.code)}
    boot:
      la   x1, handler
      csrw mtvec, x1
      li   x1, -1
      srli x1, x1, 10
      csrw pmpaddr0, x1
      li   x1, 0x1f
      csrw pmpcfg0, x1
      li   x1, 7
      csrw mcounteren, x1
      csrw scounteren, x1
      li   x1, 0x2000
      csrs mstatus, x1
      la   x1, variables
      ${Array.from({ length: 32 }, (_, register) => `fld f${register}, ${VARIABLE.floatRegisters + 8 * register}(x1)`).join('\n')}
      ${Array.from({ length: 30 }, (_, index) => `ld x${index + 2}, ${VARIABLE.integerRegisters + 8 * (index + 2)}(x1)`).join('\n')}
      j    anew
    .align 2
    handler:
      li   x1, 0x20000
      csrc mstatus, x1
      la   x1, variables
      ld   x3, ${VARIABLE.random}(x1)
      ld   x4, ${VARIABLE.multiplier}(x1)
      mul  x3, x3, x4
      addi x3, x3, 1391
      sd   x3, ${VARIABLE.random}(x1)
      csrr x4, mcause
      bltz x4, anew
      li   x5, 0x1003
      srl  x5, x5, x4
      andi x5, x5, 1
      bnez x5, anew
      srli x5, x3, 33
      andi x5, x5, 3
      beqz x5, anew
      csrr x4, mepc
      addi x4, x4, 4
      csrw mepc, x4
      li   x1, 0
      sfence.vma
      mret
    anew:
      la   x1, variables
      ld   x4, ${VARIABLE.supervisorHandler}(x1)
      csrw stvec, x4
      ld   x4, ${VARIABLE.satp}(x1)
      csrw satp, x4
      ld   x4, ${VARIABLE.medeleg}(x1)
      csrw medeleg, x4
      ld   x4, ${VARIABLE.mideleg}(x1)
      csrw mideleg, x4
      srli x4, x3, 20
      csrw mie, x4
      srli x5, x3, 29
      and  x4, x4, x5
      srli x5, x3, 37
      and  x4, x4, x5
      csrw mip, x4
      # MPP: U twice as often as S and M.
      srli x4, x3, 44
      andi x4, x4, 3
      li   x5, 0x1800
      csrc mstatus, x5
      la   x6, code
      li   x7, 3
      bne  x4, x7, notMachine
      csrs mstatus, x5
      j    chosen
    notMachine:
      li   x7, 1
      bne  x4, x7, chosen
      li   x5, 0x800
      csrs mstatus, x5
      ld   x6, ${VARIABLE.windowCode}(x1)
    chosen:
      # MPIE and FS, each off once in a while.
      li   x4, 0x80
      csrc mstatus, x4
      srli x5, x3, 46
      andi x5, x5, 3
      beqz x5, noInterrupts
      csrs mstatus, x4
    noInterrupts:
      li   x4, 0x6000
      csrs mstatus, x4
      srli x5, x3, 48
      andi x5, x5, 15
      bnez x5, floating
      csrc mstatus, x4
    floating:
      srli x4, x3, 50
      slli x4, x4, 50
      srli x4, x4, 49
      li   x5, 0x7ffe
      and  x4, x4, x5
      add  x6, x6, x4
      csrw mepc, x6
      li   x1, 0
      sfence.vma
      mret
  `;
}

/** The handler of S mode: behind the instruction, or a call to M mode that goes on elsewhere. */
function supervisorCode(): string {
  return `
    .equ  variables, ${WINDOW + addressOf(PAGE_OF.variables)}
      la   x1, variables
      ld   x3, ${VARIABLE.supervisorTraps}(x1)
      addi x3, x3, 1
      sd   x3, ${VARIABLE.supervisorTraps}(x1)
      csrci sip, 2
      csrr x4, scause
      bltz x4, elsewhere
      andi x3, x3, 15
      beqz x3, elsewhere
      csrr x4, sepc
      addi x4, x4, 4
      csrw sepc, x4
      li   x1, 0
      sret
    elsewhere:
      li   x1, 0
      ecall
      j    elsewhere
  `;
}
