// SPDX-License-Identifier: BSD-2-Clause
/** For which platform a kernel was built, by the number of interrupts that it has room for. */
import type { PlatformName } from '../devices/platform-names.ts';
import type { SymbolTable } from './symbols.ts';

/** A word for each interrupt. */
const INTERRUPT_TABLE = 'intStateIRQTable';
const WORD_BYTES = 8;
/** Timer and others that lead to no device: a platform without an interrupt controller has no more. */
const MOST_WITHOUT_CONTROLLER = 6;

/** Platform of a kernel. One that does not tell is taken to be for `qemu-riscv-virt`. */
export function platformOf(symbols: SymbolTable): PlatformName {
  const table = symbols.get(INTERRUPT_TABLE);
  return table !== undefined && table.bytes > 0 && table.bytes <= MOST_WITHOUT_CONTROLLER * WORD_BYTES ? 'spike' : 'qemu-riscv-virt';
}
