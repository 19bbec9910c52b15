// SPDX-License-Identifier: BSD-2-Clause
/**
 * When sums, products, quotients and roots may be computed by the processor below: rounding to nearest even, inexact
 * raised already, and a result that is normal, so that it raises nothing else.
 */
import { INEXACT, TO_NEAREST_EVEN } from './format';
import { HART_FCSR, RECORD_RM } from './generated';

const DYNAMIC: u32 = 7;
/** Of fcsr. */
const ROUNDING_MODE: u64 = 0xe0;

/** Whether the instruction of a record rounds as the processor below, and has no inexact to raise. */
@inline export function roundsNatively(record: usize): bool {
  const mode: u32 = load<u16>(record, RECORD_RM);
  return (mode == TO_NEAREST_EVEN || mode == DYNAMIC) && (load<u64>(HART_FCSR) & (ROUNDING_MODE | INEXACT)) == INEXACT;
}

/** The same for a mode that is known. */
@inline export function computesNatively(mode: u32): bool {
  return mode == TO_NEAREST_EVEN && (load<u64>(HART_FCSR) & INEXACT) != 0;
}

/** Finite, and so far from zero that it was no smaller before it was rounded. */
@inline export function isPlainDouble(bits: u64): bool {
  const exponent = bits >> 52 & 0x7ff;
  return exponent - 2 < 0x7ff - 2;
}

@inline export function isPlainSingle(bits: u32): bool {
  const exponent = bits >> 23 & 0xff;
  return exponent - 2 < 0xff - 2;
}
