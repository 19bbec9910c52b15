// SPDX-License-Identifier: BSD-2-Clause
/** Writes the decoder's tables, made from the instruction table, into linear memory. */
import { expansionTable } from '../isa/compressed.ts';
import { CSRS } from '../isa/csrs.ts';
import { INSTRUCTIONS, type Format, type Instruction } from '../isa/instructions.ts';
import { CORE_MAP, ROW, ROWS } from './map.ts';
import { operationOf } from './operations.ts';

/** Order is that of `FORMAT_` in assembly/decode.ts. */
const FORMATS: readonly Format[] = ['R', 'R4', 'I', 'S', 'B', 'U', 'J'];
/** Which fields name floating point registers; the others name integer ones. */
const FLOATING = { fd: 1, fs1: 2, fs2: 4 } as const;
/** What else the immediate of a decoded instruction holds; order is that of `OPERAND_` in assembly/decode.ts. */
const OPERANDS = ['', 'csr', 'shamt', 'shamt5'] as const;

export function writeTables(memory: WebAssembly.Memory): void {
  new Uint32Array(memory.buffer, CORE_MAP.expansions, 0x1_0000).set(expansionTable());
  if (INSTRUCTIONS.length > ROWS) throw new Error(`the table of the core has ${ROWS} rows: ${INSTRUCTIONS.length} are needed`);
  const view = new DataView(memory.buffer);
  let next = 0;
  for (let bucket = 0; bucket <= 32; bucket++) {
    view.setUint16(CORE_MAP.buckets + 2 * bucket, next, true);
    for (const instruction of INSTRUCTIONS) {
      if (((instruction.match >>> 2) & 31) === bucket) writeRow(view, CORE_MAP.rows + ROW.bytes * next++, instruction);
    }
  }
  for (const { number, writable } of CSRS) {
    view.setBigUint64(CORE_MAP.csrWritable + 8 * number, writable, true);
    view.setUint8(CORE_MAP.csrExists + number, 1);
  }
}

function writeRow(view: DataView, at: number, { name, match, mask, format, syntax }: Instruction): void {
  const words = syntax.split(/[,()]/);
  const registers = Object.entries(FLOATING).reduce((bits, [field, bit]) => words.includes(field) ? bits | bit : bits, 0);
  view.setUint32(at + ROW.match, match, true);
  view.setUint32(at + ROW.mask, mask, true);
  view.setUint16(at + ROW.op, operationOf(name), true);
  view.setUint8(at + ROW.format, FORMATS.indexOf(format));
  view.setUint8(at + ROW.registers, registers);
  view.setUint8(at + ROW.operand, Math.max(0, OPERANDS.findIndex((operand) => words.includes(operand))));
}
