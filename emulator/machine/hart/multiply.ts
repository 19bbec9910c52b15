// SPDX-License-Identifier: BSD-2-Clause
/** The M extension. Division by zero and overflow have results, not traps. */
import { MASK64, signExtend32, type Semantics } from './execution.ts';
import { registers } from './integer.ts';

const signed = (value: bigint): bigint => BigInt.asIntN(64, value);
/** BigInt division truncates towards zero, as these instructions do; the most negative number by -1 wraps round. */
const divide = (one: bigint, other: bigint): bigint => other === 0n ? MASK64 : one / other;
const remainder = (one: bigint, other: bigint): bigint => other === 0n ? one : one % other;
const unsigned32 = (value: bigint): bigint => BigInt.asUintN(32, value);

export const MULTIPLY: Semantics = {
  mul: registers((one, other) => one * other),
  mulh: registers((one, other) => (signed(one) * signed(other)) >> 64n),
  mulhsu: registers((one, other) => (signed(one) * other) >> 64n),
  mulhu: registers((one, other) => (one * other) >> 64n),
  div: registers((one, other) => divide(signed(one), signed(other))),
  divu: registers(divide),
  rem: registers((one, other) => remainder(signed(one), signed(other))),
  remu: registers(remainder),
  mulw: registers((one, other) => signExtend32(one * other)),
  divw: registers((one, other) => signExtend32(divide(signExtend32(one), signExtend32(other)))),
  divuw: registers((one, other) => signExtend32(divide(unsigned32(one), unsigned32(other)))),
  remw: registers((one, other) => signExtend32(remainder(signExtend32(one), signExtend32(other)))),
  remuw: registers((one, other) => signExtend32(remainder(unsigned32(one), unsigned32(other)))),
};
