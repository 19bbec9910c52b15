// SPDX-License-Identifier: BSD-2-Clause
/** RV64I without the privileged part. */
import type { Decoded } from '../isa/decode.ts';
import { signExtend32, type Execute, type Semantics } from './execution.ts';

/** Both operands unsigned; the result may have any sign and length. */
type Operation = (one: bigint, other: bigint) => bigint;
const signed = (value: bigint): bigint => BigInt.asIntN(64, value);
const truth = (value: boolean): bigint => value ? 1n : 0n;

const ADD: Operation = (one, other) => one + other;
const SUB: Operation = (one, other) => one - other;
const SLT: Operation = (one, other) => truth(signed(one) < signed(other));
const SLTU: Operation = (one, other) => truth(one < other);
const XOR: Operation = (one, other) => one ^ other;
const OR: Operation = (one, other) => one | other;
const AND: Operation = (one, other) => one & other;
const SLL: Operation = (one, other) => one << (other & 63n);
const SRL: Operation = (one, other) => one >> (other & 63n);
const SRA: Operation = (one, other) => signed(one) >> (other & 63n);
const ADDW: Operation = (one, other) => signExtend32(one + other);
const SUBW: Operation = (one, other) => signExtend32(one - other);
const SLLW: Operation = (one, other) => signExtend32(one << (other & 31n));
const SRLW: Operation = (one, other) => signExtend32(BigInt.asUintN(32, one) >> (other & 31n));
const SRAW: Operation = (one, other) => signExtend32(one) >> (other & 31n);

/** rd = rs1 op rs2. */
export const registers = (operation: Operation): Execute => ({ state }, { rd, rs1, rs2 }) =>
  state.setX(rd, operation(state.x[rs1]!, state.x[rs2]!));
/** rd = rs1 op immediate, which is sign extended and then looked at as the operation does. */
const immediate = (operation: Operation): Execute => ({ state }, { rd, rs1, imm }) =>
  state.setX(rd, operation(state.x[rs1]!, BigInt.asUintN(64, BigInt(imm))));
const shift = (operation: Operation): Execute => ({ state }, { rd, rs1, csr }) =>
  state.setX(rd, operation(state.x[rs1]!, BigInt(csr & 63)));

const branch = (taken: (one: bigint, other: bigint) => boolean): Execute => (hart, { rs1, rs2, imm }) => {
  if (taken(hart.state.x[rs1]!, hart.state.x[rs2]!)) hart.next = BigInt.asUintN(64, hart.state.pc + BigInt(imm));
};

/** Address of a load or store: rs1 plus the immediate. */
export const addressOf = (x: BigUint64Array, { rs1, imm }: Decoded): bigint => BigInt.asUintN(64, x[rs1]! + BigInt(imm));

const load = (bytes: 1 | 2 | 4 | 8, isSigned: boolean): Execute => ({ state, data }, operands) => {
  const value = data.load(addressOf(state.x, operands), bytes);
  state.setX(operands.rd, isSigned ? BigInt.asIntN(8 * bytes, value) : value);
};
const store = (bytes: 1 | 2 | 4 | 8): Execute => ({ state, data }, operands) =>
  data.store(addressOf(state.x, operands), bytes, BigInt.asUintN(8 * bytes, state.x[operands.rs2]!));

export const INTEGER: Semantics = {
  lui: ({ state }, { rd, imm }) => state.setX(rd, BigInt(imm)),
  auipc: ({ state }, { rd, imm }) => state.setX(rd, state.pc + BigInt(imm)),
  jal: (hart, { rd, imm }) => {
    const link = hart.next;
    hart.next = BigInt.asUintN(64, hart.state.pc + BigInt(imm));
    hart.state.setX(rd, link);
  },
  jalr: (hart, { rd, rs1, imm }) => {
    const link = hart.next;
    hart.next = BigInt.asUintN(64, hart.state.x[rs1]! + BigInt(imm)) & ~1n;
    hart.state.setX(rd, link);
  },
  beq: branch((one, other) => one === other), bne: branch((one, other) => one !== other),
  blt: branch((one, other) => signed(one) < signed(other)), bge: branch((one, other) => signed(one) >= signed(other)),
  bltu: branch((one, other) => one < other), bgeu: branch((one, other) => one >= other),
  lb: load(1, true), lh: load(2, true), lw: load(4, true), ld: load(8, true),
  lbu: load(1, false), lhu: load(2, false), lwu: load(4, false),
  sb: store(1), sh: store(2), sw: store(4), sd: store(8),
  addi: immediate(ADD), slti: immediate(SLT), sltiu: immediate(SLTU), xori: immediate(XOR), ori: immediate(OR), andi: immediate(AND),
  slli: shift(SLL), srli: shift(SRL), srai: shift(SRA),
  add: registers(ADD), sub: registers(SUB), sll: registers(SLL), slt: registers(SLT), sltu: registers(SLTU),
  xor: registers(XOR), srl: registers(SRL), sra: registers(SRA), or: registers(OR), and: registers(AND),
  addiw: immediate(ADDW), slliw: shift(SLLW), srliw: shift(SRLW), sraiw: shift(SRAW),
  addw: registers(ADDW), subw: registers(SUBW), sllw: registers(SLLW), srlw: registers(SRLW), sraw: registers(SRAW),
  // One hart that does everything in program order, and looks at memory for each instruction, has nothing to fence.
  fence: () => undefined,
  'fence.i': () => undefined,
};
