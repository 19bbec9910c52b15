// SPDX-License-Identifier: BSD-2-Clause
/**
 * Every 32-bit instruction of the machine: RV64IMAFD, Zicsr, Zifencei and the privileged ones, as data.
 * Encodings are those of the RISC-V unprivileged and privileged specifications (20211203). Compressed instructions
 * expand to these (compressed.ts). The index of a row is its number for the rest of the machine.
 */

export type Extension = 'I' | 'M' | 'A' | 'F' | 'D' | 'Zicsr' | 'Zifencei' | 'privileged';

/** Which immediate the instruction carries, as the specification names its formats; `R4` has a third source. */
export type Format = 'R' | 'R4' | 'I' | 'S' | 'B' | 'U' | 'J';

export interface Instruction {
  /** Without the suffixes `.aq` and `.rl`. */
  readonly name: string;
  readonly extension: Extension;
  readonly format: Format;
  /** An instruction word is this instruction when `(word & mask) >>> 0 === match`. */
  readonly match: number;
  readonly mask: number;
  /**
   * Operands as the assembler writes them. Words: `rd rs1 rs2` integer registers, `fd fs1 fs2 fs3` floating point ones
   * in the same fields, `imm` (formats I and S), `target` (B and J, relative to pc), `upper` (U), `shamt` (6 bits),
   * `shamt5`, `csr`, `uimm` (5 bits in the place of rs1), `rm` rounding mode, `pred`, `succ`.
   */
  readonly syntax: string;
}

const OPCODE = {
  load: 0x03, loadFloat: 0x07, miscMem: 0x0f, opImm: 0x13, auipc: 0x17, opImm32: 0x1b, store: 0x23, storeFloat: 0x27,
  amo: 0x2f, op: 0x33, lui: 0x37, op32: 0x3b, madd: 0x43, msub: 0x47, nmsub: 0x4b, nmadd: 0x4f, opFloat: 0x53,
  branch: 0x63, jalr: 0x67, jal: 0x6f, system: 0x73,
} as const;

const MASK = { opcode: 0x7f, funct3: 0x707f, funct6: 0xfc00707f, funct7: 0xfe00707f, all: 0xffffffff } as const;

const funct3 = (opcode: number, code: number): number => (opcode | (code << 12)) >>> 0;
const funct7 = (opcode: number, code: number, high: number): number => (funct3(opcode, code) | (high << 25)) >>> 0;

const row = (
  name: string, extension: Extension, format: Format, match: number, mask: number, syntax: string,
): Instruction => Object.freeze({ name, extension, format, match: match >>> 0, mask: mask >>> 0, syntax });

const registers = (name: string, extension: Extension, opcode: number, code: number, high: number): Instruction =>
  row(name, extension, 'R', funct7(opcode, code, high), MASK.funct7, 'rd,rs1,rs2');
const immediate = (name: string, opcode: number, code: number): Instruction =>
  row(name, 'I', 'I', funct3(opcode, code), MASK.funct3, 'rd,rs1,imm');
const load = (name: string, code: number): Instruction =>
  row(name, 'I', 'I', funct3(OPCODE.load, code), MASK.funct3, 'rd,imm(rs1)');
const store = (name: string, code: number): Instruction =>
  row(name, 'I', 'S', funct3(OPCODE.store, code), MASK.funct3, 'rs2,imm(rs1)');
const branch = (name: string, code: number): Instruction =>
  row(name, 'I', 'B', funct3(OPCODE.branch, code), MASK.funct3, 'rs1,rs2,target');
const shift = (name: string, code: number, high: number): Instruction =>
  row(name, 'I', 'R', funct7(OPCODE.opImm, code, high), MASK.funct6, 'rd,rs1,shamt');
const shift32 = (name: string, code: number, high: number): Instruction =>
  row(name, 'I', 'R', funct7(OPCODE.opImm32, code, high), MASK.funct7, 'rd,rs1,shamt5');
const system = (name: string, extension: Extension, match: number): Instruction =>
  row(name, extension, 'R', match, MASK.all, '');

const INTEGER: readonly Instruction[] = [
  row('lui', 'I', 'U', OPCODE.lui, MASK.opcode, 'rd,upper'),
  row('auipc', 'I', 'U', OPCODE.auipc, MASK.opcode, 'rd,upper'),
  row('jal', 'I', 'J', OPCODE.jal, MASK.opcode, 'rd,target'),
  row('jalr', 'I', 'I', funct3(OPCODE.jalr, 0), MASK.funct3, 'rd,imm(rs1)'),
  branch('beq', 0), branch('bne', 1), branch('blt', 4), branch('bge', 5), branch('bltu', 6), branch('bgeu', 7),
  load('lb', 0), load('lh', 1), load('lw', 2), load('ld', 3), load('lbu', 4), load('lhu', 5), load('lwu', 6),
  store('sb', 0), store('sh', 1), store('sw', 2), store('sd', 3),
  immediate('addi', OPCODE.opImm, 0), immediate('slti', OPCODE.opImm, 2), immediate('sltiu', OPCODE.opImm, 3),
  immediate('xori', OPCODE.opImm, 4), immediate('ori', OPCODE.opImm, 6), immediate('andi', OPCODE.opImm, 7),
  shift('slli', 1, 0x00), shift('srli', 5, 0x00), shift('srai', 5, 0x20),
  registers('add', 'I', OPCODE.op, 0, 0x00), registers('sub', 'I', OPCODE.op, 0, 0x20),
  registers('sll', 'I', OPCODE.op, 1, 0x00), registers('slt', 'I', OPCODE.op, 2, 0x00),
  registers('sltu', 'I', OPCODE.op, 3, 0x00), registers('xor', 'I', OPCODE.op, 4, 0x00),
  registers('srl', 'I', OPCODE.op, 5, 0x00), registers('sra', 'I', OPCODE.op, 5, 0x20),
  registers('or', 'I', OPCODE.op, 6, 0x00), registers('and', 'I', OPCODE.op, 7, 0x00),
  immediate('addiw', OPCODE.opImm32, 0),
  shift32('slliw', 1, 0x00), shift32('srliw', 5, 0x00), shift32('sraiw', 5, 0x20),
  registers('addw', 'I', OPCODE.op32, 0, 0x00), registers('subw', 'I', OPCODE.op32, 0, 0x20),
  registers('sllw', 'I', OPCODE.op32, 1, 0x00), registers('srlw', 'I', OPCODE.op32, 5, 0x00),
  registers('sraw', 'I', OPCODE.op32, 5, 0x20),
  // Reserved fields of a fence are ignored: every configuration is at least a full fence.
  row('fence', 'I', 'I', funct3(OPCODE.miscMem, 0), MASK.funct3, 'pred,succ'),
  row('fence.i', 'Zifencei', 'I', funct3(OPCODE.miscMem, 1), MASK.funct3, ''),
  system('ecall', 'I', 0x00000073), system('ebreak', 'I', 0x00100073),
];

const MULTIPLY: readonly Instruction[] = [
  ...['mul', 'mulh', 'mulhsu', 'mulhu', 'div', 'divu', 'rem', 'remu'].map((name, code) =>
    registers(name, 'M', OPCODE.op, code, 1)),
  registers('mulw', 'M', OPCODE.op32, 0, 1), registers('divw', 'M', OPCODE.op32, 4, 1),
  registers('divuw', 'M', OPCODE.op32, 5, 1), registers('remw', 'M', OPCODE.op32, 6, 1),
  registers('remuw', 'M', OPCODE.op32, 7, 1),
];

const WIDTHS = [{ suffix: 'w', code: 2 }, { suffix: 'd', code: 3 }] as const;
const atomic = (name: string, funct5: number): readonly Instruction[] => WIDTHS.map(({ suffix, code }) =>
  row(`${name}.${suffix}`, 'A', 'R', funct7(OPCODE.amo, code, funct5 << 2), 0xf800707f, 'rd,rs2,(rs1)'));

const ATOMIC: readonly Instruction[] = [
  ...WIDTHS.map(({ suffix, code }) =>
    row(`lr.${suffix}`, 'A', 'R', funct7(OPCODE.amo, code, 0x02 << 2), 0xf9f0707f, 'rd,(rs1)')),
  ...atomic('sc', 0x03), ...atomic('amoswap', 0x01), ...atomic('amoadd', 0x00), ...atomic('amoxor', 0x04),
  ...atomic('amoand', 0x0c), ...atomic('amoor', 0x08), ...atomic('amomin', 0x10), ...atomic('amomax', 0x14),
  ...atomic('amominu', 0x18), ...atomic('amomaxu', 0x1c),
];

/** What differs between single and double precision: the extension, the suffix, the `fmt` field, the memory width. */
interface Precision { readonly extension: 'F' | 'D'; readonly suffix: 's' | 'd'; readonly fmt: number; readonly width: number }
const SINGLE: Precision = { extension: 'F', suffix: 's', fmt: 0, width: 2 };
const DOUBLE: Precision = { extension: 'D', suffix: 'd', fmt: 1, width: 3 };

function floating({ extension, suffix, fmt, width }: Precision): readonly Instruction[] {
  const fused = (name: string, opcode: number): Instruction =>
    row(`${name}.${suffix}`, extension, 'R4', opcode | (fmt << 25), 0x0600007f, 'fd,fs1,fs2,fs3,rm');
  const rounding = (name: string, funct5: number): Instruction =>
    row(`${name}.${suffix}`, extension, 'R', funct7(OPCODE.opFloat, 0, (funct5 << 2) | fmt), 0xfe00007f, 'fd,fs1,fs2,rm');
  const exact = (name: string, funct5: number, code: number, syntax: string): Instruction =>
    row(`${name}.${suffix}`, extension, 'R', funct7(OPCODE.opFloat, code, (funct5 << 2) | fmt), MASK.funct7, syntax);
  /** One source; the field of rs2 is part of the opcode. */
  const convert = (name: string, funct5: number, source: number, syntax: string): Instruction =>
    row(name, extension, 'R', funct7(OPCODE.opFloat, 0, (funct5 << 2) | fmt) | (source << 20), 0xfff0007f, syntax);
  const move = (name: string, funct5: number, code: number, syntax: string): Instruction =>
    row(name, extension, 'R', funct7(OPCODE.opFloat, code, (funct5 << 2) | fmt), 0xfff0707f, syntax);
  const raw = suffix === 's' ? 'w' : 'd';
  const other = suffix === 's' ? DOUBLE : SINGLE;
  return [
    row(`fl${raw}`, extension, 'I', funct3(OPCODE.loadFloat, width), MASK.funct3, 'fd,imm(rs1)'),
    row(`fs${raw}`, extension, 'S', funct3(OPCODE.storeFloat, width), MASK.funct3, 'fs2,imm(rs1)'),
    fused('fmadd', OPCODE.madd), fused('fmsub', OPCODE.msub), fused('fnmsub', OPCODE.nmsub), fused('fnmadd', OPCODE.nmadd),
    rounding('fadd', 0x00), rounding('fsub', 0x01), rounding('fmul', 0x02), rounding('fdiv', 0x03),
    convert(`fsqrt.${suffix}`, 0x0b, 0, 'fd,fs1,rm'),
    exact('fsgnj', 0x04, 0, 'fd,fs1,fs2'), exact('fsgnjn', 0x04, 1, 'fd,fs1,fs2'), exact('fsgnjx', 0x04, 2, 'fd,fs1,fs2'),
    exact('fmin', 0x05, 0, 'fd,fs1,fs2'), exact('fmax', 0x05, 1, 'fd,fs1,fs2'),
    ...['w', 'wu', 'l', 'lu'].map((type, code) => convert(`fcvt.${type}.${suffix}`, 0x18, code, 'rd,fs1,rm')),
    ...['w', 'wu', 'l', 'lu'].map((type, code) => convert(`fcvt.${suffix}.${type}`, 0x1a, code, 'fd,rs1,rm')),
    move(`fmv.x.${raw}`, 0x1c, 0, 'rd,fs1'), move(`fmv.${raw}.x`, 0x1e, 0, 'fd,rs1'),
    move(`fclass.${suffix}`, 0x1c, 1, 'rd,fs1'),
    exact('feq', 0x14, 2, 'rd,fs1,fs2'), exact('flt', 0x14, 1, 'rd,fs1,fs2'), exact('fle', 0x14, 0, 'rd,fs1,fs2'),
    // Belongs to D in both directions: F alone has no second format.
    { ...convert(`fcvt.${suffix}.${other.suffix}`, 0x08, other.fmt, 'fd,fs1,rm'), extension: 'D' },
  ];
}

const controlRegister = (name: string, code: number, syntax: string): Instruction =>
  row(name, 'Zicsr', 'I', funct3(OPCODE.system, code), MASK.funct3, syntax);

const CONTROL: readonly Instruction[] = [
  controlRegister('csrrw', 1, 'rd,csr,rs1'), controlRegister('csrrs', 2, 'rd,csr,rs1'),
  controlRegister('csrrc', 3, 'rd,csr,rs1'), controlRegister('csrrwi', 5, 'rd,csr,uimm'),
  controlRegister('csrrsi', 6, 'rd,csr,uimm'), controlRegister('csrrci', 7, 'rd,csr,uimm'),
];

const PRIVILEGED: readonly Instruction[] = [
  system('sret', 'privileged', 0x10200073), system('mret', 'privileged', 0x30200073),
  system('wfi', 'privileged', 0x10500073),
  row('sfence.vma', 'privileged', 'R', 0x12000073, 0xfe007fff, 'rs1,rs2'),
];

/** The table. */
export const INSTRUCTIONS: readonly Instruction[] = Object.freeze([
  ...INTEGER, ...MULTIPLY, ...ATOMIC, ...floating(SINGLE), ...floating(DOUBLE), ...CONTROL, ...PRIVILEGED,
]);

const BY_NAME = new Map(INSTRUCTIONS.map((instruction) => [instruction.name, instruction]));

/** The row of a name. Throws on a name that is not in the table. */
export function instructionOf(name: string): Instruction {
  const found = BY_NAME.get(name);
  if (found === undefined) throw new Error(`no RV64 instruction is called ${name}`);
  return found;
}
