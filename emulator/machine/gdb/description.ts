// SPDX-License-Identifier: BSD-2-Clause
/** The target description that tells the debugger about an RV64 hart (`qXfer:features:read`). */

const X_NAMES = [
  'zero', 'ra', 'sp', 'gp', 'tp', 't0', 't1', 't2', 'fp', 's1', 'a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7',
  's2', 's3', 's4', 's5', 's6', 's7', 's8', 's9', 's10', 's11', 't3', 't4', 't5', 't6',
] as const;

const F_NAMES = [
  ...[0, 1, 2, 3, 4, 5, 6, 7].map((i) => `ft${i}`), 'fs0', 'fs1', ...[0, 1, 2, 3, 4, 5, 6, 7].map((i) => `fa${i}`),
  ...[2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map((i) => `fs${i}`), 'ft8', 'ft9', 'ft10', 'ft11',
] as const;

/** XML of the target: integer and floating-point registers, and the CSRs of the given names after them. */
export function targetDescription(csrs: readonly string[]): string {
  const integers = X_NAMES.map((name) => `<reg name="${name}" bitsize="64" type="${name === 'sp' || name === 'gp' || name === 'tp' || name === 'fp' ? 'data_ptr' : name === 'ra' ? 'code_ptr' : 'int'}"/>`);
  const floats = F_NAMES.map((name) => `<reg name="${name}" bitsize="64" type="ieee_double"/>`);
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
