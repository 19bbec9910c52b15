// SPDX-License-Identifier: BSD-2-Clause
/** The state of a hart, for people. */
import { HART } from '../memory/layout.ts';
import { disassemble } from '../isa/disassemble.ts';
import { INTEGER_REGISTERS } from '../isa/registers.ts';
import { hex } from './boot-error.ts';
import { exceptionName } from './machine-end.ts';
import type { Machine } from './machine.ts';

const PRIVILEGES = new Map([[0, 'U'], [1, 'S'], [3, 'M']]);
const COLUMNS = 4;

/** What the hart was doing, as plain data. Words are hexadecimal text. */
export interface HartSummary {
  readonly pc: string;
  /** Disassembly; undefined where pc cannot be fetched. */
  readonly instruction: string | undefined;
  readonly privilege: string;
  /** Last trap of S mode. */
  readonly trap: { readonly cause: string; readonly sepc: string; readonly stval: string };
  readonly satp: string;
  readonly registers: Readonly<Record<string, string>>;
}

/** Looks at the hart. */
export function hartSummary({ state, hart, memory }: Machine): HartSummary {
  const pc = state.word(HART.pc);
  const at = hart.translate(pc, 'execute');
  const word = at === undefined || !memory.contains(at, 4) ? undefined : memory.readU32(at);
  return {
    pc: hex(pc),
    instruction: word === undefined ? undefined : disassemble(word, pc).replace('\t', ' '),
    privilege: PRIVILEGES.get(state.u32(HART.privilege)) ?? '?',
    trap: { cause: causeText(state.word(HART.scause)), sepc: hex(state.word(HART.sepc)), stval: hex(state.word(HART.stval)) },
    satp: hex(state.word(HART.satp)),
    registers: Object.fromEntries(Array.from({ length: 31 }, (_, i) => [INTEGER_REGISTERS[i + 1]!, hex(state.x(i + 1))])),
  };
}

/** Lines for a terminal. */
export function hartLines(summary: HartSummary): string[] {
  const { pc, instruction, privilege, trap, satp, registers } = summary;
  const cells = Object.entries(registers).map(([name, value]) => `${name.padStart(4)} ${value.padEnd(18)}`);
  const rows = Array.from({ length: Math.ceil(cells.length / COLUMNS) }, (_, row) => `  ${cells.slice(row * COLUMNS, (row + 1) * COLUMNS).join('  ').trimEnd()}`);
  return [`pc ${pc} (${privilege} mode)${instruction === undefined ? '' : `: ${instruction}`}`, `last trap: ${trap.cause}, sepc ${trap.sepc}, stval ${trap.stval}; satp ${satp}`, ...rows];
}

function causeText(cause: bigint): string {
  return cause >> 63n === 1n ? `interrupt ${BigInt.asUintN(63, cause)}` : exceptionName(Number(cause));
}
