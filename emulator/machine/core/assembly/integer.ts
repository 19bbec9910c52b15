// SPDX-License-Identifier: BSD-2-Clause
/** Integer operations that WebAssembly has not, or that trap there. */

/** Upper 64 bits of the product of two unsigned numbers. */
export function multiplyHighUnsigned(a: u64, b: u64): u64 {
  const aLow = a & 0xffff_ffff;
  const aHigh = a >> 32;
  const bLow = b & 0xffff_ffff;
  const bHigh = b >> 32;
  const middle = aHigh * bLow + (aLow * bLow >> 32);
  const rest = aLow * bHigh + (middle & 0xffff_ffff);
  return aHigh * bHigh + (middle >> 32) + (rest >> 32);
}

export function multiplyHigh(a: i64, b: i64): u64 {
  return multiplyHighUnsigned(a, b) - (a < 0 ? <u64>b : 0) - (b < 0 ? <u64>a : 0);
}

export function multiplyHighMixed(a: i64, b: u64): u64 {
  return multiplyHighUnsigned(a, b) - (a < 0 ? b : 0);
}

/** Division by zero gives -1; the overflow of the smallest number by -1 wraps. */
export function divide(a: i64, b: i64): u64 {
  if (b == 0) return ~0;
  return b == -1 ? <u64>0 - <u64>a : <u64>(a / b);
}

/** The remainder of a division by zero is the dividend. */
export function remainder(a: i64, b: i64): u64 {
  if (b == 0) return a;
  return b == -1 ? 0 : <u64>(a % b);
}

export function divideWord(a: i32, b: i32): i32 {
  if (b == 0) return -1;
  return b == -1 ? 0 - a : a / b;
}

export function remainderWord(a: i32, b: i32): i32 {
  if (b == 0) return a;
  return b == -1 ? 0 : a % b;
}

export function divideWordUnsigned(a: u32, b: u32): u32 {
  return b == 0 ? ~0 : a / b;
}

export function remainderWordUnsigned(a: u32, b: u32): u32 {
  return b == 0 ? a : a % b;
}
