// SPDX-License-Identifier: BSD-2-Clause
/**
 * Cases of privileged behaviour, as data: a few instructions in a mode, and the traps that they end in. Handlers record
 * every first trap to M and to S mode; the body of a case that raises none ends in `ecall`.
 */
import { assemble } from '../../isa/assemble.ts';
import { RAM_BASE } from '../../memory/layout.ts';
import { RESULTS, type ConformanceProgram } from './driver.ts';
import { PAGE_TABLE_WORDS, ROOT, USER_OFFSET } from './page-tables.ts';

/** A trap as recorded. `at` is where it happened: bytes behind the start of the body, or an address. */
export interface ExpectedTrap {
  readonly cause: bigint | number;
  readonly value?: bigint;
  readonly at?: number | bigint;
}

export interface TrapCase {
  readonly name: string;
  readonly mode: 'M' | 'S' | 'U';
  /** Run in M mode before. Bare addresses, everything undelegated, PMP open, floating point on, unless it changes that. */
  readonly setup?: string;
  /** Sv39 with the page tables of page-tables.ts. */
  readonly paged?: boolean;
  readonly body: string;
  /** First trap to M mode; not given: the `ecall` behind the body, of M and U mode or of S mode. */
  readonly machine?: ExpectedTrap;
  /** First trap to S mode; not given: none. */
  readonly supervisor?: ExpectedTrap;
  /** Registers at the first trap to M mode. */
  readonly a0?: bigint;
  /** Bits of mstatus in the handler of M mode: mask and value. */
  readonly mstatus?: readonly [mask: bigint, value: bigint];
  /** Why QEMU 7.2 does otherwise, which the specification allows. */
  readonly notOnQemu?: string;
}

/** Words that are recorded for a case, by name. */
export const RECORD = ['mcause', 'mtval', 'mepc', 'mstatus', 'a0', 'scause', 'stval', 'sepc', 'sstatus', 'trapsToS'] as const;
const AT = Object.fromEntries(RECORD.map((name, index) => [name, 8 * index])) as Record<typeof RECORD[number], number>;
const RECORD_BYTES = 8 * RECORD.length;

const MPP = { U: 0, S: 0x800, M: 0x1800 } as const;

/** s9 the record, s10 the next case, s11 scratch of the handlers: bodies leave them alone. */
const HANDLERS = `
    .align 2
  machineHandler:
    csrr s11, mcause
    sd   s11, ${AT.mcause}(s9)
    csrr s11, mtval
    sd   s11, ${AT.mtval}(s9)
    csrr s11, mepc
    sd   s11, ${AT.mepc}(s9)
    csrr s11, mstatus
    sd   s11, ${AT.mstatus}(s9)
    sd   a0, ${AT.a0}(s9)
    jr   s10
    .align 2
  supervisorHandler:
    ld   s11, ${AT.trapsToS}(s9)
    addi s11, s11, 1
    sd   s11, ${AT.trapsToS}(s9)
    csrr s11, scause
    sd   s11, ${AT.scause}(s9)
    csrr s11, stval
    sd   s11, ${AT.stval}(s9)
    csrr s11, sepc
    sd   s11, ${AT.sepc}(s9)
    csrr s11, sstatus
    sd   s11, ${AT.sstatus}(s9)
    ecall
    .align 8
  # Only the entries of the software and of the timer interrupt lead on.
  vectors:
    ebreak
    j    supervisorHandler
    .zero 12
    j    supervisorHandler
`;

function caseText({ mode, setup = '', paged = false, body }: TrapCase, index: number): string {
  const target = paged && mode === 'U' ? `body${index} - ${USER_OFFSET}` : `body${index}`;
  return `
    case${index}:
      li   s11, 0x7e19aa
      csrc mstatus, s11
      csrw satp, zero
      la   s11, machineHandler
      csrw mtvec, s11
      la   s11, supervisorHandler
      csrw stvec, s11
      csrw medeleg, zero
      csrw mideleg, zero
      csrw mie, zero
      csrw mip, zero
      li   s11, -1
      srli s11, s11, 10
      csrw pmpaddr0, s11
      li   s11, 0x1f
      csrw pmpcfg0, s11
      li   s11, 7
      csrw mcounteren, s11
      csrw scounteren, s11
      li   s11, 0x6000
      csrs mstatus, s11
      fscsr zero
      li   s9, ${RESULTS + RECORD_BYTES * index}
      la   s10, case${index + 1}
      li   a0, 0
      li   a1, 0
      ${paged ? `li s11, ${(8n << 60n) | BigInt(ROOT / 4096)}\ncsrw satp, s11` : ''}
      sfence.vma
      ${setup}
      li   s11, 0x1800
      csrc mstatus, s11
      li   s11, ${MPP[mode]}
      csrs mstatus, s11
      la   s11, ${target}
      csrw mepc, s11
      mret
      .align 2
    body${index}:
      ${body}
    end${index}:
      ecall
  `;
}

/** All cases as one program, and what each record must hold. */
export interface CasesProgram extends ConformanceProgram {
  /** The differences of records from what is expected, as lines of text. */
  readonly check: (results: readonly bigint[], onQemu: boolean) => readonly string[];
}

export function casesProgram(name: string, cases: readonly TrapCase[]): CasesProgram {
  const source = `j case0\n${HANDLERS}\n${cases.map(caseText).join('\n')}\ncase${cases.length}:\nli s11, 0x7e19aa\ncsrc mstatus, s11\ncsrw mie, zero\nj finish`;
  const { symbols } = assemble(`.equ results, ${RESULTS}\n${source}\nfinish:`, BigInt(RAM_BASE));
  return {
    name, source, words: PAGE_TABLE_WORDS, resultWords: RECORD.length * cases.length,
    describe: (index) => `${cases[Math.floor(index / RECORD.length)]!.name}: ${RECORD[index % RECORD.length]}`,
    check: (results, onQemu) => cases.flatMap((each, index) => {
      if (onQemu && each.notOnQemu !== undefined) return [];
      const record = (word: typeof RECORD[number]): bigint => results[RECORD.length * index + RECORD.indexOf(word)]!;
      const moved = each.paged === true && each.mode === 'U' ? BigInt(USER_OFFSET) : 0n;
      return differences(each, record, symbols.get(`body${index}`)! - moved, symbols.get(`end${index}`)! - moved);
    }),
  };
}

function differences(
  { name, mode, machine, supervisor, a0, mstatus }: TrapCase, record: (word: typeof RECORD[number]) => bigint, body: bigint, end: bigint,
): readonly string[] {
  const address = (at: number | bigint | undefined): bigint | undefined => typeof at === 'number' ? body + BigInt(at) : at;
  // A handler of S mode ends in an ecall of its own, wherever that lies.
  const last: ExpectedTrap = supervisor !== undefined ? { cause: 9, value: 0n } : { cause: { M: 11, S: 9, U: 8 }[mode], value: 0n, at: end };
  const expected = machine ?? last;
  const checks: readonly (readonly [string, bigint, bigint | undefined])[] = [
    ['mcause', record('mcause'), BigInt(expected.cause)], ['mtval', record('mtval'), expected.value], ['mepc', record('mepc'), address(expected.at)],
    ['scause', record('scause'), BigInt(supervisor?.cause ?? 0)], ['stval', record('stval'), supervisor?.value],
    ['sepc', record('sepc'), address(supervisor?.at)], ['traps to S', record('trapsToS'), supervisor === undefined ? 0n : 1n],
    ['a0', record('a0'), a0], ['mstatus', record('mstatus') & (mstatus?.[0] ?? 0n), mstatus?.[1]],
  ];
  return checks.filter(([, found, wanted]) => wanted !== undefined && found !== wanted)
    .map(([word, found, wanted]) => `${name}: ${word} is 0x${found.toString(16)}, not 0x${wanted!.toString(16)}`);
}
