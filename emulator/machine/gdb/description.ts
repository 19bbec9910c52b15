// SPDX-License-Identifier: BSD-2-Clause
/** The target description that tells the debugger about an RV64 hart (`qXfer:features:read`). */
import { FLOAT_REGISTERS, INTEGER_REGISTERS } from '../isa/registers.ts';

/** What the debugger shows as addresses. */
const POINTERS: Readonly<Record<string, string>> = { ra: 'code_ptr', sp: 'data_ptr', gp: 'data_ptr', tp: 'data_ptr' };

/** XML of the target: integer and floating-point registers, and the CSRs of the given names after them. */
export function targetDescription(csrs: readonly string[]): string {
  const integers = INTEGER_REGISTERS.map((name) => `<reg name="${name}" bitsize="64" type="${POINTERS[name] ?? 'int'}"/>`);
  const floats = FLOAT_REGISTERS.map((name) => `<reg name="${name}" bitsize="64" type="ieee_double"/>`);
  const control = csrs.map((name) => `<reg name="${name}" bitsize="64" group="csr"/>`);
  return `<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target version="1.0"><architecture>riscv:rv64</architecture>`
    + `<feature name="org.gnu.gdb.riscv.cpu">${integers.join('')}<reg name="pc" bitsize="64" type="code_ptr"/></feature>`
    + `<feature name="org.gnu.gdb.riscv.fpu">${floats.join('')}</feature>`
    + `<feature name="org.gnu.gdb.riscv.csr">${control.join('')}</feature></target>`;
}

/** XML of the list of threads (`qXfer:threads:read`). */
export function threadList(threads: readonly { readonly id: number; readonly name: string; readonly state: string }[]): string {
  const list = threads.map(({ id, name, state }) => `<thread id="${id.toString(16)}" name="${escape(name)}">${escape(state)}</thread>`);
  return `<?xml version="1.0"?><threads>${list.join('')}</threads>`;
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`).replace(/[^\x20-\x7e]/g, '?');
}
