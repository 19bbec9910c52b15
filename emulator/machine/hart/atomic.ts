// SPDX-License-Identifier: BSD-2-Clause
/**
 * The A extension on one hart: every instruction is atomic already, and ordering bits have nothing to order. A reservation
 * is of the physical address; SC ends it, whatever its outcome; traps and plain stores of the hart itself leave it.
 */
import { type Execute, type Semantics } from './execution.ts';

type Width = 4 | 8;
/** New value of memory from what was there and rs2, both sign extended. */
type Combine = (memory: bigint, source: bigint) => bigint;

const loadReserved = (bytes: Width): Execute => ({ state, data }, { rd, rs1 }) => {
  const place = data.atomic(state.x[rs1]!, bytes, 'load');
  state.setX(rd, BigInt.asIntN(8 * bytes, place.value));
  state.reservation = place.address;
};

const storeConditional = (bytes: Width): Execute => ({ state, data }, { rd, rs1, rs2 }) => {
  const place = data.atomic(state.x[rs1]!, bytes, 'store');
  const succeeds = state.reservation === place.address;
  if (succeeds) place.store(BigInt.asUintN(8 * bytes, state.x[rs2]!));
  state.reservation = undefined;
  state.setX(rd, succeeds ? 0n : 1n);
};

const modify = (bytes: Width, combine: Combine): Execute => ({ state, data }, { rd, rs1, rs2 }) => {
  const place = data.atomic(state.x[rs1]!, bytes, 'store');
  const old = BigInt.asIntN(8 * bytes, place.value);
  place.store(BigInt.asUintN(8 * bytes, combine(old, BigInt.asIntN(8 * bytes, state.x[rs2]!))));
  state.setX(rd, old);
};

/** Order of sign extended values as unsigned ones: sign extension keeps it. */
const below = (one: bigint, other: bigint): boolean => BigInt.asUintN(64, one) < BigInt.asUintN(64, other);

const COMBINATIONS: Readonly<Record<string, Combine>> = {
  amoswap: (_, source) => source,
  amoadd: (memory, source) => memory + source,
  amoxor: (memory, source) => memory ^ source,
  amoand: (memory, source) => memory & source,
  amoor: (memory, source) => memory | source,
  amomin: (memory, source) => memory < source ? memory : source,
  amomax: (memory, source) => memory > source ? memory : source,
  amominu: (memory, source) => below(memory, source) ? memory : source,
  amomaxu: (memory, source) => below(source, memory) ? memory : source,
};

export const ATOMIC: Semantics = Object.fromEntries(([['w', 4], ['d', 8]] as const).flatMap(([suffix, bytes]) => [
  [`lr.${suffix}`, loadReserved(bytes)],
  [`sc.${suffix}`, storeConditional(bytes)],
  ...Object.entries(COMBINATIONS).map(([name, combine]) => [`${name}.${suffix}`, modify(bytes, combine)] as const),
]));
