// SPDX-License-Identifier: BSD-2-Clause
/** The F and D extensions: registers, NaN boxing, rounding modes and flags around the arithmetic of softfloat/. */
import type { Decoded } from '../isa/decode.ts';
import type { Execute, Execution, Semantics } from './execution.ts';
import { addressOf } from './integer.ts';
import { add, divide, fused, multiply, squareRoot, subtract, type Arithmetic } from './softfloat/arithmetic.ts';
import { classOf, equal, less, lessOrEqual, maximum, minimum } from './softfloat/compare.ts';
import { fromInteger, toFormat, toInteger, type IntegerType } from './softfloat/convert.ts';
import { DOUBLE, SINGLE, type Format, type Result } from './softfloat/format.ts';

const DYNAMIC = 7;
const MODES = 5;
const UPPER_HALF = 0xffff_ffff_0000_0000n;

/** Value of a register in a format: a single that is not boxed in ones is the canonical NaN. */
export function readFloat(f: BigUint64Array, register: number, format: Format): bigint {
  const bits = f[register]!;
  if (format === DOUBLE) return bits;
  return (bits & UPPER_HALF) === UPPER_HALF ? BigInt.asUintN(32, bits) : format.canonicalNaN;
}

function writeFloat({ state }: Execution, register: number, format: Format, bits: bigint): void {
  state.f[register] = format === DOUBLE ? bits : bits | UPPER_HALF;
  state.dirtyFloat();
}

function raise({ state }: Execution, flags: number): void {
  if (flags === 0) return;
  state.set('fcsr', state.get('fcsr') | BigInt(flags));
  state.dirtyFloat();
}

/** Wraps an instruction that is illegal while the floating point unit is off. */
const enabled = (execute: Execute): Execute => (hart, operands) => {
  if (!hart.state.floatEnabled) hart.illegal();
  execute(hart, operands);
};

/** The rounding mode of an instruction, its own or that of `frm`; reserved ones are illegal, in `frm` too. */
function modeOf(hart: Execution, { rm }: Decoded): number {
  const mode = rm === DYNAMIC ? Number((hart.state.get('fcsr') >> 5n) & 7n) : rm;
  return mode < MODES ? mode : hart.illegal();
}

/** An instruction whose result goes to a floating point register, rounded. */
const rounded = (format: Format, compute: (hart: Execution, mode: number, operands: Decoded) => Result): Execute =>
  enabled((hart, operands) => {
    const { bits, flags } = compute(hart, modeOf(hart, operands), operands);
    raise(hart, flags);
    writeFloat(hart, operands.rd, format, bits);
  });

const arithmetic = (format: Format, operation: Arithmetic): Execute => rounded(format, ({ state: { f } }, mode, { rs1, rs2 }) =>
  operation(format, mode, readFloat(f, rs1, format), readFloat(f, rs2, format)));

const multiplyAdd = (format: Format, negateProduct: boolean, negateAddend: boolean): Execute =>
  rounded(format, ({ state: { f } }, mode, { rs1, rs2, rs3 }) => fused(
    format, mode, readFloat(f, rs1, format), readFloat(f, rs2, format), readFloat(f, rs3, format), negateProduct, negateAddend));

const choice = (format: Format, choose: (format: Format, one: bigint, other: bigint) => Result): Execute =>
  enabled((hart, { rd, rs1, rs2 }) => {
    const { f } = hart.state;
    const { bits, flags } = choose(format, readFloat(f, rs1, format), readFloat(f, rs2, format));
    raise(hart, flags);
    writeFloat(hart, rd, format, bits);
  });

const comparison = (format: Format, compare: (format: Format, one: bigint, other: bigint) => Result): Execute =>
  enabled((hart, { rd, rs1, rs2 }) => {
    const { f } = hart.state;
    const { bits, flags } = compare(format, readFloat(f, rs1, format), readFloat(f, rs2, format));
    raise(hart, flags);
    hart.state.setX(rd, bits);
  });

/** The magnitude of rs1 with a sign made from both signs, 0 or 1. */
const sign = (format: Format, combine: (one: bigint, other: bigint) => bigint): Execute => enabled((hart, { rd, rs1, rs2 }) => {
  const { f } = hart.state;
  const place = BigInt(format.width - 1);
  const [one, other] = [readFloat(f, rs1, format), readFloat(f, rs2, format)];
  const made = combine(one >> place, other >> place) & 1n;
  writeFloat(hart, rd, format, BigInt.asUintN(format.width - 1, one) | (made << place));
});

const INTEGER_TYPES: Readonly<Record<string, IntegerType>> = {
  w: { bits: 32, signed: true }, wu: { bits: 32, signed: false }, l: { bits: 64, signed: true }, lu: { bits: 64, signed: false },
};

const integerFrom = (format: Format, type: IntegerType): Execute => enabled((hart, operands) => {
  const bits = readFloat(hart.state.f, operands.rs1, format);
  const { value, flags } = toInteger(format, modeOf(hart, operands), bits, type);
  raise(hart, flags);
  // 32-bit results, unsigned ones too, are sign extended.
  hart.state.setX(operands.rd, BigInt.asIntN(type.bits, value));
});

const floatFrom = (format: Format, { bits, signed }: IntegerType): Execute => rounded(format, ({ state }, mode, { rs1 }) =>
  fromInteger(format, mode, signed ? BigInt.asIntN(bits, state.x[rs1]!) : BigInt.asUintN(bits, state.x[rs1]!)));

const conversion = (from: Format, to: Format): Execute => rounded(to, ({ state: { f } }, mode, { rs1 }) =>
  toFormat(from, to, mode, readFloat(f, rs1, from)));

function semanticsOf(format: Format, other: Format, suffix: string, raw: string, bytes: 4 | 8): Semantics {
  const named = (table: Semantics): Semantics =>
    Object.fromEntries(Object.entries(table).map(([name, execute]) => [`${name}.${suffix}`, execute]));
  return {
    ...named({
      fmadd: multiplyAdd(format, false, false), fmsub: multiplyAdd(format, false, true),
      fnmsub: multiplyAdd(format, true, false), fnmadd: multiplyAdd(format, true, true),
      fadd: arithmetic(format, add), fsub: arithmetic(format, subtract),
      fmul: arithmetic(format, multiply), fdiv: arithmetic(format, divide),
      fsqrt: rounded(format, ({ state: { f } }, mode, { rs1 }) => squareRoot(format, mode, readFloat(f, rs1, format))),
      fsgnj: sign(format, (_, source) => source), fsgnjn: sign(format, (_, source) => ~source), fsgnjx: sign(format, (one, source) => one ^ source),
      fmin: choice(format, minimum), fmax: choice(format, maximum),
      feq: comparison(format, equal), flt: comparison(format, less), fle: comparison(format, lessOrEqual),
      fclass: enabled(({ state }, { rd, rs1 }) => state.setX(rd, classOf(format, readFloat(state.f, rs1, format)))),
    }),
    ...Object.fromEntries(Object.entries(INTEGER_TYPES).flatMap(([name, type]) => [
      [`fcvt.${name}.${suffix}`, integerFrom(format, type)], [`fcvt.${suffix}.${name}`, floatFrom(format, type)],
    ])),
    [`fcvt.${suffix}.${suffix === 's' ? 'd' : 's'}`]: conversion(other, format),
    // Loads, stores and moves take the bits as they are, boxed or not.
    [`fl${raw}`]: enabled((hart, operands) =>
      writeFloat(hart, operands.rd, format, hart.data.load(addressOf(hart.state.x, operands), bytes))),
    [`fs${raw}`]: enabled(({ state, data }, operands) =>
      data.store(addressOf(state.x, operands), bytes, BigInt.asUintN(format.width, state.f[operands.rs2]!))),
    [`fmv.x.${raw}`]: enabled(({ state }, { rd, rs1 }) => state.setX(rd, BigInt.asIntN(format.width, state.f[rs1]!))),
    [`fmv.${raw}.x`]: enabled((hart, { rd, rs1 }) => writeFloat(hart, rd, format, BigInt.asUintN(format.width, hart.state.x[rs1]!))),
  };
}

export const FLOATING_POINT: Semantics = {
  ...semanticsOf(SINGLE, DOUBLE, 's', 'w', 4), ...semanticsOf(DOUBLE, SINGLE, 'd', 'd', 8),
};
