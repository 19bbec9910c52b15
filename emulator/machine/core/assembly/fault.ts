// SPDX-License-Identifier: BSD-2-Clause
/** The exception that the current instruction raises: set where it is found, taken where the instruction ends. */

export const ILLEGAL_INSTRUCTION: i32 = 2;
export const BREAKPOINT: i32 = 3;
/** Of an environment call from U mode; S and M mode follow. */
export const ENVIRONMENT_CALL: i32 = 8;

/** Ways to use memory. */
export const LOAD: i32 = 0;
export const STORE: i32 = 1;
export const EXECUTE: i32 = 2;

const NONE: i32 = -1;

export let faultCause: i32 = NONE;
export let faultValue: u64 = 0;

@inline export function faulted(): bool {
  return faultCause != NONE;
}

export function clearFault(): void {
  faultCause = NONE;
}

export function fault(cause: i32, value: u64): void {
  faultCause = cause;
  faultValue = value;
}

/** Causes 13, 15, 12. */
export function pageFault(access: i32, address: u64): void {
  fault(access == LOAD ? 13 : access == STORE ? 15 : 12, address);
}

/** Causes 5, 7, 1. */
export function accessFault(access: i32, address: u64): void {
  fault(access == LOAD ? 5 : access == STORE ? 7 : 1, address);
}

/** Causes 4 and 6. */
export function misaligned(access: i32, address: u64): void {
  fault(access == LOAD ? 4 : 6, address);
}
